"""The traps of an array's devices: who has one, what its jumps do to the weight, and how it stands now."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.threads import for_each
from hwnoise.devices.device_telegraph import DeviceTelegraph
from hwnoise.kernels import device_telegraph as kernel
from hwnoise.streams import Stream

Floats = NDArray[np.float32]
SHARE = 1 << 14  # devices a thread treats at a time


class DeviceTraps:
    """Seventeen bytes per device, and nothing that has to be saved: states come from counters.

    Parameters
    ----------
    effect : DeviceTelegraph
    planes, size : int
        Devices per weight, and weights.
    stream : Stream
        Of the array.
    period : float
        Seconds between reads.
    """

    def __init__(
        self, effect: DeviceTelegraph, planes: int, size: int, stream: Stream, period: float
    ) -> None:
        self._effect, self._key = effect, stream.child("refresh").key
        self.hold = effect.hold(period)
        self.rates, self.steps = np.zeros((2, planes, size), np.float32)
        self._states, self._until = np.zeros((planes, size), np.int8), np.full((planes, size), -1.0)
        self._now = 0
        reads, traps = effect.memory / period, stream.child("traps").key
        for plane, rates in enumerate(self.rates):
            kernel.fill_rates(traps, plane, effect.share, reads, effect.time_spread, 0, rates)

    def renew(self, elements: NDArray[np.int64], g: Floats, factors: Floats, g_max: float) -> None:
        """Take note that devices of ``elements`` now conduct ``g`` (planes, n), and count ``factors``."""
        share = self._effect.step_at(g.astype(np.float64) / g_max)
        self.steps[:, elements] = np.where(self.rates[:, elements] > 0, factors[:, None] * g * share, 0)

    def add(self, tick: int, weight: Floats) -> None:
        """Add the jumps of all devices, as they stand at ``tick``, to ``weight`` (size,)."""
        now, high = tick // self.hold * self.hold, self._effect.high
        if now < self._now:  # restored from an earlier time
            self._until[:] = -1
        self._now = now

        def work(part: slice) -> None:
            for plane, (rates, steps) in enumerate(zip(self.rates, self.steps, strict=True)):
                states, until = self._states[plane, part], self._until[plane, part]
                kernel.advance(rates[part], high, self._key, plane, np.uint64(now), part.start, states, until)
                kernel.add_jumps(states, steps[part], high, weight[part])

        size = len(weight)
        parts = [slice(first, min(first + SHARE, size)) for first in range(0, size, SHARE)]
        for_each(work, parts, size > SHARE)
