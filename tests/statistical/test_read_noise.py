"""White read noise: output-referred and device by device are one law; frozen and slow noise are another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from draws import fresh_key
from numpy.typing import NDArray
from oracles_devices import read_moments
from scipy import stats

from hwnoise import Stream, substrate
from hwnoise.backends.emulator.layer import Layer
from hwnoise.kernels.read_noise import add_output_noise, product_and_variance, read_per_device, square
from hwnoise.network import DenseLayer
from hwnoise.testing import (
    assert_distribution,
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    assert_uncorrelated,
    draws_for_mean,
    draws_for_sigma,
)

Floats = NDArray[Any]
N_IN, N_OUT = 6, 6  # square, so that a transposed S fits, and goes unnoticed by shapes
READS = max(draws_for_sigma(0.02), draws_for_mean(0.02))
TICK = np.uint64(2**40)


def case(rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Random input, weights and spreads, the input with a zero."""
    x = rng.standard_normal(N_IN).astype(np.float32)
    x[1] = 0
    weight, s = rng.standard_normal((2, N_IN, N_OUT)).astype(np.float32)
    return x, weight, np.abs(s)


def per_device(key: np.uint64, x: Floats, weight: Floats, s: Floats) -> Floats:
    """``READS`` reads of one input: a draw for every device and read."""
    y = np.empty((READS, N_OUT), np.float32)
    read_per_device(np.tile(x, (READS, 1)), weight, s, key, TICK, y)
    return y


def at_outputs(key: np.uint64, x: Floats, weight: Floats, s: Floats) -> Floats:
    """``READS`` reads of one input: a draw for every output and read."""
    rows = np.tile(x, (READS, 1))
    y, squared = rows @ weight, np.empty_like(rows)
    square(rows, squared)
    add_output_noise(key, TICK, squared @ s**2, y)
    return y


FORMS = {"per device": per_device, "at outputs": at_outputs}


def check_law(y: Floats, mean: Floats, variance: Floats) -> None:
    """Moments and shape of every output, and no two that go together."""
    for j in range(N_OUT):
        assert_mean(y[:, j], mean[j], math.sqrt(variance[j]))
        assert_gaussian_std(y[:, j], math.sqrt(variance[j]))
        assert_distribution(y[:, j], stats.norm(mean[j], math.sqrt(variance[j])).cdf)
    for lag in (1, 2, 5):
        assert_uncorrelated(y[:, :-lag] - mean[:-lag], y[:, lag:] - mean[lag:])
    for lag in (1, 2, 64):
        assert_uncorrelated(y[:-lag] - mean, y[lag:] - mean)


@pytest.mark.parametrize("form", FORMS)
def test_the_two_forms_have_one_law(rng: np.random.Generator, form: str) -> None:
    """Check eq:read-noise and eq:read-noise-output against the same closed form."""
    x, weight, s = case(rng)
    read, key = FORMS[form], fresh_key(rng)
    mean, variance = read_moments(x, weight, s)
    y = read(key, x, weight, s)
    check_law(y, mean, variance)
    assert_rejects(check_law, read(key, x, weight, 1.02 * s), mean, variance)
    assert_rejects(check_law, read(key, x, weight, np.ascontiguousarray(s.T)), mean, variance)
    assert_rejects(check_law, read(key, x, weight, np.sqrt(s)), mean, variance)  # a variance as spread
    assert_rejects(check_law, np.repeat(y[::2], 2, axis=0)[:READS], mean, variance)  # one draw for two rows
    shared = mean + np.sqrt(variance) * ((y - mean) / np.sqrt(variance))[:, :1]
    assert_rejects(check_law, shared, mean, variance)  # one draw for all outputs


def check_covariance(first: Floats, second: Floats, x: Floats, other: Floats, s: Floats, rho: float) -> None:
    """``Cov(y, y') = rho sum x x' S**2``, seen in the spread of sum and difference."""
    a, b = read_moments(x, s, s)[1], read_moments(other, s, s)[1]
    shared = (x * other).astype(float) @ s.astype(float) ** 2
    for j in range(N_OUT):
        for sign in (1, -1):
            std = math.sqrt(a[j] + b[j] + 2 * sign * rho * shared[j])
            assert_gaussian_std(first[:, j] + sign * second[:, j], std)


@pytest.mark.parametrize("form", FORMS)
def test_fresh_noise_is_new_for_every_vector(rng: np.random.Generator, form: str) -> None:
    """Check eq:read-noise: two inputs of a batch share nothing, in either form."""
    x, weight, s = case(rng)
    other, key = case(rng)[0], fresh_key(rng)
    rows, y = np.tile(np.stack([x, other]), (READS, 1)), np.empty((2 * READS, N_OUT), np.float32)
    if form == "per device":
        read_per_device(rows, weight, s, key, TICK, y)
    else:
        y = rows @ weight
        add_output_noise(key, TICK, rows**2 @ s**2, y)
    check_covariance(y[::2], y[1::2], x, other, s, 0.0)
    assert_rejects(check_covariance, y[::2], y[1::2], x, other, s, 1.0)


