"""One dense layer on the chip: DAC, array, node noise, ADC, digital bias, activation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Eligibility, Probe
from hwnoise.backends.emulator.active import Active
from hwnoise.backends.emulator.conversion import Drive, InputConverters
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.backends.emulator.node import NodeNoises
from hwnoise.backends.emulator.placement import AnyArray, AnyView, Placement
from hwnoise.backends.emulator.pulsed_array import PulsedArray
from hwnoise.backends.emulator.rows import pass_slices
from hwnoise.backends.emulator.synapse_array import SynapseArray
from hwnoise.backends.emulator.tile import TileRow, tiling_of
from hwnoise.network import DenseLayer
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Layer:
    """A dense layer placed on one array, or on two that are programmed alike.

    Attributes
    ----------
    chosen : int
        Which of the arrays a single pass and a read-back see; several passes take them in turn.
    rate : int
        Reads in one tick of the chip: more than one for a filter that is read at many places.
    """

    def __init__(self, substrate: Substrate, dense: DenseLayer, stream: Stream, headroom: float) -> None:
        self.name, self.substrate, self.activation = dense.name, substrate, dense.activation
        weight = np.ascontiguousarray(dense.weight.T, np.float32)
        self.n_in, self.n_out = weight.shape
        self.bias = (
            np.zeros(self.n_out, np.float32) if dense.bias is None else np.array(dense.bias, np.float32)
        )
        self.tiling = tiling_of(substrate, self.n_in, self.n_out)
        self.placements = [
            Placement(substrate, weight, self.tiling, stream.child("twin") if twin else stream, headroom)
            for twin in range(substrate.arrays)
        ]
        self.node = NodeNoises(substrate, self.n_out, stream)
        self.converters_in = InputConverters(substrate.dac, stream.child("dac").key)
        self.chosen, self.rate = 0, 1

    @property
    def parts(self) -> list[Layer]:
        """The layers that lie side by side here, each read at every tick: this one, unless it has groups."""
        return [self]

    @property
    def array(self) -> AnyArray:
        """The array, or the first of two."""
        return self.placements[0].array

    @property
    def tile_rows(self) -> list[TileRow]:
        """The rows of tiles of ``array``."""
        return self.placements[0].slice_rows[0]

    @property
    def slices(self) -> int:
        """Reads of the array for one input vector: more than one with a bit-serial input converter."""
        return len(self.placements[0].slice_rows)

    @property
    def pulses(self) -> int:
        """Pulses delivered since the network was put on the chip; 0 where writing is no matter of pulses."""
        return sum(p.array.pulses for p in self.placements if isinstance(p.array, (PulsedArray, DeviceArray)))

    @property
    def verifying_reads(self) -> int:
        """Reads of single devices that checked what a pulse had done, in the same time."""
        return self.pulses if self.substrate.write_verify is not None else 0

    def forward(
        self,
        x: Floats,
        tick: int,
        quiet: Mask | None = None,
        probe: Probe = ONE_PASS,
        steps: int = 1,
        active: Active | None = None,
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
        steps : int
            Rows that a pass of a sample has: 1 without time.
        active : Active, optional
            ``x`` as lists, where it is of 0 and 1 and few are 1.

        Returns
        -------
        node : (rows, n_out) float32
            Node values as the converter delivered them.
        known : (rows, n_out) float32, or None
            That part of the node noise in them which the chip knows.
        """
        drive = self.converters_in.drive(x, tick, quiet, probe)
        drive = replace(drive, steps=steps, active=None if self.substrate.dac else active)
        drives = self.converters_in.slices(drive)
        shift, known = self._node_noise(drives[0])
        y = self.placements[self.chosen].read(drives, shift, self.bias)
        if len(self.placements) > 1 and probe.passes > 1:
            other = self.placements[1 - self.chosen].read(drives, shift, self.bias)
            for rows in pass_slices(slice(0, len(x)), len(x), probe, steps)[1::2]:
                y[rows] = other[rows]
        return y, known

    def read_weights(self, tick: int) -> Floats:
        """Read every weight once: one input line at a time, the ADC set to a single device's range.

        Takes ``n_in`` ticks. Returns (n_out, n_in) float32. Parameters of synapses are digital: their
        mean is known without a release.
        """
        if isinstance(self.array, SynapseArray):
            return np.ascontiguousarray(self.true_weights(tick))
        return np.ascontiguousarray(self.placements[self.chosen].read_back(tick).T)

    def eligibility(self, x: Floats, tick: int, probe: Probe) -> Eligibility:
        """What synapses remember of ``forward`` with the same ``x``, ``tick`` and ``probe``."""
        assert isinstance(self.array, SynapseArray)
        drive = self.converters_in.drive(x, tick, None, probe)
        return self.array.view(tick).eligibility(drive.q, tick, probe)

    def true_weights(self, tick: int) -> Floats:
        """The weights as they are at ``tick``, without the noise of a read: for diagnostics only."""
        return self.placements[0].true_weights(tick).T

    def blocks(self, tick: int, rows: int) -> Iterator[tuple[AnyView, slice]]:
        """What ``rows`` reads from ``tick`` on see, block by block; a view is good until the next one."""
        return self.placements[0].blocks(tick, rows)

    def write(self, weight: Floats | None, bias: Floats | None, tick: int) -> int:
        """Add to weight (n_out, n_in) and bias; returns how many weights were programmed, on all arrays."""
        if bias is not None:
            self.bias += bias
        return 0 if weight is None else sum(p.array.write(weight.T, tick) for p in self.placements)

    def state(self) -> dict[str, NDArray[Any]]:
        """Named copies of all that must survive."""
        twins = {f"twin/{k}": v for p in self.placements[1:] for k, v in p.array.state().items()}
        return {"bias": self.bias.copy(), **self.array.state(), **twins, **self.node.state()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        self.bias = np.array(state["bias"], np.float32)
        self.array.restore(state)
        for placement in self.placements[1:]:
            placement.array.restore({k.removeprefix("twin/"): v for k, v in state.items() if "twin/" in k})
        self.node.restore(state)

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
