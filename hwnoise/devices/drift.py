"""Drift: a programmed conductance decays as a power of time (eq:drift)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.curve import Curve
from hwnoise.devices.effect import Effect
from hwnoise.kernels import drift as kernel

Floats = NDArray[np.float64]
READS_PER_AGEING = 4096  # reads after which devices are aged anew
LONGEST_STEP = 0.1  # of t0, in that time: less than 1 % of change for exponents up to 0.1


class Drift(Effect):
    """``g(t) = g_programmed ((t + t0) / t0)**-nu``, ``nu = abs(mean(x) + std(x) z)`` once per write.

    Attributes
    ----------
    t0 : float
        Time between programming and its verifying read [s], 1e-9 to 1e9; ``t`` counts from there.
    mean, std : Curve
        Of the exponent nu, against ``x = g_target / g_max`` of the *target*.
    scale : float
        Multiplies nu, 0 to 100; 1 is the published device.
    """

    enters = "weight"

    t0: float = Field(default=20.0, ge=1e-9, le=1e9)
    mean: Curve
    std: Curve
    scale: float = Field(default=1.0, ge=0, le=100)

    def settle(self, x: Floats, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """What a device keeps of being programmed to ``x``: its drift exponent."""
        return self.exponent(x, z.astype(np.float64)).astype(np.float32)

    def age(
        self, g: NDArray[np.float32], exponent: NDArray[np.float32], seconds: Floats, low: float, high: float
    ) -> NDArray[np.float32]:
        """Conductance (planes, n) of devices programmed to ``g``, ``seconds`` (n,) ago."""
        aged = g.copy()
        kernel.decay(aged, exponent, seconds, self.t0)
        return aged

    def exponent(self, x: Floats, z: Floats) -> Floats:
        """Drift exponent nu of devices with target ``x`` and normal draws ``z``."""
        return self.scale * np.abs(self.mean.at(x) + self.std.at(x) * z)

    def problems(self, read_period: float) -> Iterator[str]:
        """Why devices aged once in ``READS_PER_AGEING`` reads would jump, if they would."""
        least = READS_PER_AGEING * read_period / LONGEST_STEP
        if self.t0 < least:
            yield (
                f"drift.t0 must be at least {least:.3g} s with a clock.read_period of {read_period} s, "
                f"not {self.t0}: devices are aged once in {READS_PER_AGEING} reads"
            )