def test_frozen_noise_is_shared_by_a_batch(rng: np.random.Generator) -> None:
    """Check eq:read-noise: where devices keep their draws, outputs of two inputs go together by x x' S**2.

    The output-referred form would share the draw of the output instead, which is other physics.
    """
    x, weight, s = case(rng)
    other, key = case(rng)[0], fresh_key(rng)
    frozen = [per_device(key, v, weight, s) for v in (x, other)]
    check_covariance(*frozen, x, other, s, 1.0)
    assert_rejects(check_covariance, *frozen, x, other, s, 0.0)
    assert_rejects(check_covariance, *(at_outputs(key, v, weight, s) for v in (x, other)), x, other, s, 1.0)


def test_one_vector_is_read_in_one_pass(rng: np.random.Generator) -> None:
    """Check eq:read-noise-output: mean and variance are the two products."""
    for shape in ((1, 1), (7, 3), (64, 128), (100, 65)):
        x = rng.standard_normal(shape[0]).astype(np.float32)
        x[::3] = 0
        weight, s2 = rng.random((2, *shape), np.float32)
        y, variance = np.full((2, shape[1]), np.nan, np.float32)
        product_and_variance(x, weight, s2, y, variance)
        np.testing.assert_allclose(y, x @ weight.astype(float), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(variance, x**2 @ s2.astype(float), rtol=1e-5)


def test_without_input_there_is_no_noise(rng: np.random.Generator) -> None:
    """Check eq:read-noise: a device that gets no input adds nothing."""
    _, weight, s = case(rng)
    nothing = np.zeros(N_IN, np.float32)
    for read in FORMS.values():
        assert not read(fresh_key(rng), nothing, weight, s).any()
    y, variance = np.full((2, N_OUT), np.nan, np.float32)
    product_and_variance(nothing, weight, s**2, y, variance)
    assert not y.any()
    assert not variance.any()


def layer(rng: np.random.Generator, weight: Floats, **effects: Any) -> Layer:
    """A layer of digital weights with the given effects."""
    chip = substrate.parse({"name": "test", "kind": "test", **effects})
    dense = DenseLayer("dense", weight.T, np.zeros(weight.shape[1], np.float32), "identity")
    return Layer(chip, dense, Stream(int(rng.integers(2**62))), 1.0)


@pytest.mark.parametrize(("dependence", "power"), [("constant", 0), ("sqrt", 0.5), ("proportional", 1)])
@pytest.mark.parametrize("rows", [1, 200])
def test_spread_follows_the_weight(
    rng: np.random.Generator, dependence: str, power: float, rows: int
) -> None:
    """Check eq:read-noise on a layer, one vector at a time and in batches."""
    weight = np.array([[0.5], [-2.0]], np.float32) * np.ones((1, 800), np.float32)
    noisy = layer(rng, weight, read_noise={"sigma": 0.1, "dependence": dependence})
    x = np.tile(np.array([[1.0, 0.0]], np.float32), (rows, 1))
    reads = [noisy.forward(x, tick)[0] for tick in range(0, 200, rows)]
    error, std = np.concatenate(reads) - 0.5, 0.1 * 2.0 * 0.25**power
    assert_mean(error, 0.0, std)
    assert_gaussian_std(error, std)
    assert_rejects(assert_gaussian_std, 1.02 * error, std)
    assert_uncorrelated(error[:-1], error[1:])
    assert_uncorrelated(error[:, :-1], error[:, 1:])


def test_node_noise(rng: np.random.Generator) -> None:
    """Check eq:node-noise: the same spread at every node, whatever the input, new at every read."""
    weight = rng.standard_normal((3, 400)).astype(np.float32)
    noisy = layer(rng, weight, node_noise={"sigma": 0.25}, dac={"bits": 12})
    x = 10 * rng.standard_normal((400, 3)).astype(np.float32)
    x[0] = 0
    exact = layer(rng, weight, dac={"bits": 12}).forward(x, 0)[0]
    error = noisy.forward(x, 7)[0] - exact
    assert_mean(error, 0.0, 0.25)
    assert_gaussian_std(error, 0.25)
    assert_distribution(error, stats.norm(0, 0.25).cdf)
    assert_uncorrelated(error[:-1], error[1:])
    assert_uncorrelated(error[:, :-1], error[:, 1:])
    assert_uncorrelated(error, noisy.forward(x, 407)[0] - exact)
    assert_rejects(assert_gaussian_std, 1.02 * error, 0.25)
    assert_rejects(assert_uncorrelated, error, noisy.forward(x, 7)[0] - exact)  # the same ticks
