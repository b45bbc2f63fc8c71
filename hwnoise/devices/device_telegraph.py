"""Random telegraph noise of single devices: a trap that is full or empty, and stays so (eq:trap-step)."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.curve import Curve
from hwnoise.devices.effect import Effect, Handles

LONGEST_HOLD = 256  # reads for which a view of the devices may hold
FINE = 16  # a view holds for at most this part of the correlation time
NODES = np.polynomial.hermite_e.hermegauss(61)


class DeviceTelegraph(Effect):
    """A device with a trap conducts ``g (1 + A (b - P(high)))``: b is 1 for a while, then 0 for a while.

    The mean conductance stays what it is without the trap. Traps outlive every write.

    Attributes
    ----------
    amplitude : Curve
        A, the step as a share of the conductance, against ``x = g / g_max`` of the present conductance.
    share : float
        Fraction of devices that have a trap, in [0, 1].
    time_high, time_low : float
        Mean dwell time [s] in the state of high, of low conductance, 1e-9 to 1e9.
    time_spread : float
        Standard deviation of the logarithm of a device's times, 0 to 10; their ratio is the same for all.
    """

    enters = "weight"
    time_scale: ClassVar[Literal["read", "memory", "write"]] = "memory"

    amplitude: Curve
    share: float = Field(default=1.0, ge=0, le=1)
    time_high: float = Field(default=1e-3, ge=1e-9, le=1e9)
    time_low: float = Field(default=1e-3, ge=1e-9, le=1e9)
    time_spread: float = Field(default=0.0, ge=0, le=10)
    handles: Handles = ("readback", "paired")

    @property
    def high(self) -> float:
        """Share of its time that a trap spends in the high state (eq:trap-times)."""
        return self.time_high / (self.time_high + self.time_low)

    @property
    def memory(self) -> float:
        """Median time [s] over which the correlation of a device falls by e (eq:trap-times)."""
        return 1.0 / (1.0 / self.time_high + 1.0 / self.time_low)

    def hold(self, read_period: float) -> int:
        """For how many reads the devices are taken to stand still: a power of 2, 1 to 256 (eq:trap-hold)."""
        longest = min(max(self.memory / (FINE * read_period), 1.0), float(LONGEST_HOLD))
        return int(2 ** math.floor(math.log2(longest)))

    def step_at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Step from low to high, as a share of the conductance, at ``x = g / g_max``."""
        return np.maximum(self.amplitude.at(x), 0.0)

    def correlation(self, first: NDArray[np.uint64], second: NDArray[np.uint64], read_period: float) -> float:
        """Correlation of a device between reads at ticks ``first`` and ``second``, averaged over devices."""
        hold = np.uint64(self.hold(read_period))
        lags = np.abs((first // hold).astype(np.int64) - (second // hold).astype(np.int64)).ravel()
        lag, count = np.unique(lags, return_counts=True)
        times = self.memory * np.exp(self.time_spread * NODES[0]) / (read_period * float(hold))
        decay = np.exp(-lag[:, None] / times) @ (NODES[1] / NODES[1].sum())
        return float(decay @ count / count.sum())
