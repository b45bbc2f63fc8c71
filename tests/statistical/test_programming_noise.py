"""What a programming leaves off its target: clipped, independent, drawn anew with every write."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from draws import fresh_key
from numpy.typing import NDArray
from oracles_devices import Law, rectified
from scipy import stats

from hwnoise import Stream, substrate
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.kernels.programming_noise import write_draws
from hwnoise.testing import (
    assert_distribution,
    assert_mean,
    assert_probability,
    assert_rejects,
    assert_uncorrelated,
    assert_variance,
    draws_for_mean,
    draws_for_sigma,
)

Floats = NDArray[Any]
G_MAX = 25.0
ONLY = {"drift": "off", "one_over_f": "off"}
POINTS = [0.0, 0.02, 0.1, 0.5, 1.0]  # idle, clipped now and then, and the range


def programmed(rng: np.random.Generator, x: float, n: int, **changes: float | str) -> Floats:
    """Conductances (2, n) of a fresh chip's pairs with the normalised weight ``x``; changes are mutants."""
    weight = np.full((1, n), x, np.float32)
    overrides = ONLY | {f"programming_noise.{key}": value for key, value in changes.items()}
    chip = substrate.load("pcm", overrides | {"conductance.scaling": "layer"})
    headroom = 1 / abs(x) if x else 1.0
    return DeviceArray(chip, weight, Stream(int(rng.integers(2**62))), headroom).state()["g"]


def expected(x: float) -> Law:
    """Of a device with the target ``x``."""
    return rectified(G_MAX * x, 0.26348 + 1.9650 * x - 1.1731 * x**2)


def draws_for(found: Law) -> int:
    """Draws that show a sigma off by 2 %, or a mean off by 2 % of sigma, whatever the shape."""
    return max(math.ceil(draws_for_sigma(0.02) * (found.kurtosis - 1) / 2), draws_for_mean(0.02))


def check_moments(g: Floats, found: Law) -> None:
    assert_mean(g, found.mean, found.std)
    assert_variance(g, found.variance, found.kurtosis)


@pytest.mark.parametrize("x", POINTS)
def test_moments(rng: np.random.Generator, x: float) -> None:
    """Check eq:programming-noise with its clip, on the plus device and on the idle minus device."""
    n = 2 * draws_for(expected(x))  # twice: a clip takes up part of what sigma adds
    g = programmed(rng, x, n)
    check_moments(g[0], expected(x))
    check_moments(g[1], expected(0.0))
    assert_rejects(check_moments, programmed(rng, x, n, scale=1.02)[0], expected(x))
    assert_rejects(check_moments, programmed(rng, x, n, scale=1 / 1.02)[0], expected(x))


def test_a_negative_weight_sits_on_the_minus_device(rng: np.random.Generator) -> None:
    """Check eq:pair-mapping."""
    g = programmed(rng, -0.5, draws_for(expected(0.5)))
    check_moments(g[1], expected(0.5))
    check_moments(g[0], expected(0.0))


def test_wrong_devices_are_noticed(rng: np.random.Generator) -> None:
    """A missing clip; a spread taken at the partner's target, or at the full-scale one."""
    n = draws_for(expected(0.0))
    z = rng.standard_normal(n)
    for wrong in (0.26348 * z, np.abs(0.26348 * z), np.maximum(expected(0.5).std * z, 0)):
        assert_rejects(check_moments, wrong, expected(0.0))
    assert_rejects(check_moments, 12.5 + 1.0554 * z, expected(0.5))


def check_shape(g: Floats, m: float, s: float) -> None:
    """An atom at 0, and a normal cut off there."""
    below = float(stats.norm.cdf(-m / s))
    assert_probability(int((g == 0).sum()), g.size, below)
    assert_distribution(g[g > 0], lambda v: (stats.norm.cdf((v - m) / s) - below) / (1 - below))


@pytest.mark.parametrize("x", POINTS)
def test_shape(rng: np.random.Generator, x: float) -> None:
    """Check eq:programming-noise: the whole law; a uniform of equal spread is noticed."""
    m, s = G_MAX * x, 0.26348 + 1.9650 * x - 1.1731 * x**2
    check_shape(programmed(rng, x, 40_000)[0], m, s)
    uniform = rng.uniform(-math.sqrt(3), math.sqrt(3), 40_000)
    assert_rejects(check_shape, np.maximum(m + s * uniform, 0), m, s)


def test_spread_follows_the_range_of_the_device(rng: np.random.Generator) -> None:
    """Check eq:programming-noise: sigma is in units of the published fit's largest conductance."""
    chip = substrate.load("pcm", ONLY | {"conductance.g_max": 10.0, "conductance.scaling": "layer"})
    weight = np.ones((1, draws_for_sigma(0.02)), np.float32)
    g = DeviceArray(chip, weight, Stream(int(rng.integers(2**62))), 1.0).state()["g"]
    check_moments(2.5 * g[0], expected(1.0))
    assert_rejects(check_moments, g[0] + 15.0, expected(1.0))


def check_lognormal(g: Floats, m: float, s: float) -> None:
    """Moments, and a logarithm that is normal."""
    w = 1 + (s / m) ** 2
    assert_mean(g, m, s)
    assert_variance(g, s**2, w**4 + 2 * w**3 + 3 * w**2 - 3)
    assert_distribution(np.log(g), stats.norm(math.log(m / math.sqrt(w)), math.sqrt(math.log(w))).cdf)


