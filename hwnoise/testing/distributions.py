"""Does a sample have the shape, or do its outcomes have the frequencies, that the device should give?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from hwnoise.testing.verdict import ALPHA, Array, as_draws, judge, require

MIN_EXPECTED = 10  # counts in a cell; below it the tail of chi-square is wrong (Cochran, Biometrics 10, 1954)


def assert_distribution(x: ArrayLike, cdf: Callable[[Array], ArrayLike], *, alpha: float = ALPHA) -> None:
    """Check the shape of a continuous distribution (Kolmogorov-Smirnov test).

    Parameters
    ----------
    x : array_like of n >= 1 independent draws
        From a distribution without atoms.
    cdf : callable
        Cumulative distribution function, array to array, without parameters fitted to ``x``.
    alpha : float, in (0, 1)
        Probability of a false alarm.

    Raises
    ------
    AssertionError
        The draws do not follow ``cdf``.
    InputError
        The draws are not finite.

    Notes
    -----
    Kolmogorov, Giornale dell'Istituto Italiano degli Attuari 4, 1933. Blind to small errors of a moment.
    """
    from scipy import stats

    values = as_draws(x, 1)
    distance, p = stats.kstest(values, cdf)
    judge(p, alpha, f"{values.size} draws lie up to {distance:.3g} from the expected distribution function")


def assert_frequencies(counts: ArrayLike, probabilities: ArrayLike, *, alpha: float = ALPHA) -> None:
    """Check how often each of k outcomes came up (Pearson's chi-square test).

    Parameters
    ----------
    counts : (k,) array_like of int
        How often each outcome was seen, k >= 2.
    probabilities : (k,) array_like of float
        How likely each is; they add up to 1.
    alpha : float, in (0, 1)
        Probability of a false alarm.

    Raises
    ------
    AssertionError
        The frequencies are too far off to be chance.
    InputError
        A cell expects fewer than 10 counts, or the probabilities do not add up to 1.

    Notes
    -----
    Pearson, Philosophical Magazine 50, 1900; the least expected count after Cochran, Biometrics 10, 1954.
    """
    from scipy import stats

    seen, odds = as_draws(counts, 2), as_draws(probabilities, 2)
    require(seen.shape == odds.shape, f"{seen.size} counts were given for {odds.size} probabilities")
    require(abs(odds.sum() - 1) < 1e-9, f"probabilities add up to {odds.sum():.9g}, but must to 1")
    expected = seen.sum() * odds
    require(
        expected.min() >= MIN_EXPECTED,
        f"a cell expects {expected.min():.3g} counts, not {MIN_EXPECTED} or more: draw more or merge cells",
    )
    statistic = float(((seen - expected) ** 2 / expected).sum())
    worst = int(np.argmax(np.abs(seen - expected) / np.sqrt(expected)))
    what = f"outcome {worst} came up {seen[worst]:.0f} times, expected {expected[worst]:.1f}"
    judge(stats.chi2.sf(statistic, seen.size - 1), alpha, what)


def assert_probability(successes: int, n: int, p: float, *, alpha: float = ALPHA) -> None:
    """Check how often a yes-or-no event happened (exact binomial test, two-sided).

    Parameters
    ----------
    successes, n : int
        The event happened ``successes`` times in ``n`` >= 1 independent trials.
    p : float, in [0, 1]
        Its probability.
    alpha : float, in (0, 1)
        Probability of a false alarm; the true one is lower, as counts are whole.

    Raises
    ------
    AssertionError
        The count is too far off to be chance.
    InputError
        ``successes`` is not within 0 to ``n``, or ``p`` not within 0 to 1.

    Notes
    -----
    Clopper and Pearson, Biometrika 26, 1934.
    """
    from scipy import stats

    require(0 <= successes <= n and n >= 1, f"{successes} successes in {n} trials cannot be")
    require(0 <= p <= 1, f"p is {p}, but must be between 0 and 1")
    tail = min(stats.binom.cdf(successes, n, p), stats.binom.sf(successes - 1, n, p))
    judge(2 * tail, alpha, f"{successes} of {n} trials succeeded, expected {n * p:.6g}")
