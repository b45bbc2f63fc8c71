"""Would a test notice? How many draws it needs for that, and the wrong device it has to reject."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

from hwnoise.testing.verdict import ALPHA, require

POWER = 0.999  # probability with which the designed error is noticed


def draws_for_mean(shift_in_sigmas: float, *, alpha: float = ALPHA, power: float = POWER) -> int:
    """Return how many draws :func:`assert_mean` needs to notice a mean off by ``shift_in_sigmas``.

    Parameters
    ----------
    shift_in_sigmas : float, not 0
        Error of the mean in standard deviations of one draw.
    alpha, power : float, in (0, 1)
        Probabilities of a false alarm, and of noticing.

    Notes
    -----
    ``(z / shift)**2`` with z the sum of the normal quantiles of alpha / 2 and 1 - power, 7.98 by default
    (Lehmann and Romano, Testing Statistical Hypotheses, 2005).

    Examples
    --------
    >>> draws_for_mean(0.01)
    637103
    """
    require(shift_in_sigmas != 0, "a shift of 0 cannot be noticed")
    return math.ceil((_reach(alpha, power) / shift_in_sigmas) ** 2)


def draws_for_sigma(relative_error: float, *, alpha: float = ALPHA, power: float = POWER) -> int:
    """Return how many draws :func:`assert_gaussian_std` needs to notice a sigma off by ``relative_error``.

    Parameters
    ----------
    relative_error : float, not 0
        0.02 for a sigma wrong by 2 %.
    alpha, power : float, in (0, 1)
        Probabilities of a false alarm, and of noticing.

    Notes
    -----
    ``(z / error)**2 / 2``, as the logarithm of a sample's standard deviation has variance 1 / (2 n).

    Examples
    --------
    >>> draws_for_sigma(0.02)
    79638
    """
    require(relative_error != 0, "an error of 0 cannot be noticed")
    return math.ceil((_reach(alpha, power) / relative_error) ** 2 / 2)


def assert_rejects(assertion: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    """Check that ``assertion(*args, **kwargs)`` fails: the negative control of a statistical test.

    Parameters
    ----------
    assertion : callable
        One of the assertions here, or a function that makes several.
    *args, **kwargs
        Handed to it; a sample from a device that is wrong on purpose.

    Raises
    ------
    AssertionError
        The wrong device went unnoticed.
    """
    try:
        assertion(*args, **kwargs)
    except AssertionError:
        return
    raise AssertionError(f"{getattr(assertion, '__name__', assertion)} accepted what it has to reject")


def _reach(alpha: float, power: float) -> float:
    require(0 < alpha < 1 and 0 < power < 1, f"alpha {alpha} and power {power} must be between 0 and 1")
    normal = NormalDist()
    return -normal.inv_cdf(alpha / 2) + normal.inv_cdf(power)
