"""Mismatch: mean, spread and law of the factors, one per device and chip."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import oracles_array as oracles
import pytest
from draws import assert_independent, assert_streams_independent, fresh_key
from numpy.typing import NDArray
from oracles_devices import rectified
from pydantic import ValidationError
from scipy import stats

from hwnoise import Stream
from hwnoise.devices.mismatch import ConverterMismatch, Mismatch, NeuronMismatch
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.testing import (
    assert_distribution,
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    assert_variance,
    draws_for_mean,
    draws_for_sigma,
)

Floats = NDArray[np.floating]
SHAPE = (2, 1 + draws_for_sigma(0.02) // 2)
SIGMA = 0.1  # the default of rockpool's DYNAP-SE2 rule: 30 % at three sigma


def normal_cdf(z: Floats) -> Floats:
    from scipy import stats

    return stats.norm.cdf(z)


def standardized(factors: Floats, sigma: float, distribution: str) -> Floats:
    """The normal draws that the factors stand for."""
    if distribution == "normal":
        return (factors - 1) / sigma
    s = math.sqrt(math.log(1 + sigma**2))
    return (np.log(factors.astype(np.float64)) + s * s / 2) / s


def assert_factors(factors: Floats, sigma: float, distribution: str) -> None:
    z = standardized(factors, sigma, distribution)
    assert_mean(z, 0.0, 1.0)
    assert_gaussian_std(z, 1.0)
    assert_distribution(z, normal_cdf)


@pytest.mark.parametrize("distribution", ["normal", "lognormal"])
def test_law(rng: np.random.Generator, distribution: str) -> None:
    """Check eq:mismatch-normal and eq:mismatch-lognormal: sigma wrong by 2 %, or another law, is noticed."""
    factors = Mismatch(sigma=SIGMA, distribution=distribution).factors(fresh_key(rng), SHAPE)
    assert_factors(factors, SIGMA, distribution)
    wrong = Mismatch(sigma=1.02 * SIGMA, distribution=distribution).factors(fresh_key(rng), SHAPE)
    assert_rejects(assert_factors, wrong, SIGMA, distribution)
    uniform = 1 + SIGMA * math.sqrt(12) * (rng.random(SHAPE) - 0.5)
    assert_rejects(assert_factors, uniform, SIGMA, distribution)
    other = "lognormal" if distribution == "normal" else "normal"
    assert_rejects(assert_factors, factors, SIGMA, other)


def test_lognormal_factors_have_mean_one_and_their_sigma(rng: np.random.Generator) -> None:
    """Check eq:mismatch-lognormal: sigma is the spread of the factor; a median of 1 is noticed."""
    sigma = 0.3
    w = 1 + sigma**2  # kurtosis of a lognormal: w**4 + 2 w**3 + 3 w**2 - 3
    factors = Mismatch(sigma=sigma, distribution="lognormal").factors(
        fresh_key(rng), (1, draws_for_mean(0.02) * 2)
    )
    assert_mean(factors, 1.0, sigma)
    assert_variance(factors, sigma**2, w**4 + 2 * w**3 + 3 * w**2 - 3)
    assert_rejects(assert_mean, factors * math.sqrt(w), 1.0, sigma)


def test_clipped_factors_at_the_bound(rng: np.random.Generator) -> None:
    """Check eq:mismatch-normal: at sigma = 1/3 mean and spread are those of a rectified normal."""
    law = rectified(3.0, 1.0)
    factors = Mismatch(sigma=1 / 3).factors(fresh_key(rng), (1, draws_for_mean(0.01)))
    assert factors.min() == 0.0
    assert_mean(3 * factors, law.mean, law.std)
    assert_rejects(assert_mean, 3 * factors + 0.02, law.mean, law.std)


@pytest.mark.parametrize("distribution", ["normal", "lognormal"])
def test_factors_are_the_normal_draws_mapped(rng: np.random.Generator, distribution: str) -> None:
    """Check eq:mismatch-normal and eq:mismatch-lognormal against the oracle, from one key at two sigmas."""
    key, z = fresh_key(rng), np.empty((3, 200), np.float32)
    fill_gaussian(key, np.uint64(0), z)
    for sigma in (0.05, 0.3):
        found = Mismatch(sigma=sigma, distribution=distribution).factors(key, z.shape)
        wanted = oracles.mismatch_factor(z.astype(np.float64), sigma, distribution)
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_devices_planes_and_chips_are_independent(rng: np.random.Generator) -> None:
    """Check eq:mismatch-normal: no device has another's factor."""
    mismatch, shape = Mismatch(sigma=SIGMA), (256, 1024)
    chip, other = fresh_key(rng), fresh_key(rng)
    factors = mismatch.factors(chip, shape)
    assert_independent(factors - 1)
    assert_streams_independent(factors - 1, mismatch.factors(other, shape) - 1)
    assert_rejects(assert_independent, np.repeat(factors[:1], 256, axis=0) - 1)
    assert_rejects(assert_streams_independent, factors - 1, mismatch.factors(chip, shape) - 1)


