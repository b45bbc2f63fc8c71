"""What every statistical assertion shares: which draws it takes, and when it fails."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwnoise.errors import InputError

ALPHA = 1e-6  # false alarms per check: of a thousand runs with a thousand checks each, one fails by chance

Array = NDArray[np.float64]


def as_draws(x: ArrayLike, least: int) -> Array:
    """Return ``x`` as a flat array of at least ``least`` finite numbers, or raise InputError."""
    values = np.asarray(x, dtype=np.float64).ravel()
    require(values.size >= least, f"{values.size} draws were given, but this check needs {least}")
    # Not an assertion: a mutant that yields NaN by accident must not count as noticed.
    require(bool(np.isfinite(values).all()), "the draws hold numbers that are not finite")
    return values


def require(condition: bool, otherwise: str) -> None:
    """Raise InputError with the sentence ``otherwise`` unless ``condition`` holds."""
    if not condition:
        raise InputError(otherwise)


def judge(p: float, alpha: float, what: str) -> None:
    """Raise AssertionError, saying ``what`` was seen, if it has a probability ``p`` below ``alpha``."""
    require(0 < alpha < 1, f"alpha is {alpha}, but must be between 0 and 1")
    if p < alpha:
        raise AssertionError(f"{what} (p = {p:.1e}, below {alpha:.1e})")


def two_sided(z: float) -> float:
    """Return the probability that a standard normal is at least as far from 0 as ``z``."""
    return math.erfc(abs(z) / math.sqrt(2))
