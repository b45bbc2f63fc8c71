"""A layer's weights on one array, or on the tiles of several, with the converters beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS
from hwnoise.backends.emulator.conversion import Drive
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.backends.emulator.digital_array import DigitalArray
from hwnoise.backends.emulator.mesh_array import MeshArray
from hwnoise.backends.emulator.paired import paired_product, sparse_product
from hwnoise.backends.emulator.pulsed_array import PulsedArray
from hwnoise.backends.emulator.read import View, add_curve, aligned_empty, noisy_product
from hwnoise.backends.emulator.release_view import ReleaseView
from hwnoise.backends.emulator.rows import pass_slices
from hwnoise.backends.emulator.synapse_array import SynapseArray
from hwnoise.backends.emulator.tile import TileRow, tile_rows
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate
from hwnoise.tiling import Tiling, add_partial_sums

Floats = NDArray[np.float32]
AnyView = View | ReleaseView
AnyArray = DeviceArray | PulsedArray | MeshArray | SynapseArray | DigitalArray
READ_BACK_ROWS = 256


class Placement:
    """An array that holds ``weight`` (n_in, n_out), and how inputs become node values there.

    Attributes
    ----------
    array : AnyArray
    tiling : Tiling
    slice_rows : list of list of TileRow
        The rows of tiles, as each slice of a bit-serial input reads them; one list without slices.
    """

    def __init__(
        self, substrate: Substrate, weight: Floats, tiling: Tiling, stream: Stream, headroom: float
    ) -> None:
        self.array = placed(substrate, weight, stream, headroom)
        self.tiling, (self.n_in, self.n_out) = tiling, weight.shape
        slices = substrate.dac.slices if substrate.dac else 1
        self.slice_rows = [tile_rows(substrate, tiling, stream, serial) for serial in range(slices)]
        self._no_bias = np.zeros(self.n_out, np.float32)
        self._clips = substrate.clips_sums

    def read(self, drives: Sequence[Drive], shift: Floats | None, bias: Floats) -> Floats:
        """Node values (rows, n_out) of inputs that are sent as ``drives``, one after the other.

        Node noise ``shift`` (rows, n_out), in units of the first drive's outputs, and the bias enter once.
        """
        first, *rest = drives
        y = aligned_empty((len(first.q), self.n_out))
        for view, block in self.blocks(first.tick, len(y)):
            self._read(view, block, first, self.slice_rows[0], shift, bias, y[block])
            for drive, rows in zip(rest, self.slice_rows[1:], strict=True):
                part = np.empty_like(y[block])
                self._read(view, block, drive, rows, None, self._no_bias, part)
                y[block] += part
        return y

    def read_back(self, tick: int) -> Floats:
        """Weights (n_in, n_out), read one input line at a time, the ADC set to a single device's range."""
        back = np.empty((self.n_in, self.n_out), np.float32)
        for row in self.slice_rows[0]:
            first, stop = row.inputs.start, row.inputs.stop
            for start in range(first, stop, READ_BACK_ROWS):
                reads = min(READ_BACK_ROWS, stop - start)
                lines = np.eye(reads, stop - first, start - first, dtype=np.float32)
                self._read_lines(row, lines, tick + start, back[start : start + reads])
        return back

    def true_weights(self, tick: int) -> Floats:
        """The weights (n_in, n_out) as they are at ``tick``, without the noise of a read."""
        return self._against_reference(self.array.view(tick).weight) * self.array.weight_range

    def true_curve(self, tick: int) -> dict[int, Floats]:
        """What devices carry beyond their weights, as in ``View.curve``, in weight units."""
        view = self.array.view(tick)
        curve = view.curve if isinstance(view, View) else {}
        return {power: self._against_reference(a) * self.array.weight_range for power, a in curve.items()}

    def blocks(self, tick: int, rows: int) -> Iterator[tuple[AnyView, slice]]:
        """What ``rows`` reads from ``tick`` on see, block by block; a view is good until the next one."""
        block = self.array.block
        edges = [0, *range(block - tick % block, rows, block), rows] if block else [0, rows]
        for start, stop in pairwise(edges):
            yield self.array.view(tick + start), slice(start, stop)

    def _read(
        self,
        view: AnyView,
        block: slice,
        drive: Drive,
        rows: Sequence[TileRow],
        shift: Floats | None,
        bias: Floats,
        y: Floats,
    ) -> None:
        """Read one block of rows; node noise and bias enter with the first row of tiles."""

        def read(number: int, inputs: slice, q: Floats, part: Floats) -> None:
            row = rows[number]
            self._sum(row.part(view), np.ascontiguousarray(q), drive, block, part)
            if shift is not None and number == 0:
                part += shift[block]
            added = self._no_bias if number or self._clips else bias
            row.converters.convert(
                part, drive, block, row.converters.full_scale, self.array.weight_range, added
            )

        add_partial_sums(self.tiling.row_slices, read, drive.q[block], y)
        if self._clips:
            rows[0].converters.clip_sums(y, drive.scale[block], self.array.weight_range)
            y += bias

    def _read_lines(self, row: TileRow, lines: Floats, tick: int, y: Floats) -> None:
        """Read some input lines (reads, lines) of one row of tiles, for single devices."""
        drive = Drive(lines, np.ones(len(lines), np.float32), tick, None, ONE_PASS)
        for view, block in self.blocks(tick, len(lines)):
            part = y[block]
            self._sum(row.part(view), lines[block], drive, block, part)
            row.converters.convert(part, drive, block, 1.0, self.array.weight_range, self._no_bias)

    def _sum(self, view: AnyView, q: Floats, drive: Drive, block: slice, y: Floats) -> None:
        """Write what the outputs carry to ``y``, less what their reference column carries, if any."""
        if self._references is None:
            _product(view, q, drive, block, y)
            return
        wide = np.empty((len(q), view.weight.shape[1]), np.float32)
        _product(view, q, drive, block, wide)
        y[:] = self._against_reference(wide)

    def _against_reference(self, wide: Floats) -> Floats:
        """Columns of the weights, less the reference column beside each (eq:offset-column)."""
        if self._references is None:
            return wide
        return wide[:, : self.n_out] - wide[:, self._references]

    @property
    def _references(self) -> NDArray[np.int64] | None:
        return self.array.references if isinstance(self.array, DeviceArray) else None


