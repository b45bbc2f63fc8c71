"""The statistical assertions: as many false alarms as stated, the power designed for, and teeth."""

from __future__ import annotations

import doctest
import math
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

import hwnoise
from hwnoise import testing
from hwnoise.errors import InputError
from hwnoise.testing import (
    assert_distribution,
    assert_frequencies,
    assert_gaussian_std,
    assert_mean,
    assert_probability,
    assert_rejects,
    assert_uncorrelated,
    assert_variance,
    draws_for_mean,
    draws_for_sigma,
    power,
)

Check = Callable[[np.random.Generator, float], None]
ODDS = np.array([0.1, 0.2, 0.3, 0.4])

# Each check on n = 1000 draws that are what they should be.
FAIR: dict[str, Check] = {
    "mean": lambda rng, alpha: assert_mean(rng.normal(3, 2, 1000), 3, 2, alpha=alpha),
    "gaussian_std": lambda rng, alpha: assert_gaussian_std(rng.normal(3, 2, 1000), 2, alpha=alpha),
    "variance": lambda rng, alpha: assert_variance(rng.random(1000), 1 / 12, 1.8, alpha=alpha),
    "distribution": lambda rng, alpha: assert_distribution(rng.random(1000), stats.uniform.cdf, alpha=alpha),
    "frequencies": lambda rng, alpha: assert_frequencies(rng.multinomial(1000, ODDS), ODDS, alpha=alpha),
    "uncorrelated": lambda rng, alpha: assert_uncorrelated(*rng.normal(size=(2, 1000)), alpha=alpha),
}

# Each check on draws that are wrong.
WRONG: dict[str, Callable[[np.random.Generator], None]] = {
    "mean off by 0.05 sigma": lambda rng: assert_mean(rng.normal(0.05, 1, draws_for_mean(0.05)), 0, 1),
    "sigma 2 % high": lambda rng: assert_gaussian_std(rng.normal(0, 1.02, draws_for_sigma(0.02)), 1),
    "sigma 2 % low": lambda rng: assert_gaussian_std(rng.normal(0, 0.98, draws_for_sigma(0.02)), 1),
    "variance 4 % high": lambda rng: assert_variance(1.02 * rng.random(80_000), 1 / 12, 1.8),
    "uniform, not Gaussian": lambda rng: assert_distribution(
        rng.uniform(-math.sqrt(3), math.sqrt(3), 10_000), stats.norm.cdf
    ),
    "cells of .25/.15": lambda rng: assert_frequencies(
        rng.multinomial(5000, [0.25, 0.15, 0.2, 0.2, 0.2]), np.full(5, 0.2)
    ),
    "p = .55": lambda rng: assert_probability(rng.binomial(10_000, 0.55), 10_000, 0.5),
    "one stream shared by two devices": lambda rng: assert_uncorrelated(*[rng.normal(size=1000)] * 2),
    "correlation of -.2": lambda rng: assert_uncorrelated(
        *rng.multivariate_normal([0, 0], [[1, -0.2], [-0.2, 1]], 2000).T
    ),
}


def is_rejected(check: Callable[..., None], *args: object) -> bool:
    try:
        check(*args)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("name", FAIR)
def test_false_alarms_are_as_rare_as_stated(name: str, rng: np.random.Generator) -> None:
    trials = 2000
    alarms = sum(is_rejected(FAIR[name], rng, 0.01) for _ in range(trials))
    assert_probability(alarms, trials, 0.01)


@pytest.mark.parametrize("n", [1, 20, 1000])
@pytest.mark.parametrize("p", [0.0, 0.01, 0.5, 0.9])
def test_the_exact_binomial_check_never_exceeds_its_rate(n: int, p: float) -> None:
    rejected = [k for k in range(n + 1) if is_rejected(lambda k=k: assert_probability(k, n, p, alpha=0.01))]
    assert stats.binom.pmf(rejected, n, p).sum() <= 0.01


