"""Drift: exponents drawn at the target, a power of time for every device, and the published averages."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles_devices import Law, drift_factor, folded
from scipy import stats

from hwnoise import Stream, substrate
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.testing import (
    assert_distribution,
    assert_mean,
    assert_rejects,
    assert_uncorrelated,
    assert_variance,
    draws_for_mean,
    draws_for_sigma,
)

Floats = NDArray[Any]
PERIOD, T0, G_MAX = 250e-9, 20.0, 25.0
HOUR, DAY, YEAR = 3600.0, 86400.0, 31_536_000.0
N = 2 * max(draws_for_mean(0.02), draws_for_sigma(0.02))
DRIFT_ONLY = {"one_over_f": "off", "programming_noise": "off"}
POINTS = [0.0, 0.05, 0.1, 0.5, 1.0]


def pairs_at(rng: np.random.Generator, x: float, overrides: dict[str, Any]) -> DeviceArray:
    """``N`` pairs of a fresh chip with the normalised weight ``x``."""
    chip = substrate.load("pcm", overrides | {"conductance.scaling": "layer"})
    weight = np.full((1, N), x, np.float32)
    return DeviceArray(chip, weight, Stream(int(rng.integers(2**62))), 1 / abs(x) if x else 1.0)


def parameters(x: float) -> tuple[float, float]:
    """The published mean and spread of nu before it is folded."""
    log = math.log(max(x, 1e-7))
    mean = min(max(-0.0155 * log + 0.0244, 0.049), 0.1)
    return mean, min(max(-0.0125 * log - 0.0059, 0.008), 0.045)


def check_moments(nu: Floats, expected: Law) -> None:
    assert_mean(nu, expected.mean, expected.std)
    assert_variance(nu, expected.variance, expected.kurtosis)


@pytest.mark.parametrize("x", POINTS)
def test_exponents(rng: np.random.Generator, x: float) -> None:
    """Check eq:drift-exponent: folded normal, for the device in use and for its idle partner."""
    nu = pairs_at(rng, x, DRIFT_ONLY).state()["settling"]
    for device, target in ((nu[0], x), (nu[1], 0.0)):
        mean, std = parameters(target)
        check_moments(device, folded(mean, std))
        assert_distribution(device, stats.foldnorm(mean / std, scale=std).cdf)
    mean, std = parameters(x)
    z = rng.standard_normal(N)
    check_moments(np.abs(mean + std * z), folded(mean, std))
    assert_rejects(check_moments, np.abs(mean + 1.02 * std * z), folded(mean, std))
    assert_rejects(check_moments, np.abs(mean + 0.02 * std + std * z), folded(mean, std))


def test_exponents_that_are_not_folded_are_noticed(rng: np.random.Generator) -> None:
    """A negative exponent would let an idle device grow; log10 for ln, the partner's x: all noticed."""
    z, law = rng.standard_normal(N), folded(*parameters(0.1))
    decimal = -0.0155 * math.log10(0.1) + 0.0244
    for wrong in (decimal + law.std * z, folded(*parameters(0.0)).mean + law.std * z):
        assert_rejects(check_moments, np.abs(wrong), law)
    mean, std = parameters(0.0)
    assert_rejects(check_moments, mean + std * z, folded(mean, std))


def test_exponents_belong_to_the_target(rng: np.random.Generator) -> None:
    """Check eq:drift-exponent: at x_T, whatever conductance the programming reached."""
    state = pairs_at(rng, 0.05, {"one_over_f": "off"}).state()
    g, nu = state["g"][0], state["settling"][0]
    assert_uncorrelated(g, nu)
    check_moments(nu, folded(*parameters(0.05)))
    curve = np.vectorize(parameters)
    mean, std = curve(g / G_MAX)
    assert_rejects(assert_uncorrelated, g, np.abs(mean + std * rng.standard_normal(N)))


def test_exponents_are_independent(rng: np.random.Generator) -> None:
    """Between the two devices of a pair, and between neighbours."""
    nu = pairs_at(rng, 0.0, DRIFT_ONLY).state()["settling"]
    assert_uncorrelated(nu[0], nu[1])
    assert_uncorrelated(nu[:, :-1], nu[:, 1:])
    assert_rejects(assert_uncorrelated, nu[0], nu[0])  # one draw for both


def ticks(seconds: float) -> int:
    return round(seconds / PERIOD)


@pytest.mark.parametrize("seconds", [0.0, 1.0, HOUR, DAY, YEAR])
def test_every_pair_follows_its_power_of_time(rng: np.random.Generator, seconds: float) -> None:
    """Check eq:drift, device by device, with t0 in it and the natural logarithm."""
    pairs = pairs_at(rng, -0.5, {"one_over_f": "off"})
    state = pairs.state()
    seen = pairs.view(ticks(seconds)).weight.ravel()

    def weight(factor: Callable[[Floats], Floats]) -> Floats:
        g = state["g"] * factor(state["settling"])
        return (g[0] - g[1]) / G_MAX

    def check(expected: Floats) -> None:
        np.testing.assert_allclose(seen, expected, rtol=1e-5, atol=1e-7)

    check(weight(lambda nu: drift_factor(nu, seconds, T0)))
    if 0 < seconds < DAY:  # later, t0 is too small a part of t + t0
        assert_rejects(check, weight(lambda nu: (seconds / T0) ** -nu))
    if seconds:
        assert_rejects(check, weight(lambda nu: np.exp(-nu * math.log10((seconds + T0) / T0))))
        assert_rejects(check, weight(lambda nu: drift_factor(nu[::-1], seconds, T0)))


@pytest.mark.parametrize(
    ("seconds", "mean", "std"), [(HOUR, 0.7758, 0.0323), (DAY, 0.6650, 0.0446), (YEAR, 0.5002, 0.0573)]
)
def test_what_is_left_on_average(rng: np.random.Generator, seconds: float, mean: float, std: float) -> None:
    """Check eq:drift against the published averages, which are rounded to their last digit."""
    left = pairs_at(rng, 1.0, DRIFT_ONLY).view(ticks(seconds)).weight
    normal = (np.log(left) / math.log((seconds + T0) / T0) + 0.049) / -0.008
    assert_mean(normal, 0.0, 1.0)
    assert_variance(normal, 1.0, 3.0)
    assert left.mean() == pytest.approx(mean, abs=5e-5 + 5 * std / math.sqrt(N))
    assert left.std() == pytest.approx(std, abs=5e-5 + 5 * std / math.sqrt(N))


def test_a_rewritten_pair_starts_anew(rng: np.random.Generator) -> None:
    """Check eq:drift: time counts from the last programming, and that draws a new exponent."""
    pairs = DeviceArray(substrate.load("pcm", DRIFT_ONLY), np.ones((1, 2), np.float32), Stream(5), 2.0)
    before, late = pairs.state()["settling"], ticks(DAY)
    assert pairs.write(np.array([[0.5, 0.0]], np.float32), late) == 1
    after, seen = pairs.state()["settling"], pairs.view(late).weight[0]
    assert (after[:, 0] != before[:, 0]).all()
    assert (after[:, 1] == before[:, 1]).all()
    assert seen[0] == np.float32(0.75)
    assert seen[1] == pytest.approx(0.5 * drift_factor(before[0, 1], DAY, T0), rel=1e-4)
