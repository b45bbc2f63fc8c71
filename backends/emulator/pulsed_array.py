"""Weights on devices written by pulses: one device a weight, read against a reference, or a pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.pulsed_devices import PulsedDevices
from hwnoise.backends.emulator.read import View
from hwnoise.devices.pulsed_update import Pair
from hwnoise.kernels import pulse_trains
from hwnoise.kernels.uniform import fill_uniform
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]
Counts = NDArray[np.int32]
Elements = NDArray[np.int64]
Words = NDArray[np.uint32]

EPOCH = 4096  # ticks over which a view holds where weights fade with time
MOST = 32_767  # pulses a device gets in one write, beyond any range


class PulsedArray:
    """One layer's weights (n_in, n_out) on pulsed devices.

    State is what a chip would hold: the weight of each device, the call that pulsed it last, how
    often it was written, and what waits digitally. The constants of the devices are drawn anew
    from the stream.

    Attributes
    ----------
    pulses, programming_pulses : int
        Delivered since the network was put on the chip, and in putting it there.
    """

    def __init__(self, substrate: Substrate, weight: Floats, stream: Stream, headroom: float) -> None:
        assert substrate.pulsed_update is not None
        self.update, self._kind = substrate.pulsed_update, substrate
        self.shape = weight.shape
        self.weight_range = self.update.weight_range(weight, headroom)
        self.block = EPOCH if self.update.retention_time else 0
        self._mismatch_key = stream.child("mismatch").key
        self._round_key, self._read_key = stream.child("rounding").key, stream.child("read").key
        self._train_keys = stream.child("trains/in").key, stream.child("trains/out").key
        planes = ("plus", "minus") if self.update.pair else ("single",)
        period = substrate.clock.read_period
        self.planes = [PulsedDevices(self.update, weight.size, stream.child(p), period) for p in planes]
        self._pending = np.zeros(weight.size if self.update.accumulate else 0, np.float32)
        self._tick = self.pulses = self.programming_pulses = 0
        self._calls = 1  # call 0 was the first reset
        self._view: View | None = None
        self._epoch = 0
        everything = np.arange(weight.size)
        self._program(everything, self._on_devices(np.clip(weight / self.weight_range, -1, 1), 1.0).ravel())
        self.programming_pulses, self.pulses = self.pulses, 0
        for plane in self.planes:
            plane.writes[:] = 0

    @property
    def writes(self) -> NDArray[np.uint32]:
        """How often each weight's devices were written since the network was put on the chip."""
        each = np.array([plane.writes for plane in self.planes])
        return np.asarray(each.sum(axis=0, dtype=np.uint32)).reshape(self.shape)

    @property
    def corrupt(self) -> int:
        """How many devices no pulse moves."""
        return sum(int(plane.constants.corrupt.sum()) for plane in self.planes)

    def view(self, tick: int) -> View:
        """The devices as the block of ticks around ``tick`` sees them."""
        epoch = tick // EPOCH if self.block else 0
        if self._view is None or epoch != self._epoch:
            self._epoch = epoch
            ticks = max(0, epoch * EPOCH - self._tick) if self.block else 0
            weight = (self._seen(ticks) / np.float32(self.update.full_scale)).reshape(self.shape)
            fresh = self._uneven(weight)
            self._view = View(weight, fresh, None, self._read_key, None)
        return self._view

    def write(self, delta: Floats, tick: int) -> int:
        """Add ``delta`` (n_in, n_out) in weight units; returns how many devices were pulsed."""
        wanted = self._on_devices(delta, self.weight_range).ravel()
        self._fade_to(tick)
        if self._kind.write.mode == "ideal":
            return self._move(wanted)
        return self._finish(self._pulse(self._counts(wanted)))

    def write_outer(self, x: Floats, d: Floats, rate: float, tick: int) -> int:
        """Add ``rate x.T @ d`` by the coincidences of stochastic pulse trains (eq:pulse-coincidence).

        Parameters
        ----------
        x : (samples, n_in) float32
        d : (samples, n_out) float32
        rate : float, >= 0
            Learning rate.
        tick : int

        Returns
        -------
        int
            How many devices were pulsed.
        """
        self._fade_to(tick)
        d = self._on_devices(d, self.weight_range)
        slots, *scales = self.update.trains(float(np.abs(x).max()), float(np.abs(d).max()), rate)
        trains = [
            self._trains(values * np.float32(scale), slots, key)
            for values, scale, key in zip((x, d), scales, self._train_keys, strict=True)
        ]
        signs = (1, -1) if self.update.pair else (0,)
        done = [
            plane.coincide(trains[0], trains[1], sign, self._calls)
            for plane, sign in zip(self.planes, signs, strict=True)
        ]
        return self._finish(self._count(done))

    def state(self) -> dict[str, NDArray[Any]]:
        """Named copies of all that must survive."""
        found = {name: np.array([getattr(p, name) for p in self.planes]) for name in _STATE}
        counters = np.array([getattr(self, name) for name in _COUNTERS], np.int64)
        return found | {"pending": self._pending.copy(), "pulse_counters": counters}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        for k, plane in enumerate(self.planes):
            for name in _STATE:
                getattr(plane, name)[...] = state[name][k]
            plane.renew(np.arange(len(plane.w)))
        self._pending[...] = state["pending"]
        for name, value in zip(_COUNTERS, state["pulse_counters"], strict=True):
            setattr(self, name, int(value))
        self._view = None

    def _on_devices(self, weight: Floats, weight_range: Floats | float) -> Floats:
        """Network weights in the devices' own unit."""
        return np.asarray(weight * np.float32(self.update.full_scale) / weight_range, np.float32)

    def _seen(self, ticks: int = 0) -> Floats:
        plus, *minus = (plane.seen(ticks) for plane in self.planes)
        return plus - minus[0] if minus else plus

    def _uneven(self, weight: Floats) -> Floats | None:
        """Multiply ``weight`` by its frozen mismatch; returns the variance of what is new at every read."""
        noise, mismatch = self._kind.read_noise, self._kind.mismatch
        if noise is None and mismatch is None:
            return None
        fresh = np.zeros(weight.shape, np.float32)
        if mismatch is not None and mismatch.refresh == "frozen":
            weight *= mismatch.factors(self._mismatch_key, (1, weight.size)).reshape(weight.shape)
        elif mismatch is not None:
            fresh += mismatch.variance_at(weight)
        if noise is not None:
            fresh += noise.variance_at(weight).astype(np.float32)
        return fresh

    def _fade_to(self, tick: int) -> None:
        if self.block:
            for plane in self.planes:
                plane.fade(max(0, tick - self._tick))
            self._tick = tick

    def _counts(self, wanted: Floats) -> Counts:
        """Pulses (size,) for a wanted change (size,) of the devices (eq:pulse-count)."""
        update, size = self.update, np.float32(self.update.expected_pulse)
        if update.accumulate:
            limit = 2 * np.float32(update.full_scale)  # from one end to the other
            self._pending[:] = np.clip(self._pending + wanted, -limit, limit)
            counts = np.trunc(self._pending / size + np.copysign(np.float32(0.5), self._pending))
            self._pending -= counts * size
        elif update.mode == "deterministic":
            u = np.empty((1, len(wanted)), np.float32)
            fill_uniform(self._round_key, np.uint64(self._calls), u)
            counts = np.copysign(np.floor(np.abs(wanted) / size + u[0]), wanted)
        else:
            trains = self._trains(wanted[None] / (update.slots * size), update.slots, self._round_key)
            found = np.empty(len(wanted), np.int32)
            pulse_trains.count_pulses(trains.ravel(), found)
            return found
        return np.asarray(np.clip(counts, -MOST, MOST), np.int32)

    def _trains(self, p: Floats, slots: int, key: np.uint64) -> Words:
        """A train for each signed probability (rows, n)."""
        trains = np.empty(p.shape, np.uint32)
        pulse_trains.fill_trains(np.asarray(p, np.float32), slots, key, np.uint64(self._calls), trains)
        return trains

    def _pulse(self, counts: Counts) -> int:
        """Deliver pulses (size,): down pulses go up on the other device of a pair."""
        each = [np.maximum(counts, 0), np.maximum(-counts, 0)] if self.update.pair else [counts]
        return self._count([p.pulse(n, self._calls) for p, n in zip(self.planes, each, strict=True)])

    def _count(self, done: list[tuple[int, int]]) -> int:
        """Note a call that pulsed so many devices so often; returns how many devices."""
        self._calls += 1
        self.pulses += sum(pulses for _, pulses in done)
        self._view = None
        return sum(devices for devices, _ in done)

    def _finish(self, programmed: int) -> int:
        programmed += self._refresh(self.update.pair) if self.update.pair else 0
        for plane in self.planes:
            plane.end_write(self._calls)
        return programmed

    def _refresh(self, pair: Pair) -> int:
        """Reset pairs that are full and program what they held (eq:pulse-refresh)."""
        plus, minus = (plane.seen(0) for plane in self.planes)
        full = np.maximum(plus, minus) > np.float32(pair.upper * self.update.w_max)
        due = np.flatnonzero(full & (np.minimum(plus, minus) > np.float32(pair.lower * self.update.w_max)))
        if not len(due):
            return 0
        for plane in self.planes:
            plane.reset(due, self._calls)
        self._calls += 1
        return len(self.planes) * len(due) + self._program(due, (plus - minus)[due])

    def _program(self, elements: Elements, target: Floats) -> int:
        """Pulse until what is seen is within half a step, or out of rounds (eq:pulse-program)."""
        programmed, size = 0, np.float32(self.update.expected_pulse)
        for _ in range(self.update.rounds):
            error = target - self._seen()[elements]
            steps = np.maximum(np.rint(np.abs(error) / (2 * size)), 1)
            steps[np.abs(error) <= size / 2] = 0
            if not steps.any():
                break
            counts = np.zeros(len(self.planes[0].w), np.int32)
            counts[elements] = np.copysign(np.minimum(steps, MOST), error)
            programmed += self._pulse(counts)
        return programmed

    def _move(self, wanted: Floats) -> int:
        """Change the weights by exactly what is wanted, without pulse, noise or count (for study)."""
        held = [plane.w for plane in self.planes]
        if self.update.pair:
            common, signed = np.minimum(*held), held[0] - held[1] + wanted
            held = [common + np.maximum(signed, 0), common + np.maximum(-signed, 0)]
        else:
            held = [held[0] + wanted]
        for plane, w in zip(self.planes, held, strict=True):
            plane.put(w)
        self._view = None
        return 0


_STATE = ("w", "pulsed_at", "writes")
_COUNTERS = ("_calls", "_tick", "pulses", "programming_pulses")
