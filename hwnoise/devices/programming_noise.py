"""Programming noise: what one programming leaves off its target (eq:programming-noise)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.curve import Curve
from hwnoise.devices.effect import Effect, Handles


class ProgrammingNoise(Effect):
    """``g = pos(g_target + scale sigma(x) (g_max / reference_g_max) z)``, once per write.

    Attributes
    ----------
    sigma : Curve
        Standard deviation [µS] against ``x = g_target / g_max``, as published.
    reference_g_max : float
        The g_max [µS] of the published fit, 1e-6 to 1e6.
    scale : float
        Multiplies sigma, 0 to 100; 1 is the published device.
    """

    time_scale: ClassVar[Literal["read", "memory", "write"]] = "write"

    sigma: Curve
    reference_g_max: float = Field(default=25.0, ge=1e-6, le=1e6)
    scale: float = Field(default=1.0, ge=0, le=100)
    handles: Handles = ("readback",)

    def sigma_at(self, x: NDArray[np.float64], g_max: float) -> NDArray[np.float64]:
        """Standard deviation [µS] of a programming to ``x = g_target / g_max``."""
        return np.maximum(self.sigma.at(x), 0.0) * (self.scale * g_max / self.reference_g_max)