@pytest.mark.parametrize("name", WRONG)
def test_wrong_draws_are_rejected(name: str, rng: np.random.Generator) -> None:
    assert_rejects(WRONG[name], rng)


@pytest.mark.parametrize("error", [-0.1, 0.1])
def test_sigma_is_noticed_with_the_designed_power(error: float, rng: np.random.Generator) -> None:
    n, trials = draws_for_sigma(error, alpha=0.01, power=0.9), 1000
    noticed = sum(
        is_rejected(lambda: assert_gaussian_std(rng.normal(0, 1 + error, n), 1, alpha=0.01))
        for _ in range(trials)
    )
    # The design is the large-n formula; at this n it may be off by a few per cent of power.
    assert 0.9 - 0.08 < noticed / trials < 0.9 + 0.08


def test_a_mean_is_noticed_with_the_designed_power(rng: np.random.Generator) -> None:
    n, trials = draws_for_mean(0.1, alpha=0.01, power=0.9), 1000
    noticed = sum(
        is_rejected(lambda: assert_mean(rng.normal(0.1, 1, n), 0, 1, alpha=0.01)) for _ in range(trials)
    )
    assert_probability(noticed, trials, 0.9)


def test_kolmogorov_smirnov_alone_misses_a_wrong_sigma(rng: np.random.Generator) -> None:
    draws = rng.normal(0, 1.02, draws_for_sigma(0.02))
    assert_distribution(draws, stats.norm.cdf)
    assert_rejects(assert_gaussian_std, draws, 1)


def test_designed_sizes_match_their_formula() -> None:
    reach = stats.norm.isf(testing.ALPHA / 2) + stats.norm.isf(1 - testing.POWER)
    assert draws_for_sigma(0.02) == math.ceil((reach / 0.02) ** 2 / 2) == 79_638
    assert draws_for_mean(-0.01) == math.ceil((reach / 0.01) ** 2) == 637_103


@pytest.mark.parametrize(
    "check",
    [
        lambda: assert_frequencies([50, 9], [0.85, 0.15]),
        lambda: assert_frequencies([50, 50], [0.5, 0.6]),
        lambda: assert_frequencies([50, 50], [0.2, 0.3, 0.5]),
        lambda: assert_mean([], 0, 1),
        lambda: assert_mean([0.0, math.nan], 0, 1),
        lambda: assert_mean([0.0], 0, 0),
        lambda: assert_mean([0.0], 0, 1, alpha=0),
        lambda: assert_gaussian_std([0.0], 1),
        lambda: assert_gaussian_std([0.0, 1.0], -1),
        lambda: assert_variance(np.zeros(1000), 1, 0.5),
        lambda: assert_probability(3, 2, 0.5),
        lambda: assert_probability(1, 2, 1.5),
        lambda: assert_uncorrelated(np.arange(10), np.arange(11)),
        lambda: assert_uncorrelated(np.arange(10), np.ones(10)),
        lambda: draws_for_sigma(0),
        lambda: draws_for_mean(0.1, power=1),
    ],
)
def test_unusable_input_is_refused_and_not_taken_for_a_finding(check: Callable[[], object]) -> None:
    with pytest.raises(InputError):
        assert_rejects(check)


def test_a_mutant_that_passes_is_reported_by_name() -> None:
    with pytest.raises(AssertionError, match="assert_mean accepted what it has to reject"):
        assert_rejects(assert_mean, [0.0], 0, 1)


def test_a_failure_says_what_was_seen_and_expected() -> None:
    with pytest.raises(
        AssertionError, match=r"mean of 100 draws is 1, expected 0 \(p = 1\.5e-23, below 1\.0e-06\)"
    ):
        assert_mean(np.ones(100), 0, 1)


@pytest.mark.parametrize("module", [hwnoise, testing, power], ids=lambda module: module.__name__)
def test_the_documented_examples_run(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
