"""Weights on differential pairs of analog devices: programmed with noise, drifting, flickering."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.read import View
from hwnoise.devices.one_over_f import BAND_VARIANCE, FAST_BANDS
from hwnoise.kernels import drift as drift_kernel
from hwnoise.kernels import one_over_f, programming_noise
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]
BLOCK = 256  # ticks over which a view holds: the holding time of band 4
EPOCH = 4096  # ticks after which drift and the slow bands are computed anew: that of band 6
BANDS = 32


class PairArray:
    """One layer's devices (n_in, n_out), two per weight.

    State is what a chip would hold: programmed conductances, drift exponents, when and how often
    each pair was programmed, and the digital target and pending update of each weight. All
    else is a pure function of that state and the tick, kept until it changes.
    """

    block = BLOCK

    def __init__(self, substrate: Substrate, weight: Floats, stream: Stream, headroom: float) -> None:
        assert substrate.conductance is not None
        self.substrate, self.conductance = substrate, substrate.conductance
        self.weight_range = substrate.conductance.weight_range(weight, headroom)
        self.shape = weight.shape
        size = weight.size
        self.target = np.clip(weight / self.weight_range, -1, 1).astype(np.float32).ravel()
        self.pending = np.zeros(size, np.float32)
        self.g = np.zeros((2, size), np.float32)
        self.nu = np.zeros((2, size), np.float32)
        self.generation = np.zeros(size, np.uint32)
        self.programmed_at = np.zeros(size, np.uint64)
        self._program_key = stream.child("program").key
        self._read_key = stream.child("read").key
        self._band_keys = np.array([stream.child(f"one_over_f/{k}").key for k in range(BANDS)], np.uint64)
        self._everything = np.arange(size)
        self._allocate(size)
        self._program(self._everything, 0)

    def _allocate(self, size: int) -> None:
        self._slow, self._unit, self._base = (np.zeros(size, np.float32) for _ in range(3))
        self._q = np.zeros((2, size), np.float32)
        noise = self.substrate.one_over_f
        self._held = np.zeros(size, np.float32) if noise else None
        self._middle = np.zeros(size, np.float32) if noise else None
        self._fresh = np.zeros(size, np.float32) if noise or self.substrate.read_noise else None
        self._epoch = self._block = -1
        self._dirty = True

    @property
    def writes(self) -> NDArray[np.uint32]:
        """How often each pair was programmed since the network was put on the chip."""
        return (self.generation - np.uint32(1)).reshape(self.shape)

    def view(self, tick: int) -> View:
        """The devices as the block of ticks around ``tick`` sees them."""
        if tick // EPOCH != self._epoch:
            self._epoch = tick // EPOCH
            self._age(self._everything)
        if tick // BLOCK != self._block:
            self._block = tick // BLOCK
            self._draw_middle(tick)
        if self._dirty:
            self._compose()
        weight, fresh, held = (
            None if a is None else a.reshape(self.shape) for a in (self._base, self._fresh, self._held)
        )
        assert weight is not None
        return View(weight, fresh, held, self._read_key, self._band_keys[1:4])

    def write(self, delta: Floats, tick: int) -> int:
        """Add ``delta`` (n_in, n_out) in weight units; returns how many weights were programmed."""
        self.pending += (delta / self.weight_range).ravel()
        if self.substrate.write.mode == "ideal":
            return self._write_exactly()
        np.clip(self.pending, -1 - self.target, 1 - self.target, out=self.pending)
        due = np.flatnonzero(np.abs(self.pending) >= np.float32(self.substrate.write.step))
        if len(due):
            self.target[due] += self.pending[due]
            self.pending[due] = 0
            self._program(due, tick)
        return len(due)

    def state(self) -> dict[str, NDArray[Any]]:
        """Named copies of all that must survive."""
        return {name: getattr(self, name).copy() for name in _STATE}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        for name in _STATE:
            getattr(self, name)[...] = state[name]
        self._remember_q(self._everything)
        self._epoch = self._block = -1

    def _write_exactly(self) -> int:
        """Move the conductances by the update itself: no noise, no step, no count (for study)."""
        g_max, change = np.float32(self.conductance.g_max), self.pending.copy()
        self.target[:] = np.clip(self.target + change, -1, 1)
        self.pending[:] = 0
        common = np.minimum(self.g[0], self.g[1])
        signed = np.clip(self.g[0] - self.g[1] + change * g_max, -g_max, g_max)
        self.g[0] = common + np.maximum(signed, 0)
        self.g[1] = common + np.maximum(-signed, 0)
        self._remember_q(self._everything)
        self._epoch = -1
        return 0

    def _program(self, due: NDArray[np.int64], tick: int) -> None:
        """Program the pairs ``due`` to their targets: new conductances, exponents and slow noise."""
        self.generation[due] += np.uint32(1)
        self.programmed_at[due] = tick
        draws = np.empty((4, len(due)), np.float32)
        programming_noise.write_draws(self._program_key, due, self.generation[due], draws)
        for device, sign in enumerate((1, -1)):
            x = np.maximum(sign * self.target[due].astype(np.float64), 0.0)
            self.g[device, due] = self._programmed(x, draws[device])
            if self.substrate.drift is not None:
                self.nu[device, due] = self.substrate.drift.exponent(x, draws[2 + device])
        self._remember_q(due)
        if self._epoch >= 0:
            self._age(due)

    def _programmed(self, x: NDArray[np.float64], draws: Floats) -> Floats:
        g_max, noise = self.conductance.g_max, self.substrate.programming_noise
        out = np.empty(len(x), np.float32)
        sigma = np.zeros(len(x)) if noise is None else noise.sigma_at(x, g_max)
        programming_noise.program(x * g_max, sigma, draws, out)
        return out

    def _remember_q(self, elements: NDArray[np.int64]) -> None:
        noise = self.substrate.one_over_f
        if noise is not None:
            x = self.g[:, elements].astype(np.float64) / self.conductance.g_max
            self._q[:, elements] = noise.scale * noise.q.at(x)

    def _age(self, elements: NDArray[np.int64]) -> None:
        """Bring drift and slow bands of ``elements`` to the start of the current epoch."""
        tick, period = np.uint64(self._epoch * EPOCH), self.substrate.clock.read_period
        t0 = self.substrate.drift.t0 if self.substrate.drift else 1.0
        drift_kernel.age_pair(
            elements, self.g, self.nu, self._q, self.programmed_at, tick, period, t0,
            1.0 / self.conductance.g_max, self._slow, self._unit,
        )  # fmt: skip
        noise = self.substrate.one_over_f
        if noise is not None:
            corners = np.array([noise.t_read, noise.t0, noise.fresh_bands(period) - 1])
            one_over_f.add_slow_bands(
                elements, self.generation, self.programmed_at, self._band_keys[FAST_BANDS:], FAST_BANDS,
                tick, period, corners, self._unit, self._slow,
            )  # fmt: skip
        self._spread(elements)
        self._dirty = True

    def _spread(self, elements: NDArray[np.int64]) -> None:
        """Standard deviation of the held bands and variance of the fresh noise, from the aged pair."""
        noise, white = self.substrate.one_over_f, self.substrate.read_noise
        if self._fresh is None:
            return
        every = slice(None) if elements is self._everything else elements
        fresh = np.zeros(len(elements), np.float32)
        if noise is not None and self._held is not None:
            unit = self._unit[every]
            self._held[every] = unit * np.float32(math.sqrt(BAND_VARIANCE))
            fresh += unit**2 * np.float32(noise.fresh_bands(self.substrate.clock.read_period) * BAND_VARIANCE)
        if white is not None:
            fresh += white.variance_at(self._slow[every]).astype(np.float32)
        self._fresh[every] = fresh

    def _draw_middle(self, tick: int) -> None:
        """Bands 4 and 5, which hold for a block or four."""
        if self._middle is not None:
            self._middle[:] = 0
            for band in (4, 5):
                hold = np.uint64(tick >> 2 * band)
                one_over_f.add_held_band(self._band_keys[band], hold, np.float32(1), self._middle)
            self._dirty = True

    def _compose(self) -> None:
        if self._held is None or self._middle is None:
            self._base[:] = self._slow
        else:
            np.multiply(self._held, self._middle, out=self._base)
            self._base += self._slow
        self._dirty = False


_STATE = ("g", "nu", "generation", "programmed_at", "target", "pending")
