"""Weights on differential pairs of analog devices: programmed with noise, drifting, flickering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.chunks import row_slices, slices
from hwnoise.backends.emulator.pair_state import PairState
from hwnoise.backends.emulator.pair_view import PairView
from hwnoise.backends.emulator.read import View
from hwnoise.kernels import programming_noise
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]


class PairArray:
    """One layer's devices (n_in, n_out), two per weight.

    All that a chip would hold is in a ``PairState``; how it reads is a pure function of that
    state and the tick, kept in a ``PairView`` until it changes.
    """

    def __init__(self, substrate: Substrate, weight: Floats, stream: Stream, headroom: float) -> None:
        assert substrate.conductance is not None
        self._g_max = substrate.conductance.g_max
        self._noise, self._drift, self._write = substrate.programming_noise, substrate.drift, substrate.write
        self._program_key = stream.child("program").key
        self.weight_range = substrate.conductance.weight_range(weight, headroom)
        self.shape = weight.shape
        target = np.clip(weight / self.weight_range, -1, 1).astype(np.float32)
        self._state = PairState.unprogrammed(target.ravel())
        self._view = PairView(substrate, self._state, weight.shape, stream)
        self.block = self._view.lasts
        for part in slices(weight.size):
            self._program(np.arange(part.start, part.stop), 0)

    @property
    def writes(self) -> NDArray[np.uint32]:
        """How often each pair was programmed since the network was put on the chip."""
        return (self._state.generation - np.uint32(1)).reshape(self.shape)

    def view(self, tick: int) -> View:
        """The devices as the block of ticks around ``tick`` sees them."""
        return self._view.at(tick)

    def write(self, delta: Floats, tick: int) -> int:
        """Add ``delta`` (n_in, n_out) in weight units; returns how many weights were programmed."""
        programmed = 0
        for rows in row_slices(self.shape):
            part = slice(rows.start * self.shape[1], rows.stop * self.shape[1])
            change = (delta[rows] / self.weight_range).ravel()
            if self._write.mode == "ideal":
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

    def _accumulate(self, part: slice, change: Floats, tick: int) -> int:
        """Add to what is pending, and program the weights for which that makes a step (eq:write-step)."""
        pending, target = self._state.pending[part], self._state.target[part]
        pending += change
        np.clip(pending, -1 - target, 1 - target, out=pending)
        due = np.flatnonzero(np.abs(pending) >= np.float32(self._write.step))
        if len(due):
            target[due] += pending[due]
            pending[due] = 0
            self._program(due + part.start, tick)
        return len(due)

    def _move(self, part: slice, change: Floats) -> None:
        """Move the conductances by the update itself: no noise, no step, no count (for study)."""
        g_max, target, g = np.float32(self._g_max), self._state.target[part], self._state.g[:, part]
        np.clip(target + change, -1, 1, out=target)
        common = np.minimum(g[0], g[1])
        signed = np.clip(g[0] - g[1] + change * g_max, -g_max, g_max)
        g[0] = common + np.maximum(signed, 0)
        g[1] = common + np.maximum(-signed, 0)
        self._view.renew(np.arange(part.start, part.stop))

    def _program(self, due: NDArray[np.int64], tick: int) -> None:
        """Program the pairs ``due`` to their targets: new conductances, exponents and slow noise."""
        state = self._state
        state.generation[due] += np.uint32(1)
        state.programmed_at[due] = tick
        draws = np.empty((4, len(due)), np.float32)
        programming_noise.write_draws(self._program_key, due, state.generation[due], draws)
        for device, sign in enumerate((1, -1)):
            x = np.maximum(sign * state.target[due].astype(np.float64), 0.0)
            state.g[device, due] = self._programmed(x, draws[device])
            if self._drift is not None:
                state.nu[device, due] = self._drift.exponent(x, draws[2 + device])
        self._view.renew(due)

    def _programmed(self, x: NDArray[np.float64], draws: Floats) -> Floats:
        out = np.empty(len(x), np.float32)
        sigma = np.zeros(len(x)) if self._noise is None else self._noise.sigma_at(x, self._g_max)
        programming_noise.program(x * self._g_max, sigma, draws, out)
        return out
