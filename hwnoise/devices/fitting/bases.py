"""The forms that a parameter may take against x = g / g_max: regression columns and the curve they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.devices.curve import X_MIN

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Polynomial:
    """``sum_k c_k x**k`` up to ``degree``."""

    degree: int

    def columns(self, x: Floats) -> Floats:
        """Regression columns (n, degree + 1)."""
        return np.asarray(np.vander(x, self.degree + 1, increasing=True), np.float64)

    def keys(self) -> tuple[str, ...]:
        """Names of the coefficients in the curve."""
        return tuple(f"coefficients[{k}]" for k in range(self.degree + 1))

    def curve(self, coefficients: Sequence[float], seen: Floats) -> dict[str, Any]:
        """The table of the curve in a substrate file."""
        return {"shape": "polynomial", "coefficients": [float(c) for c in coefficients]}


@dataclass(frozen=True)
class Logarithm:
    """``slope ln x + intercept``, held at its value where measurements end."""

    def columns(self, x: Floats) -> Floats:
        """Regression columns (n, 2)."""
        return np.stack([np.ones_like(x), np.log(np.maximum(x, X_MIN))], axis=1)

    def keys(self) -> tuple[str, ...]:
        """Names of the coefficients in the curve."""
        return ("intercept", "slope")

    def curve(self, coefficients: Sequence[float], seen: Floats) -> dict[str, Any]:
        """The table of the curve in a substrate file; ``seen``: the x that were measured."""
        intercept, slope = (float(c) for c in coefficients)
        ends = self.columns(np.array([seen.min(), seen.max()])) @ np.asarray(coefficients)
        low, high = float(ends.min()), float(ends.max())
        return {"shape": "clipped_log", "slope": slope, "intercept": intercept, "low": low, "high": high}


Basis = Polynomial | Logarithm


def candidates(x: Floats, degrees: int, logarithm: bool) -> list[Basis]:
    """Forms that ``x`` can support: fewer coefficients than distinct x, ten devices for each."""
    most = min(len(np.unique(x)), len(x) // 10)
    found: list[Basis] = [Polynomial(degree) for degree in range(degrees + 1) if degree < max(most, 1)]
    return [*found, Logarithm()] if logarithm and most >= 2 else found
