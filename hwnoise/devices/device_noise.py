"""White read noise of single devices, by their conductance (eq:device-noise)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.curve import Curve
from hwnoise.devices.effect import Effect, Handles


class DeviceNoise(Effect):
    """Each device reads as ``g + scale sigma(g / g_max) z``, a new z per device and read.

    Attributes
    ----------
    sigma : Curve
        Standard deviation [unit of g_max] against ``x = g / g_max`` of the present conductance.
    scale : float
        Multiplies sigma, 0 to 100; 1 is the published device.
    """

    enters = "weight"

    sigma: Curve
    scale: float = Field(default=1.0, ge=0, le=100)
    handles: Handles = ("paired", "mean_subtracted")

    def variance_at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Variance [unit of g_max, squared] at ``x = g / g_max``."""
        return np.asarray((self.scale * np.maximum(self.sigma.at(x), 0.0)) ** 2)
