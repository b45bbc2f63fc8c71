"""What one programming leaves off its target (eq:programming-noise, eq:programming-lognormal)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.curve import Curve
from hwnoise.devices.effect import Effect, Handles
from hwnoise.kernels import programming_noise as kernel


class ProgrammingNoise(Effect):
    """``g = pos(g_target + s z)``, ``s = scale sigma(x) (g_max / reference_g_max)``, once per write.

    Attributes
    ----------
    sigma : Curve
        Standard deviation [µS] against ``x = g_target / g_max``, as published.
    reference_g_max : float
        The g_max [µS] of the published fit, 1e-6 to 1e6.
    scale : float
        Multiplies sigma, 0 to 100; 1 is the published device.
    distribution : str
        ``"normal"``, or ``"lognormal"`` of the same mean and standard deviation.
    """

    enters = "weight"
    time_scale: ClassVar[Literal["read", "memory", "write"]] = "write"

    sigma: Curve
    reference_g_max: float = Field(default=25.0, ge=1e-6, le=1e6)
    scale: float = Field(default=1.0, ge=0, le=100)
    distribution: Literal["normal", "lognormal"] = "normal"
    handles: Handles = ("readback",)

    def program(
        self, target: NDArray[np.float64], g_max: float, z: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Conductances that come of programming to ``target`` (n,) with normal draws ``z`` (n,)."""
        sigma = self.sigma_at(target / g_max, g_max)
        if self.distribution == "lognormal":  # a device at 0 stays there: it has no spread to speak of
            ratio = np.log1p((sigma / np.maximum(target, 1e-12)) ** 2)
            return np.asarray(target * np.exp(np.sqrt(ratio) * z - ratio / 2), np.float32)
        out = np.empty(len(target), np.float32)
        kernel.program(target, sigma, z, out)
        return out

    def sigma_at(self, x: NDArray[np.float64], g_max: float) -> NDArray[np.float64]:
        """Standard deviation [µS] of a programming to ``x = g_target / g_max``."""
        return np.maximum(self.sigma.at(x), 0.0) * (self.scale * g_max / self.reference_g_max)
