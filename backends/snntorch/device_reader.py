"""A read in torch alone, with the emulator's draws: for torch devices on which our kernels do not run."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.read import View
from hwnoise.backends.emulator.rows import pass_slices
from hwnoise.backends.emulator.tile import TileRow
from hwnoise.backends.snntorch.converters import convert, drive
from hwnoise.backends.snntorch.normals import gaussian, rounded_sqrt
from hwnoise.errors import MismatchError
from hwnoise.substrate import Substrate

BANDS = (1, 2, 3)  # bands of 1/f noise that move within a block; band k holds for 4**k ticks
# Effects that a read here has, or that are over when it begins. Any other is refused by name.
READABLE = frozenset({
    "clock", "tile", "conductance", "conduction", "levels", "programming_noise", "write_verify", "faults",
    "mismatch", "drift", "relaxation", "retention", "one_over_f", "device_noise", "ir_drop", "read_noise",
    "pulsed_update", "node_noise", "telegraph", "dac", "adc", "output_noise", "converter_mismatch", "write",
})  # fmt: skip


def require_readable(substrate: Substrate) -> None:
    """Raise MismatchError for a substrate whose read is more than what is written here."""
    beyond = sorted(substrate.effects().keys() - READABLE)
    dac, conductance = substrate.dac, substrate.conductance
    if dac is not None and dac.slices > 1:
        beyond.append("a bit-serial dac")
    if conductance is not None and (conductance.mapping == "offset_column" or conductance.arrays > 1):
        beyond.append("reference columns" if conductance.arrays == 1 else "two arrays")
    if beyond:
        raise MismatchError(
            f"'{substrate.name}' has {beyond[0]}, which only the CPU computes: torch_device must be 'cpu'"
        )


class DeviceReader:
    """Reads ``layer`` with products and noise computed on the torch device of its inputs."""

    def __init__(self, layer: Layer) -> None:
        require_readable(layer.substrate)
        self.layer = layer

    def read(
        self, x: Tensor, tick: int, quiet: Tensor | None, probe: Probe, steps: int = 1
    ) -> tuple[Tensor, Tensor | None]:
        """Read the layer once per row, at consecutive ticks from ``tick``; see ``KernelReader.read``."""
        q, scale = drive(self.layer.converters_in, x, tick, quiet)
        shift, known = self._node_noise(tick, quiet, scale)
        y = x.new_empty(len(x), self.layer.n_out)
        for view, block in self.layer.blocks(tick, len(x)):
            passes = pass_slices(block, len(x), probe, steps)
            now, still = tick + block.start, None if quiet is None else quiet[block]
            y[block] = self._block(view, q[block], now, still, shift, block, passes)
        y *= scale[:, None]
        y *= torch.as_tensor(self.layer.array.weight_range, device=x.device)
        return y + torch.as_tensor(self.layer.bias, device=x.device), known

    def _block(
        self, view: Any, q: Tensor, tick: int, still: Tensor | None,
        shift: Tensor | None, block: slice, passes: list[Any],
    ) -> Tensor:  # fmt: skip
        """What all rows of tiles give for one block of rows; node noise enters with the first."""
        total = q.new_zeros(len(q), self.layer.n_out)
        for number, row in enumerate(self.layer.tile_rows):
            y = _noisy_product(row, view, q[:, row.inputs], tick, still, passes)
            if shift is not None and number == 0:
                y += shift[block]
            total += convert(row.converters, y, tick, still)
        adc = self.layer.substrate.adc
        if adc is not None and self.layer.substrate.clips_sums:
            total.clamp_(adc.lowest, adc.range)
        return total

    def _node_noise(
        self, tick: int, quiet: Tensor | None, scale: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        """Node noise in units of the array's outputs, and in node units that part of it which is known."""
        drawn = self.layer.node.draw(tick, len(scale))
        noise, known = (None if a is None else torch.tensor(a, device=scale.device) for a in drawn)
        if noise is None:
            return None, None
        for part in (noise, known):
            if part is not None and quiet is not None:
                part[quiet] = 0
        noise /= torch.as_tensor(self.layer.array.weight_range, device=scale.device)
        noise /= scale[:, None]
        return noise, known


def _noisy_product(
    row: TileRow, view: View, q: Tensor, tick: int, still: Tensor | None, passes: list[Any]
) -> Tensor:
    """What a row of tiles carries at ``q``, with all noise; quiet rows without what moves within it."""
    own = row.part(view)
    assert isinstance(own, View)
    weight = torch.as_tensor(own.weight, device=q.device)
    y = _pass_by_pass(q, weight, passes)
    for power, matrix in own.curve.items():
        y += _pass_by_pass(q**power, torch.as_tensor(matrix, device=q.device), passes)
    clean = None if still is None else y[still]
    if own.held is not None:
        y += _held_bands(torch.as_tensor(own.held, device=q.device), own.held_keys, q, tick)
    if own.fresh is not None:
        variance = (q * q) @ torch.as_tensor(own.fresh, device=q.device)
        y += rounded_sqrt(variance) * gaussian(int(own.read_key), tick, y.shape[0], y.shape[1], q.device)
    if still is not None and clean is not None:
        y[still] = clean
    return y


def _held_bands(held: Tensor, keys: Any, q: Tensor, tick: int) -> Tensor:
    """What the bands that move within a block add to ``q @ weight``: a product each time one moves."""
    y = q.new_zeros(len(q), held.shape[1])
    for band, key in zip(BANDS, keys, strict=True):
        length = 4**band
        for first in range(-(tick % length), len(q), length):
            rows = slice(max(first, 0), first + length)
            xi = gaussian(int(key), (tick + first) // length, 1, held.numel(), device=q.device)
            y[rows] += q[rows] @ (held * xi.view_as(held))
    return y


def _pass_by_pass(q: Tensor, weight: Tensor, passes: list[Any]) -> Tensor:
    """Return ``q @ weight``, each pass by itself: equal inputs then give equal bits in every pass."""
    if len(passes) == 1:
        return q @ weight
    y = q.new_empty(len(q), weight.shape[1])
    for rows in passes:
        where = torch.as_tensor(rows, device=q.device) if isinstance(rows, np.ndarray) else rows
        y[where] = q[where] @ weight
    return y
