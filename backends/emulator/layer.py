"""One dense layer on the chip: DAC, array, node noise, ADC, digital bias, activation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Eligibility, Probe
from hwnoise.backends.emulator.conversion import Drive, InputConverters
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.backends.emulator.digital_array import DigitalArray
from hwnoise.backends.emulator.node import NodeNoises
from hwnoise.backends.emulator.paired import paired_product
from hwnoise.backends.emulator.pulsed_array import PulsedArray
from hwnoise.backends.emulator.read import View, noisy_product
from hwnoise.backends.emulator.rows import pass_slices
from hwnoise.backends.emulator.synapse_array import ReleaseView, SynapseArray
from hwnoise.backends.emulator.tile import TileRow, tile_rows, tiling_of
from hwnoise.network import DenseLayer
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate
from hwnoise.tiling import add_partial_sums

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
READ_BACK_ROWS = 256


class Layer:
    """A dense layer placed on one array, or on the tiles of several."""

    def __init__(self, substrate: Substrate, dense: DenseLayer, stream: Stream, headroom: float) -> None:
        self.name, self.substrate, self.activation = dense.name, substrate, dense.activation
        weight = np.ascontiguousarray(dense.weight.T, np.float32)
        self.n_in, self.n_out = weight.shape
        self.bias = (
            np.zeros(self.n_out, np.float32) if dense.bias is None else np.array(dense.bias, np.float32)
        )
        self.array = _placed(substrate, weight, stream, headroom)
        self.node = NodeNoises(substrate, self.n_out, stream)
        self.tiling = tiling_of(substrate, self.n_in, self.n_out)
        self._tile_rows = tile_rows(substrate, self.tiling, stream)
        self._converters_in = InputConverters(substrate.dac, stream.child("dac").key)
        self._no_bias = np.zeros(self.n_out, np.float32)

    @property
    def pulses(self) -> int:
        """Pulses delivered since the network was put on the chip; 0 where writing is no matter of pulses."""
        return self.array.pulses if isinstance(self.array, PulsedArray) else 0

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
        drive = self._converters_in.drive(x, tick, quiet, probe)
        shift, known = self._node_noise(drive)
        y = np.empty((len(x), self.n_out), np.float32)
        for view, block in self._blocks(tick, len(x)):
            self._read(view, block, drive, shift, y[block])
        return y, known

    def read_weights(self, tick: int) -> Floats:
        """Read every weight once: one input line at a time, the ADC set to a single device's range.

        Takes ``n_in`` ticks. Returns (n_out, n_in) float32. Parameters of synapses are digital: their
        mean is known without a release.
        """
        if isinstance(self.array, SynapseArray):
            return np.ascontiguousarray(self.true_weights(tick))
        back = np.empty((self.n_in, self.n_out), np.float32)
        for row in self._tile_rows:
            first, stop = row.inputs.start, row.inputs.stop
            for start in range(first, stop, READ_BACK_ROWS):
                reads = min(READ_BACK_ROWS, stop - start)
                lines = np.eye(reads, stop - first, start - first, dtype=np.float32)
                self._read_lines(row, lines, tick + start, back[start : start + reads])
        return np.ascontiguousarray(back.T)

    def eligibility(self, x: Floats, tick: int, probe: Probe) -> Eligibility:
        """What synapses remember of ``forward`` with the same ``x``, ``tick`` and ``probe``."""
        assert isinstance(self.array, SynapseArray)
        drive = self._converters_in.drive(x, tick, None, probe)
        return self.array.view(tick).eligibility(drive.q, tick, probe)

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

    def _read(
        self, view: View | ReleaseView, block: slice, drive: Drive, shift: Floats | None, y: Floats
    ) -> None:
        """Read one block of rows; node noise and bias enter once, with the first row of tiles."""

        def read(number: int, inputs: slice, q: Floats, part: Floats) -> None:
            row = self._tile_rows[number]
            _product(row.part(view), np.ascontiguousarray(q), drive, block, part)
            if shift is not None and number == 0:
                part += shift[block]
            full_scale, bias = row.converters.full_scale, self._no_bias if number else self.bias
            row.converters.convert(part, drive, block, full_scale, self.array.weight_range, bias)

        add_partial_sums(self.tiling.row_slices, read, drive.q[block], y)

    def _read_lines(self, row: TileRow, lines: Floats, tick: int, y: Floats) -> None:
        """Read some input lines (reads, lines) of one row of tiles, for single devices."""
        drive = Drive(lines, np.ones(len(lines), np.float32), tick, None, ONE_PASS)
        for view, block in self._blocks(tick, len(lines)):
            part = y[block]
            _product(row.part(view), lines[block], drive, block, part)
            row.converters.convert(part, drive, block, 1.0, self.array.weight_range, self._no_bias)

    def _node_noise(self, drive: Drive) -> tuple[Floats | None, Floats | None]:
        """Node noise in units of the array's outputs, and in node units that part of it which is known."""
        noise, known = self.node.draw(drive.tick, len(drive.q))
        if noise is None:
            return None, None
        if drive.quiet is not None:
            noise[drive.quiet] = 0
            if known is not None:
                known[drive.quiet] = 0
        shift = noise / self.array.weight_range
        shift /= drive.scale[:, None]
        return shift, known

    def _blocks(self, tick: int, rows: int) -> Iterator[tuple[View | ReleaseView, slice]]:
        block = self.array.block
        edges = [0, *range(block - tick % block, rows, block), rows] if block else [0, rows]
        for start, stop in pairwise(edges):
            yield self.array.view(tick + start), slice(start, stop)


def _placed(
    substrate: Substrate, weight: Floats, stream: Stream, headroom: float
) -> DeviceArray | PulsedArray | SynapseArray | DigitalArray:
    """The array that holds ``weight`` (n_in, n_out) on this kind of chip."""
    if substrate.pulsed_update is not None:
        return PulsedArray(substrate, weight, stream, headroom)
    if substrate.conductance is not None:
        return DeviceArray(substrate, weight, stream, headroom)
    if substrate.stochastic_synapse is not None:
        return SynapseArray(substrate.stochastic_synapse, weight, stream, headroom)
    return DigitalArray(substrate, weight, stream, headroom)


def _product(view: View | ReleaseView, q: Floats, drive: Drive, block: slice, y: Floats) -> None:
    """Write products with the noise of ``block`` to ``y``; quiet rows without what moves within it."""
    still, tick = drive.still(block), drive.tick + block.start
    passes = pass_slices(block, len(drive.q), drive.probe)
    if isinstance(view, ReleaseView):
        for rows in passes if view.certain else [slice(None)]:  # equal rows give equal bits, as in pairs
            view.product(q[rows], tick, y[rows])
    elif view.held is None and drive.probe.passes > 1:
        paired_product(view, q, tick, passes, still, y)
        return
    else:
        noisy_product(view, q, tick, y)
    if still is not None and still.any():
        y[still] = q[still] @ view.weight
