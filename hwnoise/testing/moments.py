"""Do the mean, the spread and the correlation of a sample fit the numbers of the device?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from hwnoise.testing.verdict import ALPHA, as_draws, judge, require, two_sided


def assert_mean(x: ArrayLike, mean: float, std: float, *, alpha: float = ALPHA) -> None:
    """Check the mean of independent draws whose standard deviation is known (z test).

    Parameters
    ----------
    x : array_like of n >= 1 draws
        Any shape; every element is one draw.
    mean, std : float
        What the draws should have; ``std`` > 0, both in the unit of ``x``.
    alpha : float, in (0, 1)
        Probability of a false alarm.

    Raises
    ------
    AssertionError
        The mean is too far off to be chance.
    InputError
        The draws are not finite or too few, or a parameter is out of range.

    Notes
    -----
    Exact for Gaussian draws; others through the central limit theorem, so give them n >= 1000.
    """
    values = as_draws(x, 1)
    require(std > 0, f"std is {std}, but must be above 0")
    z = (values.mean() - mean) / std * math.sqrt(values.size)
    judge(two_sided(z), alpha, f"mean of {values.size} draws is {values.mean():.6g}, expected {mean:.6g}")


def assert_gaussian_std(x: ArrayLike, sigma: float, *, alpha: float = ALPHA) -> None:
    """Check the standard deviation of independent Gaussian draws (chi-square test).

    Parameters
    ----------
    x : array_like of n >= 2 draws
        Their mean is estimated from themselves.
    sigma : float, > 0
        The standard deviation they should have.
    alpha : float, in (0, 1)
        Probability of a false alarm.

    Raises
    ------
    AssertionError
        The spread is too far off to be chance.
    InputError
        The draws are not finite or too few, or a parameter is out of range.

    Notes
    -----
    The sum of squares over sigma**2 follows chi-square with n - 1 degrees of freedom (Helmert, Zeitschrift
    für Mathematik und Physik 21, 1876), for Gaussian draws only: see :func:`assert_variance` for others.
    """
    from scipy import stats

    values = as_draws(x, 2)
    require(sigma > 0, f"sigma is {sigma}, but must be above 0")
    squares, freedom = float(((values - values.mean()) ** 2).sum()) / sigma**2, values.size - 1
    p = 2 * min(stats.chi2.sf(squares, freedom), stats.chi2.cdf(squares, freedom))
    judge(p, alpha, f"std of {values.size} draws is {values.std(ddof=1):.6g}, expected {sigma:.6g}")


def assert_variance(x: ArrayLike, variance: float, kurtosis: float, *, alpha: float = ALPHA) -> None:
    """Check the variance of independent draws of any known shape (z test).

    Parameters
    ----------
    x : array_like of n >= 1000 draws
        Their mean is estimated from themselves.
    variance : float, > 0
        The variance they should have.
    kurtosis : float, >= 1
        Their fourth central moment over variance**2: 3 for Gaussian, 1.8 for uniform draws.
    alpha : float, in (0, 1)
        Probability of a false alarm.

    Raises
    ------
    AssertionError
        The variance is too far off to be chance.
    InputError
        The draws are not finite or too few, or a parameter is out of range.

    Notes
    -----
    The sample variance itself has variance ``variance**2 * (kurtosis - (n - 3) / (n - 1)) / n`` (Mood,
    Graybill and Boes, Introduction to the Theory of Statistics, 1974, chapter VI).
    """
    values = as_draws(x, 1000)
    require(variance > 0, f"variance is {variance}, but must be above 0")
    require(kurtosis >= 1, f"kurtosis is {kurtosis}, but no distribution has less than 1")
    n, found = values.size, float(values.var(ddof=1))
    error = variance * math.sqrt((kurtosis - (n - 3) / (n - 1)) / n)
    judge(
        two_sided((found - variance) / error),
        alpha,
        f"variance of {n} draws is {found:.6g}, expected {variance:.6g}",
    )


def assert_uncorrelated(x: ArrayLike, y: ArrayLike, *, alpha: float = ALPHA) -> None:
    """Check that two samples are not correlated, element by element (Fisher's z).

    Parameters
    ----------
    x, y : array_like of n >= 10 draws
        Of one shape; pairs are independent of each other.
    alpha : float, in (0, 1)
        Probability of a false alarm.

    Raises
    ------
    AssertionError
        The correlation is too large to be chance.
    InputError
        The shapes differ, or the draws are not finite, too few or constant.

    Notes
    -----
    ``atanh(r) * sqrt(n - 3)`` is nearly standard normal for Gaussian pairs (Fisher, Metron 1, 1921), and for
    others through the central limit theorem.
    """
    a, b = as_draws(x, 10), as_draws(y, 10)
    require(a.shape == b.shape, f"x holds {a.size} draws, but y {b.size}")
    require(bool(a.std() > 0 and b.std() > 0), "a constant sample has no correlation")
    r = float(np.corrcoef(a, b)[0, 1])
    # Rounding can put a perfect correlation at or beyond 1, where atanh ends.
    z = math.atanh(min(max(r, -1 + 1e-15), 1 - 1e-15)) * math.sqrt(a.size - 3)
    judge(two_sided(z), alpha, f"correlation of {a.size} pairs is {r:.6g}, expected 0")
