"""Random telegraph noise on a node: two levels, with memory across reads (eq:telegraph-flip)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.effect import Effect, Handles


class Telegraph(Effect):
    """Each node reads as ``a + offset + amplitude s + sigma z``, s = ±1 flipping with ``flip`` per read.

    Attributes
    ----------
    amplitude, sigma : float
        Of the two levels and of the white part, in the node's unit, 0 to 1e6.
    offset : float
        Mean of the noise, in the node's unit, -1e6 to 1e6.
    flip : float
        Probability that the state flips from one read to the next, in [0, 1].
    """

    enters = "node"
    time_scale: ClassVar[Literal["read", "memory", "write"]] = "memory"

    amplitude: float = Field(ge=0, le=1e6)
    flip: float = Field(ge=0, le=1)
    offset: float = Field(default=0.0, ge=-1e6, le=1e6)
    sigma: float = Field(default=0.0, ge=0, le=1e6)
    handles: Handles = ("paired", "mean_subtracted")

    @property
    def variance(self) -> float:
        """Variance of the stationary noise (eq:telegraph-variance)."""
        return self.amplitude**2 + self.sigma**2

    def flip_over(self, reads: int) -> float:
        """Probability that the state differs after ``reads`` reads (eq:telegraph-flip)."""
        return float(0.5 * (1.0 - (1.0 - 2.0 * self.flip) ** float(reads)))

    def correlation(self, first: NDArray[np.uint64], second: NDArray[np.uint64]) -> float:
        """Correlation of the whole noise between reads at ticks ``first`` and ``second``."""
        if self.variance == 0:
            return 0.0
        lag = np.abs(second.astype(np.int64) - first.astype(np.int64)).astype(float)
        state = float(np.mean((1.0 - 2.0 * self.flip) ** lag))
        return state * self.amplitude**2 / self.variance
