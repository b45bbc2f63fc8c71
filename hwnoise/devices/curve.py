"""The few shapes in which papers publish how a parameter depends on the conductance."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Floats = NDArray[np.float64]
X_MIN = 1e-7  # keeps logarithm and power of an unused device finite; the clips decide their value
LARGEST = 1e3  # of a parameter; published ones are below 10
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Curve(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class Polynomial(_Curve):
    """``sum_k coefficients[k] x**k``."""

    shape: Literal["polynomial"] = "polynomial"
    coefficients: tuple[Number, ...] = Field(min_length=1, max_length=16, strict=False)

    def at(self, x: Floats) -> Floats:
        """Value at ``x = g / g_max`` in [0, 1]."""
        return np.asarray(np.polynomial.polynomial.polyval(x, np.asarray(self.coefficients)))


class ClippedLog(_Curve):
    """``clip(slope ln x + intercept, low, high)``."""

    shape: Literal["clipped_log"] = "clipped_log"
    slope: Number
    intercept: Number
    low: Number
    high: Number

    @model_validator(mode="after")
    def _low_is_below_high(self) -> ClippedLog:
        if self.low > self.high:
            raise ValueError(f"low = {self.low} must be at most high = {self.high}")
        return self

    def at(self, x: Floats) -> Floats:
        """Value at ``x = g / g_max`` in [0, 1]."""
        value = self.slope * np.log(np.maximum(x, X_MIN)) + self.intercept
        return np.asarray(np.clip(value, self.low, self.high))


class ClippedPower(_Curve):
    """``min(amplitude / max(x**exponent, floor), cap)``."""

    shape: Literal["clipped_power"] = "clipped_power"
    amplitude: float = Field(ge=0, le=LARGEST)
    exponent: float = Field(ge=-4, le=4)
    floor: float = Field(ge=1e-9, le=LARGEST)
    cap: float = Field(ge=0, le=LARGEST)

    def at(self, x: Floats) -> Floats:
        """Value at ``x = g / g_max`` in [0, 1]."""
        power = np.maximum(np.maximum(x, X_MIN) ** self.exponent, self.floor)
        return np.asarray(np.minimum(self.amplitude / power, self.cap))


class Saturating(_Curve):
    """``amplitude (1 - exp(-x / scale))``."""

    shape: Literal["saturating"] = "saturating"
    amplitude: Number
    scale: float = Field(ge=1e-9, le=LARGEST)

    def at(self, x: Floats) -> Floats:
        """Value at ``x = g / g_max`` in [0, 1]."""
        return np.asarray(-self.amplitude * np.expm1(-x / self.scale))


class Log10(_Curve):
    """``amplitude log10(x reference)``, 0 where that is negative; ``reference`` in the unit of g."""

    shape: Literal["log10"] = "log10"
    amplitude: Number
    reference: float = Field(gt=0, le=1e6)

    def at(self, x: Floats) -> Floats:
        """Value at ``x = g / g_max`` in [0, 1]; ``reference`` is the g_max of the fit."""
        return np.asarray(self.amplitude * np.log10(np.maximum(x * self.reference, 1.0)))


class Table(_Curve):
    """``y`` against ``x``, linear between the points, and beyond them as at the nearest."""

    shape: Literal["table"] = "table"
    x: tuple[Share, ...] = Field(min_length=2, max_length=1000, strict=False)
    y: tuple[Number, ...] = Field(min_length=2, max_length=1000, strict=False)

    @model_validator(mode="after")
    def _columns_agree(self) -> Table:
        if len(self.x) != len(self.y):
            raise ValueError(f"x and y must be of equal length, not {len(self.x)} and {len(self.y)}")
        if any(after <= before for before, after in pairwise(self.x)):
            raise ValueError("x must increase from point to point")
        return self

    def at(self, x: Floats) -> Floats:
        """Value at ``x = g / g_max`` in [0, 1]."""
        return np.asarray(np.interp(x, self.x, self.y))


Smooth = Annotated[
    Polynomial | ClippedLog | ClippedPower | Saturating | Log10 | Table, Field(discriminator="shape")
]


class Piecewise(_Curve):
    """``below`` where ``x < knee``, else ``above``."""

    shape: Literal["piecewise"] = "piecewise"
    knee: float = Field(gt=0, lt=1)
    below: Smooth
    above: Smooth

    def at(self, x: Floats) -> Floats:
        """Value at ``x = g / g_max`` in [0, 1]."""
        return np.where(x < self.knee, self.below.at(x), self.above.at(x))


Curve = Annotated[
    Polynomial | ClippedLog | ClippedPower | Saturating | Log10 | Table | Piecewise,
    Field(discriminator="shape"),
]
