"""Relaxation: conductances settle after programming, on average and each in its own way (eq:relaxation)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.effect import Effect, Handles

Floats = NDArray[np.float64]
FIRST = 1.0  # s, the first moment of the published fits


class Relaxation(Effect):
    """``g(t) = g_programmed + shift ln t + (slope ln t + offset) z`` from 1 s on, one z per write.

    Attributes
    ----------
    shift : float
        Mean change [unit of g_max] per e-fold of time.
    slope, offset : float
        Of the spread [unit of g_max] against ln(t / 1 s); ``offset`` is the spread at 1 s, >= 0.
    """

    enters = "weight"
    time_scale: ClassVar[Literal["read", "memory", "write"]] = "write"

    shift: float = Field(ge=-1e6, le=1e6)
    slope: float = Field(ge=0, le=1e6)
    offset: float = Field(ge=0, le=1e6)
    handles: Handles = ("readback",)

    def settle(self, x: Floats, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """What a device keeps of being programmed to ``x``: its own normal draw."""
        return z

    def age(
        self, g: NDArray[np.float32], z: NDArray[np.float32], seconds: Floats, low: float, high: float
    ) -> NDArray[np.float32]:
        """Conductance (planes, n) of devices programmed to ``g``, ``seconds`` (n,) ago."""
        log_time = np.log(np.maximum(seconds, FIRST))
        settled = g + self.shift * log_time + (self.slope * log_time + self.offset) * z
        return np.where(seconds < FIRST, g, np.clip(settled, low, high)).astype(np.float32)