@pytest.mark.parametrize("x", [0.05, 0.5])
def test_lognormal_programming(rng: np.random.Generator, x: float) -> None:
    """Check eq:programming-lognormal: mean, spread and law; 2 % more, a median, or a normal law shows."""
    m, s = G_MAX * x, 0.26348 + 1.9650 * x - 1.1731 * x**2
    g = programmed(rng, x, 400_000, distribution="lognormal").astype(np.float64)
    check_lognormal(g[0], m, s)
    assert not g[1].any()  # a device at 0 stays there
    assert_rejects(
        check_lognormal, programmed(rng, x, 400_000, distribution="lognormal", scale=1.02)[0], m, s
    )
    assert_rejects(check_lognormal, g[0] * math.sqrt(1 + (s / m) ** 2), m, s)
    assert_rejects(check_lognormal, programmed(rng, x, 400_000)[0] + 1e-9, m, s)
    assert_uncorrelated(g[0, :-1], g[0, 1:])


def drawn(key: np.uint64, generation: int, n: int) -> Floats:
    """The draws (4, n) that programming ``n`` pairs for the ``generation``-th time consumes."""
    out = np.empty((4, n), np.float32)
    write_draws(key, np.arange(n), np.full(n, generation, np.uint32), out)
    return out


def check_unrelated(a: Floats, b: Floats) -> None:
    """Neither in value nor in size."""
    assert_uncorrelated(a, b)
    assert_uncorrelated(a**2, b**2)


def test_draws_are_independent(rng: np.random.Generator) -> None:
    """Plus and minus device, conductance and exponent, neighbours, generations, chips."""
    n, key = draws_for_mean(0.02), fresh_key(rng)
    first, second, other = drawn(key, 1, n), drawn(key, 2, n), drawn(key ^ np.uint64(1), 1, n)
    for a, b in combinations(range(4), 2):
        check_unrelated(first[a], first[b])
    for lag in (1, 2, 16, 64):
        check_unrelated(first[:, :-lag], first[:, lag:])
    check_unrelated(first, second)
    check_unrelated(first, other)
    assert_rejects(check_unrelated, first, drawn(key, 1, n))  # one key for two chips
    assert_rejects(check_unrelated, first[0], first[0] + 0.02 * first[1])


def test_draws_depend_on_the_address_alone(rng: np.random.Generator) -> None:
    """A pair gets the draws of its element and generation, whatever is programmed with it."""
    key, some = fresh_key(rng), np.array([70, 3, 999, 3])
    out = np.empty((4, 4), np.float32)
    write_draws(key, some, np.array([2, 2, 2, 5], np.uint32), out)
    assert np.array_equal(out[:, :3], drawn(key, 2, 1000)[:, some[:3]])
    assert np.array_equal(out[:, 3], drawn(key, 5, 1000)[:, 3])


def test_pairs_hold_the_weights(rng: np.random.Generator) -> None:
    """Check eq:pair-mapping: without noise the weights come back, and one device of a pair is at 0."""
    weight = rng.standard_normal((20, 7)).astype(np.float32)
    largest = np.abs(weight).max(axis=0)
    for scaling, full in (("column", largest), ("layer", np.full(7, largest.max()))):
        chip = substrate.load("pcm", ONLY | {"programming_noise": "off", "conductance.scaling": scaling})
        pairs = DeviceArray(chip, weight, Stream(1), headroom=2.0)
        np.testing.assert_allclose(pairs.weight_range, 2 * full)
        np.testing.assert_allclose(pairs.view(0).weight * pairs.weight_range, weight, rtol=1e-6)
        g = pairs.state()["g"]
        assert (g.min(axis=0) == 0).all()
        assert g.max() == pytest.approx(G_MAX / 2)


def test_updates_wait_for_a_device_step(rng: np.random.Generator) -> None:
    """Check eq:write-step: nothing is programmed below the step, then all that waited, with new draws."""
    chip = substrate.load("pcm", ONLY | {"write.step": 0.25, "conductance.scaling": "layer"})
    pairs = DeviceArray(chip, np.full((1, 4), 0.5, np.float32), Stream(int(rng.integers(2**62))), 2.0)
    before, update = pairs.state(), np.array([[0.0, 0.125, -0.1875, 0.75]], np.float32)
    assert pairs.write(update, tick=1) == 1  # 0.75 leads beyond the range, and is cut to 0.5
    once = pairs.state()
    assert np.array_equal(once["target"], np.array([0.5, 0.5, 0.5, 1.0], np.float32))
    assert np.array_equal(once["g"][:, :3], before["g"][:, :3])
    assert pairs.write(update, tick=2) == 2
    twice = pairs.state()
    assert np.array_equal(twice["target"], np.array([0.5, 0.75, 0.125, 1.0], np.float32))
    assert np.array_equal(twice["pending"], np.zeros(4, np.float32))
    assert np.array_equal(twice["write_ticks"][twice["programmed_at"]], [0, 2, 2, 1])
    assert np.array_equal(pairs.writes, [[0, 1, 1, 1]])
    assert (twice["g"][0, 1:] != before["g"][0, 1:]).all()


def test_an_ideal_write_is_exact_and_free() -> None:
    """Check eq:write-step: ``mode = "ideal"`` moves the weights themselves, by any amount."""
    chip = substrate.load("pcm", ONLY | {"write.mode": "ideal"})
    pairs = DeviceArray(chip, np.array([[0.5, -0.25]], np.float32), Stream(3), 4.0)
    before = pairs.view(0).weight * pairs.weight_range
    update = np.array([[-0.75, 0.001]], np.float32)
    assert pairs.write(update, tick=1) == 0
    after = pairs.view(1).weight * pairs.weight_range
    np.testing.assert_allclose(after - before, update, atol=1e-6)
    assert not pairs.writes.any()
