"""A plane of devices written by pulses: their constants, their weights, and how they fade."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.threads import for_each
from hwnoise.devices.pulsed_update import PulsedUpdate
from hwnoise.kernels import pulse_marks, pulse_steps, pulse_trains, pulsed_update
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.kernels.uniform import fill_uniform
from hwnoise.streams import Stream

Floats = NDArray[np.float32]
Counts = NDArray[np.int32]
Words = NDArray[np.uint32]
Elements = NDArray[np.int64]

SHARE = 1 << 16  # devices a thread treats at a time
KINDS = {
    "constant": pulse_steps.CONSTANT,
    "affine": pulse_steps.AFFINE,
    "exponential": pulse_steps.EXPONENTIAL,
    "power": pulse_steps.POWER,
    "piecewise": pulse_steps.PIECEWISE,
}


class PulsedDevices:
    """One device for each of ``size`` weights.

    Attributes
    ----------
    w : (size,) float32
        Weight of each device, in its own bounds.
    pulsed_at : (size,) uint32
        The call that last pulsed or set it, which says what its write noise is.
    writes : (size,) uint32
        How many calls did.
    """

    def __init__(self, update: PulsedUpdate, size: int, stream: Stream, period: float) -> None:
        self._update, self._stream, self._period, self._size = update, stream, period, size
        self.constants = update.devices(self._normal, self._uniform)
        self._cycle_key, self._write_key = stream.child("cycle").key, stream.child("write").key
        self._reset_key, self._diffusion_key = stream.child("reset").key, stream.child("diffusion").key
        self._curve = np.array(update.model.curve(), np.float32)
        self._kind = KINDS[update.model.kind]
        self.w, self._z = np.zeros(size, np.float32), np.zeros(size, np.float32)
        self.pulsed_at, self.writes = np.zeros(size, np.uint32), np.zeros(size, np.uint32)
        self.reset(np.arange(size), 0)

    def pulse(self, counts: Counts, call: int) -> tuple[int, int]:
        """Deliver ``counts`` (size,) pulses, negative ones down; returns how many devices and pulses."""

        def work(part: slice, pulses: Counts) -> None:
            pulsed_update.apply_pulses(
                counts, self.constants.cells, self._curve, self._update.noise, self._kind, part.start,
                part.stop, self._cycle_key, np.uint64(call), self.w, pulses,
            )  # fmt: skip

        return self._deliver(work, _shares(self._size, SHARE), 1, call)

    def coincide(self, x: Words, d: Words, side: int, call: int) -> tuple[int, int]:
        """Deliver a pulse at every coincidence of trains ``x`` (samples, n_in) and ``d`` (samples, n_out).

        ``side`` picks coincidences of one sign, 0 takes both; returns how many devices and pulses.
        """

        def work(rows: slice, pulses: Counts) -> None:
            pulse_trains.apply_trains(
                x, d, self.constants.cells, self._curve, self._update.noise, self._kind, side, rows.start,
                rows.stop, self._cycle_key, np.uint64(call), self.w, pulses,
            )  # fmt: skip

        n_out = d.shape[1]
        return self._deliver(work, _shares(x.shape[1], max(1, SHARE // n_out)), n_out, call)

    def _deliver(
        self, work: Callable[[slice, Counts], None], shares: list[slice], each: int, call: int
    ) -> tuple[int, int]:
        """Do the ``shares`` of a call, of ``each`` devices an entry, and note what was pulsed how often."""
        pulses, done = np.zeros(self._size, np.int32), []

        def share(part: slice) -> None:
            work(part, pulses)
            found = pulse_marks.mark_pulsed(
                pulses, part.start * each, part.stop * each, call, self._write_key,
                self._update.write_noise > 0, self.pulsed_at, self.writes, self._z,
            )  # fmt: skip
            done.append(found)

        for_each(share, shares, self._size > SHARE)
        devices, total = zip(*done, strict=True)
        return sum(devices), sum(total)

    def reset(self, elements: Elements, call: int) -> None:
        """Take ``elements`` back to where a reset leads (eq:pulse-reset)."""
        z = self._normals(self._reset_key, call)
        fresh = self.constants.reset + np.float32(self._update.reset_noise) * z
        self._put(elements, fresh[elements])
        self.pulsed_at[elements] = call
        self.writes[elements] += np.uint32(1)
        self.renew(elements)

    def put(self, w: Floats) -> None:
        """Set the weights (size,) themselves, as far as the bounds allow: for study, without a pulse."""
        self._put(np.arange(self._size), w)

    def fade(self, ticks: int) -> None:
        """Let ``ticks`` pass (eq:pulse-retention)."""
        if self._update.retention_time and ticks:
            self.w = self.faded(ticks)

    def faded(self, ticks: int) -> Floats:
        """The weights as they will be ``ticks`` from now."""
        if not self._update.retention_time or not ticks:
            return self.w
        decay = np.exp(-ticks * self._period / (self._update.retention_time * self.constants.longevity))
        return self._decayed(decay.astype(np.float32))

    def end_write(self, call: int) -> None:
        """Decay and diffuse by one write (eq:pulse-retention)."""
        update = self._update
        if update.lifetime:
            keep = 1 - np.minimum(1 / (update.lifetime * self.constants.longevity), 1)
            self.w = self._decayed(keep.astype(np.float32))
        if update.diffusion:
            self.put(self.w + np.float32(update.diffusion) * self._normals(self._diffusion_key, call))

    def seen(self, ticks: int) -> Floats:
        """What a noiseless read would find ``ticks`` from now (eq:write-noise, eq:pulse-reference)."""
        write_noise = np.float32(self._update.write_noise * self._update.pulse_size)
        return np.asarray(self.faded(ticks) - self.constants.offset + write_noise * self._z, np.float32)

    def renew(self, elements: Elements) -> None:
        """Bring the write noise of ``elements`` in line with the calls that pulsed them."""
        if self._update.write_noise:
            pulse_marks.write_noise(self._write_key, elements, self.pulsed_at, self._z)

    def _put(self, elements: Elements, w: Floats) -> None:
        low, high = self.constants.cells[pulse_steps.B_MIN], self.constants.cells[pulse_steps.B_MAX]
        self.w[elements] = np.clip(w, low[elements], high[elements])

    def _decayed(self, keep: Floats) -> Floats:
        resting = np.float32(self._update.resting)
        return (self.w - resting) * keep + resting

    def _normal(self, name: str) -> Floats:
        return self._normals(self._stream.child(f"device/{name}").key, 0)

    def _normals(self, key: np.uint64, call: int) -> Floats:
        z = np.empty((1, self._size), np.float32)
        fill_gaussian(key, np.uint64(call), z)
        return z.ravel()

    def _uniform(self, name: str) -> Floats:
        u = np.empty((1, self._size), np.float32)
        fill_uniform(self._stream.child(f"device/{name}").key, np.uint64(0), u)
        return u.ravel()


def _shares(count: int, each: int) -> list[slice]:
    return [slice(start, min(start + each, count)) for start in range(0, count, each)]
