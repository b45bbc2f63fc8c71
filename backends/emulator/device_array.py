"""Weights on analog devices: programmed with noise, ageing, uneven, flickering, sometimes stuck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.chunks import row_slices, run_of, slices
from hwnoise.backends.emulator.device_state import DeviceState
from hwnoise.backends.emulator.device_view import DeviceView
from hwnoise.backends.emulator.read import View
from hwnoise.backends.emulator.references import reference_columns, tile_of_columns
from hwnoise.backends.emulator.threads import for_each
from hwnoise.backends.emulator.tile import tiling_of
from hwnoise.kernels import programming_noise
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]
Elements = NDArray[np.int64]


class DeviceArray:
    """One layer's devices: (n_in, n_out) weights, one or more devices each.

    All that a chip would hold is in a ``DeviceState``; how it reads is a pure function of that
    state and the tick, kept in a ``DeviceView`` until it changes.

    Attributes
    ----------
    references : (n_out,) int64, optional
        The column of devices that each output is read against, after those of the weights.
    pulses : int
        Programmings of single devices since the network was put on the chip, where they are verified.
    """

    def __init__(self, substrate: Substrate, weight: Floats, stream: Stream, headroom: float) -> None:
        assert substrate.conductance is not None
        self._kind, self._device = substrate, substrate.conductance
        self._program_key, self._level_key = stream.child("program").key, stream.child("levels").key
        self.weight_range = self._device.weight_range(weight, headroom)
        self._columns = weight.shape[1]
        self.references = self._reference_columns(weight.shape)
        weight = self._beside_references(weight / self.weight_range)
        self.shape = weight.shape
        target = np.clip(weight, -1, 1).astype(np.float32).ravel()
        self._state = DeviceState.unprogrammed(target, self._device.planes, substrate.ageing is not None)
        self._draw_faults(stream.child("faults"))
        self._view = DeviceView(substrate, self._state, (len(weight), self._columns), stream)
        self._verify_stream = stream.child("verify")
        self.pulses = 0
        self.block = self._view.lasts
        for_each(
            lambda part: self._program(np.arange(part.start, part.stop), 0),
            list(slices(weight.size)),
            parallel=True,
        )
        self.pulses = 0

    @property
    def writes(self) -> NDArray[np.uint32]:
        """How often each weight was programmed since the network was put on the chip."""
        return (self._state.generation - np.uint32(1)).reshape(self.shape)[:, : self._columns]

    def view(self, tick: int) -> View:
        """The devices as the block of ticks around ``tick`` sees them."""
        return self._view.at(tick)

    def write(self, delta: Floats, tick: int) -> int:
        """Add ``delta`` (n_in, n_out) in weight units; returns how many weights were programmed."""
        programmed = 0
        for rows in row_slices(self.shape):
            part = slice(rows.start * self.shape[1], rows.stop * self.shape[1])
            change = self._beside_references(delta[rows] / self.weight_range).ravel()
            if self._kind.write.mode == "ideal":
                self._move(part, change)
            else:
                programmed += self._accumulate(part, change, tick)
        return programmed

    def state(self) -> dict[str, NDArray[Any]]:
        """Named copies of all that must survive."""
        return self._state.copies()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        self._state.take_over(state)
        self._view.renew_all()

    def _reference_columns(self, shape: tuple[int, int]) -> NDArray[np.int64] | None:
        """Which column of devices each output is read against: the one of its tile, after all others."""
        if self._device.mapping != "offset_column":
            return None
        return reference_columns(tiling_of(self._kind, *shape))

    def _beside_references(self, t: Floats) -> Floats:
        """Shares ``t`` (rows, n_out) of the weights, with a column of zeros for each reference column."""
        if self.references is None:
            return t
        added = int(self.references[-1]) + 1 - self._columns
        return np.pad(t, ((0, 0), (0, added)))

    def _accumulate(self, part: slice, change: Floats, tick: int) -> int:
        """Add to what is pending, and program the weights for which that makes a step (eq:write-step)."""
        pending, target = self._state.pending[part], self._state.target[part]
        pending += change
        np.clip(pending, -1 - target, 1 - target, out=pending)
        due = np.flatnonzero(np.abs(pending) >= np.float32(self._kind.write.step))
        if len(due):
            target[due] += pending[due]
            pending[due] = 0
            self._program(due + part.start, tick)
        return len(due)

    def _move(self, part: slice, change: Floats) -> None:
        """Move the conductances by the update itself: no noise, no step, no count (for study)."""
        target, device = self._state.target[part], self._device
        before = target.astype(np.float64)
        np.clip(target + change, -1, 1, out=target)
        both = zip(device.targets(before), device.targets(target.astype(np.float64)), strict=True)
        for g, (old, new) in zip(self._state.g[:, part], both, strict=True):
            np.maximum(g + (new - old) * (device.g_max - device.g_min), 0, out=g)
        elements = np.arange(part.start, part.stop)
        self._hold_faults(elements)
        self._view.renew(elements)

    def _program(self, due: Elements, tick: int) -> None:
        """Program the devices of the weights ``due`` to their targets: all that a write draws is new."""
        state, planes, at = self._state, self._device.planes, run_of(due)
        state.generation[at] += np.uint32(1)
        state.programmed_at[at] = state.note_write(tick)
        draws = np.empty((2 * planes, len(due)), np.float32)
        programming_noise.write_draws(self._program_key, due, state.generation[at], draws)
        targets = self._device.targets(state.target[at].astype(np.float64))
        for plane, x in enumerate(targets):
            x = self._quantized(x, due, plane)
            state.g[plane, at] = self._programmed(x, draws[plane], due, plane)
            if self._kind.ageing is not None:
                g_t = self._device.g_min + x * (self._device.g_max - self._device.g_min)
                state.settling[plane, at] = self._kind.ageing.settle(
                    g_t / self._device.g_max, draws[planes + plane]
                )
        self._hold_faults(due)
        self._view.renew(due)

    def _quantized(self, x: NDArray[np.float64], due: Elements, plane: int) -> NDArray[np.float64]:
        levels = self._kind.levels
        if levels is None:
            return x
        return levels.quantize(x, self._level_key, due, self._state.generation[due], plane)

    def _programmed(self, x: NDArray[np.float64], draws: Floats, due: Elements, plane: int) -> Floats:
        """Conductances that come of programming the devices ``due`` of ``plane`` to ``x``."""
        device, noise, verify = self._device, self._kind.programming_noise, self._kind.write_verify
        target = device.g_min + x * (device.g_max - device.g_min)
        if noise is None:
            return target.astype(np.float32)
        if verify is None:
            return noise.program(target, device.g_max, draws)

        def attempt(number: int, which: Elements) -> tuple[Floats, Floats]:
            z = np.empty((2, len(which)), np.float32)
            key = self._verify_stream.child(f"{plane}/{number}").key
            elements = due[which]
            programming_noise.write_draws(key, elements, self._state.generation[elements], z)
            return noise.program(target[which], device.g_max, z[0]), z[1]

        found, pulses = verify.program(target, device.g_max, attempt)
        self.pulses += pulses
        return found

    def _draw_faults(self, stream: Stream) -> None:
        """Remember which devices are stuck, and where; ``faults`` counts them."""
        self.faults: dict[str, int] = {}
        self._stuck = np.zeros(0, np.bool_)
        if self._kind.faults is not None:
            shape = (self._device.planes, *self.shape)
            tile = self._kind.tile
            lines = (tile.rows, tile.columns) if tile else None
            beside = tile_of_columns(tiling_of(self._kind, shape[1], self._columns), shape[2])
            found = self._kind.faults.draw(
                stream, shape, self._device.g_min, self._device.g_max, lines, beside
            )
            self.faults = found.counts
            self._stuck, self._stuck_at = (
                np.zeros(self._state.g.shape, np.bool_),
                np.zeros_like(self._state.g),
            )
            np.put(self._stuck, found.where, True)
            np.put(self._stuck_at, found.where, found.conductance)

    def _hold_faults(self, elements: Elements) -> None:
        """Put stuck devices back where they are stuck; they do not age either."""
        if self._stuck.size:
            stuck = self._stuck[:, elements]
            self._state.g[:, elements] = np.where(
                stuck, self._stuck_at[:, elements], self._state.g[:, elements]
            )
            if self._state.settling.size:
                self._state.settling[:, elements] *= ~stuck
