"""The few shapes in which papers publish how a parameter depends on the conductance."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Floats = NDArray[np.float64]
X_MIN = 1e-7  # keeps the logarithm of an unused device finite; the clips decide its value


class _Curve(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Polynomial(_Curve):
    """``sum_k coefficients[k] x**k``."""

    shape: Literal["polynomial"] = "polynomial"
    coefficients: tuple[float, ...] = Field(min_length=1)

    def at(self, x: Floats) -> Floats:
        """Value at ``x = g / g_max`` in [0, 1]."""
        return np.polynomial.polynomial.polyval(x, np.asarray(self.coefficients))


class ClippedLog(_Curve):
    """``clip(slope ln x + intercept, low, high)``."""

    shape: Literal["clipped_log"] = "clipped_log"
    slope: float
    intercept: float
    low: float
    high: float

    def at(self, x: Floats) -> Floats:
        """Value at ``x = g / g_max`` in [0, 1]."""
        value = self.slope * np.log(np.maximum(x, X_MIN)) + self.intercept
        return np.clip(value, self.low, self.high)


class ClippedPower(_Curve):
    """``min(amplitude / max(x**exponent, floor), cap)``."""

    shape: Literal["clipped_power"] = "clipped_power"
    amplitude: float = Field(ge=0)
    exponent: float
    floor: float = Field(gt=0)
    cap: float = Field(ge=0)

    def at(self, x: Floats) -> Floats:
        """Value at ``x = g / g_max`` in [0, 1]."""
        return np.minimum(self.amplitude / np.maximum(np.maximum(x, 0.0) ** self.exponent, self.floor), self.cap)


Curve = Annotated[Polynomial | ClippedLog | ClippedPower, Field(discriminator="shape")]