@pytest.mark.parametrize("distribution", ["normal", "lognormal"])
def test_writes_leave_the_factor(rng: np.random.Generator, distribution: str) -> None:
    """Check eq:mismatch-normal: any few devices, in any order, get the factors of the whole chip."""
    key, mismatch = fresh_key(rng), Mismatch(sigma=SIGMA, distribution=distribution)
    whole = mismatch.factors(key, (2, 5000))
    for plane in (0, 1):
        for elements in (np.arange(5000), rng.permutation(5000)[:300], np.array([4999])):
            g = np.full(len(elements), 2.0, np.float32)
            mismatch.scale(key, plane, elements, g)
            np.testing.assert_allclose(g, 2 * whole[plane, elements], rtol=1e-6)


def test_dynamic_mismatch_is_noise_with_the_summed_variance(rng: np.random.Generator) -> None:
    """Check eq:mismatch-dynamic: factors drawn device by device, summed, have the stated variance."""
    mismatch = Mismatch(sigma=SIGMA, refresh="dynamic")
    x, g = rng.uniform(-1, 1, 64), rng.uniform(0, 25, 64).astype(np.float32)
    reads = draws_for_sigma(0.02)
    factors = mismatch.factors(fresh_key(rng), (reads, 64)).astype(np.float64)
    sigma = math.sqrt(float(x**2 @ mismatch.variance_at(g)))
    noise = (factors - 1) @ (x * g)
    assert_gaussian_std(noise, sigma)
    assert_rejects(assert_gaussian_std, 1.02 * noise, sigma)
    assert mismatch.handles == ("paired", "mean_subtracted")
    still = g.copy()
    mismatch.scale(fresh_key(rng), 0, np.arange(64), still)
    assert np.array_equal(still, g)
    assert not Mismatch(sigma=SIGMA).variance_at(g).any()


def test_converter_gain_and_offset(rng: np.random.Generator) -> None:
    """Check eq:converter-mismatch: both spreads, independent of each other."""
    gain, offset = ConverterMismatch(gain=0.02, offset=0.01).draw(Stream(int(rng.integers(2**62))), SHAPE)
    assert_mean(gain, 1.0, 0.02)
    assert_gaussian_std(gain - 1, 0.02)
    assert_mean(offset, 0.0, 0.01)
    assert_gaussian_std(offset, 0.01)
    assert_distribution(gain.ravel(), stats.norm(1, 0.02).cdf)
    assert_distribution(offset.ravel(), stats.norm(0, 0.01).cdf)
    assert_streams_independent(gain - 1, offset)
    assert_rejects(assert_gaussian_std, 1.02 * offset, 0.01)
    assert_rejects(assert_gaussian_std, 1.02 * (gain - 1), 0.02)
    same = ConverterMismatch(gain=0.01, offset=0.01).draw(Stream(1), (1, 50))[1]
    assert_rejects(assert_streams_independent, same, same)


def test_neuron_parameters(rng: np.random.Generator) -> None:
    """Check eq:mismatch-normal: each named parameter spreads on its own, the others stay."""
    neurons, chip = (
        NeuronMismatch(sigma=SIGMA, parameters=("tau_mem", "v_threshold")),
        Stream(int(rng.integers(2**62))),
    )
    nominal = np.full(draws_for_sigma(0.02), 0.02, np.float32)
    tau, threshold = (neurons.spread(name, nominal, chip) for name in neurons.parameters)
    assert_factors(tau / 0.02, SIGMA, "normal")
    assert_streams_independent(tau - 0.02, threshold - 0.02)
    assert neurons.spread("v_reset", nominal, chip) is nominal


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Mismatch(sigma=0.5), "sigma must be <= 1/3"),
        (lambda: Mismatch(sigma=0.1, handles=("paired",)), "a frozen mismatch has no handles"),
        (
            lambda: Mismatch(sigma=0.1, refresh="dynamic", distribution="lognormal"),
            "only normal draws add up",
        ),
    ],
)
def test_what_physics_forbids_is_refused(make: Callable[[], Mismatch], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        make()
