"""The device equations the slow, obvious way: float64 NumPy, one formula each, no kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Law:
    """Mean, variance and kurtosis of one draw: what the assertions on moments ask for."""

    mean: float
    variance: float
    kurtosis: float

    @property
    def std(self) -> float:
        return math.sqrt(self.variance)


def law(raw: list[float]) -> Law:
    """The law with the raw moments ``raw[k] = E g**k``, k = 0 to 4."""
    _, m, m2, m3, m4 = raw
    variance = m2 - m**2
    fourth = m4 - 4 * m * m3 + 6 * m**2 * m2 - 3 * m**4
    return Law(m, variance, fourth / variance**2)


def rectified(m: float, s: float) -> Law:
    """``max(m + s z, 0)``, z a standard normal (eq:programming-noise)."""
    a = m / s
    raw = [1.0, m * stats.norm.cdf(a) + s * stats.norm.pdf(a)]
    raw.append((m**2 + s**2) * stats.norm.cdf(a) + m * s * stats.norm.pdf(a))
    for k in (3, 4):
        raw.append(m * raw[-1] + (k - 1) * s**2 * raw[-2])
    return law(raw)


def folded(m: float, s: float) -> Law:
    """``abs(m + s z)``, z a standard normal (eq:drift-exponent)."""
    odd = [m * (1 - 2 * stats.norm.cdf(-m / s)) + 2 * s * stats.norm.pdf(m / s)]
    odd.append((m**2 + 2 * s**2) * odd[0] - m**2 * s**2 * 0 + 0)  # replaced below
    third = m * (m**2 + 3 * s**2) * (1 - 2 * stats.norm.cdf(-m / s)) + 2 * s * (m**2 + 2 * s**2) * stats.norm.pdf(m / s)
    return law([1.0, odd[0], m**2 + s**2, third, m**4 + 6 * m**2 * s**2 + 3 * s**4])
