"""One dense layer on the chip: DAC, array, node noise, ADC, digital bias, activation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Eligibility, Probe
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.backends.emulator.digital_array import DigitalArray
from hwnoise.backends.emulator.node import NodeNoises
from hwnoise.backends.emulator.paired import paired_product
from hwnoise.backends.emulator.read import View, noisy_product
from hwnoise.backends.emulator.rows import pass_slices
from hwnoise.backends.emulator.synapse_array import ReleaseView, SynapseArray
from hwnoise.kernels import converters
from hwnoise.network import DenseLayer
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
READ_BACK_ROWS = 256


class Layer:
    """A dense layer placed on one array."""

    def __init__(self, substrate: Substrate, dense: DenseLayer, stream: Stream, headroom: float) -> None:
        self.name, self.substrate, self.activation = dense.name, substrate, dense.activation
        weight = np.ascontiguousarray(dense.weight.T, np.float32)
        self.n_in, self.n_out = weight.shape
        self.bias = (
            np.zeros(self.n_out, np.float32) if dense.bias is None else np.array(dense.bias, np.float32)
        )
        self.array = _placed(substrate, weight, stream, headroom)
        self.node = NodeNoises(substrate, self.n_out, stream)
        self._dac_key, self._adc_key = stream.child("dac").key, stream.child("adc").key

    def forward(
        self, x: Floats, tick: int, quiet: Mask | None = None, probe: Probe = ONE_PASS
    ) -> tuple[Floats, Floats | None]:
        """Read the layer once per row, at consecutive ticks from ``tick``.

        Parameters
        ----------
        x : (rows, n_in) float32
        tick : int
        quiet : (rows,) bool, optional
            Rows read with all noise switched off that moves within a block of reads.
        probe : Probe
            Says which rows belong to which pass.

        Returns
        -------
        node : (rows, n_out) float32
            Node values as the converter delivered them.
        known : (rows, n_out) float32, or None
            That part of the node noise in them which the chip knows.
        """
        q, scale = self._convert_in(x, tick, quiet)
        y = np.empty((len(x), self.n_out), np.float32)
        self._product(q, tick, quiet, probe, y)
        noise, known = self.node.draw(tick, len(x))
        if noise is not None:
            if quiet is not None:
                noise[quiet] = 0
            if known is not None and quiet is not None:
                known[quiet] = 0
            shift = noise / self.array.weight_range
            shift /= scale[:, None]
            y += shift
        full_scale = self.substrate.adc.range if self.substrate.adc else 1.0
        self._convert_out(y, tick, quiet, scale, full_scale, self.bias)
        return y, known

    def read_weights(self, tick: int) -> Floats:
        """Read every weight once: one input line at a time, the ADC set to a single device's range.

        Takes ``n_in`` ticks. Returns (n_out, n_in) float32. Parameters of synapses are digital: their
        mean is known without a release.
        """
        if isinstance(self.array, SynapseArray):
            return np.ascontiguousarray(self.true_weights(tick))
        back = np.empty((self.n_in, self.n_out), np.float32)
        zero = np.zeros(self.n_out, np.float32)
        for first in range(0, self.n_in, READ_BACK_ROWS):
            lines = np.eye(min(READ_BACK_ROWS, self.n_in - first), self.n_in, first, dtype=np.float32)
            part = back[first : first + len(lines)]
            self._product(lines, tick + first, None, ONE_PASS, part)
            self._convert_out(part, tick + first, None, np.ones(len(lines), np.float32), 1.0, zero)
        return np.ascontiguousarray(back.T)

    def eligibility(self, x: Floats, tick: int, probe: Probe) -> Eligibility:
        """What synapses remember of ``forward`` with the same ``x``, ``tick`` and ``probe``."""
        assert isinstance(self.array, SynapseArray)
        q, _ = self._convert_in(x, tick, None)
        return self.array.view(tick).eligibility(q, tick, probe)

    def true_weights(self, tick: int) -> Floats:
        """The weights as they are at ``tick``, without the noise of a read: for diagnostics only."""
        return (self.array.view(tick).weight * self.array.weight_range).T

    def write(self, weight: Floats | None, bias: Floats | None, tick: int) -> int:
        """Add to weight (n_out, n_in) and bias; returns how many weights were programmed."""
        if bias is not None:
            self.bias += bias
        return 0 if weight is None else self.array.write(weight.T, tick)

    def state(self) -> dict[str, NDArray[Any]]:
        """Named copies of all that must survive."""
        return {"bias": self.bias.copy(), **self.array.state(), **self.node.state()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        self.bias = np.array(state["bias"], np.float32)
        self.array.restore(state)
        self.node.restore(state)

    def _product(self, q: Floats, tick: int, quiet: Mask | None, probe: Probe, y: Floats) -> None:
        """Noisy products, block of ticks by block; quiet rows without what moves within a block."""
        for view, block in self._blocks(tick, len(q)):
            still = None if quiet is None else quiet[block]
            passes, start = pass_slices(block, len(q), probe), tick + block.start
            if isinstance(view, ReleaseView):
                view.product(q[block], start, y[block], passes)
            elif view.held is None and probe.passes > 1:
                paired_product(view, q[block], start, passes, still, y[block])
                continue
            else:
                noisy_product(view, q[block], start, y[block])
            if still is not None and still.any():
                y[block][still] = q[block][still] @ view.weight

    def _blocks(self, tick: int, rows: int) -> Iterator[tuple[View | ReleaseView, slice]]:
        block = self.array.block
        edges = [0, *range(block - tick % block, rows, block), rows] if block else [0, rows]
        for start, stop in pairwise(edges):
            yield self.array.view(tick + start), slice(start, stop)

    def _convert_in(self, x: Floats, tick: int, quiet: Mask | None) -> tuple[Floats, Floats]:
        """Inputs normalised to [-1, 1], and the full scale of each row."""
        dac, scale = self.substrate.dac, np.ones(len(x), np.float32)
        if dac is None:
            return np.ascontiguousarray(x, np.float32), scale
        q = np.empty(x.shape, np.float32)
        at_once = dac.levels if dac.rounding == "nearest" else 0
        if dac.range == "vector":
            converters.dac_vector(x, at_once, q, scale)
        else:
            converters.dac_fixed(x, np.float32(dac.range), at_once, q)
            scale[:] = dac.range
        if not at_once:
            _round(q, 1.0, dac.levels, quiet, self._dac_key, tick)
        return q, scale

    def _convert_out(
        self, y: Floats, tick: int, quiet: Mask | None, scale: Floats, full_scale: float, bias: Floats
    ) -> None:
        """Turn array outputs ``y`` into node values, in place."""
        adc, at_once = self.substrate.adc, 0
        if adc is not None and adc.rounding == "nearest":
            at_once = adc.levels
        elif adc is not None:
            _round(y, full_scale, adc.levels, quiet, self._adc_key, tick)
        converters.adc(y, scale, at_once, np.float32(full_scale), self.array.weight_range, bias, y)


def _placed(
    substrate: Substrate, weight: Floats, stream: Stream, headroom: float
) -> DeviceArray | SynapseArray | DigitalArray:
    """The array that holds ``weight`` (n_in, n_out) on this kind of chip."""
    if substrate.conductance is not None:
        return DeviceArray(substrate, weight, stream, headroom)
    if substrate.stochastic_synapse is not None:
        return SynapseArray(substrate.stochastic_synapse, weight, stream, headroom)
    return DigitalArray(substrate, weight, stream, headroom)


def _round(y: Floats, full_scale: float, levels: int, quiet: Mask | None, key: Any, tick: int) -> None:
    nearest = np.zeros(len(y), np.bool_) if quiet is None else quiet
    converters.round_stochastically(y, np.float32(full_scale), levels, nearest, key, np.uint64(tick))