def placed(substrate: Substrate, weight: Floats, stream: Stream, headroom: float) -> AnyArray:
    """The array that holds ``weight`` (n_in, n_out) on this kind of chip."""
    if substrate.pulsed_update is not None:
        return PulsedArray(substrate, weight, stream, headroom)
    if substrate.conductance is not None:
        return DeviceArray(substrate, weight, stream, headroom)
    if substrate.photonic_mesh is not None:
        return MeshArray(substrate, weight, stream, headroom)
    if substrate.stochastic_synapse is not None:
        return SynapseArray(substrate.stochastic_synapse, weight, stream, headroom, substrate)
    return DigitalArray(substrate, weight, stream, headroom)


def _product(view: AnyView, q: Floats, drive: Drive, block: slice, y: Floats) -> None:
    """Write products with the noise of ``block`` to ``y``; quiet rows without what moves within it."""
    still, tick = drive.still(block), drive.tick + block.start
    passes = pass_slices(block, len(drive.q), drive.probe, drive.steps)
    if isinstance(view, ReleaseView):
        for rows in passes if view.exact else [slice(None)]:  # equal rows give equal bits, as in pairs
            part = y[rows]
            view.product(q[rows], tick, part)
            y[rows] = part  # where the rows are indices it was a copy
    elif view.held is None and not view.curve and drive.active is not None and q.shape == drive.q.shape:
        sparse_product(view, q, drive.active, tick, still, y)
        return
    elif view.held is None and drive.probe.passes > 1:
        paired_product(view, q, tick, passes, still, y)
        return
    else:
        noisy_product(view, q, tick, y)
    if still is not None and still.any():
        clean = q[still] @ view.weight
        if isinstance(view, View):
            add_curve(view, q[still], clean)
        y[still] = clean
