"""The Gaussian draws: exact to 1e-6, normal into the tails, independent; and wrong ones are noticed."""

from __future__ import annotations

import math

import numpy as np
import oracles_random
from draws import Draws, assert_independent, assert_streams_independent, filled, fresh_key, without_tick
from numpy.typing import NDArray
from scipy import stats

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.gaussian import box_muller, fill_gaussian
from hwnoise.testing import (
    ALPHA,
    assert_distribution,
    assert_frequencies,
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    draws_for_mean,
    draws_for_sigma,
)

POWERS = [2**k + d for k in range(32) for d in (-1, 0, 1)]
EDGES = np.array(sorted({e % 2**32 for p in POWERS for e in (p, -p, p + 2**31)}), np.uint32)
COLUMNS = 1024
CUTS = np.array([1.0, 2.0, 3.0, 4.0])


def gaussian(rng: np.random.Generator, n: int) -> Draws:
    """At least ``n`` draws of a fresh stream, (ticks, 1024)."""
    return filled(fill_gaussian, fresh_key(rng), shape=(-(-n // COLUMNS), COLUMNS))


@kernel
def transform(radius_words: NDArray[np.uint32], angle_words: NDArray[np.uint32], out: Draws) -> None:
    """Write ``box_muller`` of each pair of words to ``out`` (2, n)."""
    for i in range(len(radius_words)):
        out[0, i], out[1, i] = box_muller(radius_words[i], angle_words[i])


def test_transform_is_exact_to_float32(rng: np.random.Generator) -> None:
    """Check eq:gaussian-radius, eq:gaussian-angle and eq:gaussian-pair, at all edges and at random words."""
    edges = np.array(np.meshgrid(EDGES, EDGES)).reshape(2, -1)
    words = np.concatenate([edges, rng.integers(0, 2**32, (2, 2**18), dtype=np.uint32)], axis=1)
    draws = np.empty(words.shape, np.float32)
    transform(words[0], words[1], draws)
    radius, *exact = oracles_random.box_muller(words[0], words[1])
    error = np.abs(draws - np.array(exact))
    assert (error / radius).max() < 3e-7
    assert error.max() < 1e-6


def test_largest_draws() -> None:
    """The word 0 gives the largest radius, sqrt(66 ln 2); the last word the smallest, 2**-16."""
    assert math.isclose(box_muller(np.uint32(0), np.uint32(0))[0], math.sqrt(66 * math.log(2)), rel_tol=3e-7)
    assert math.isclose(box_muller(np.uint32(2**32 - 1), np.uint32(0))[0], 2.0**-16, rel_tol=3e-7)


def test_mean_and_sigma(rng: np.random.Generator) -> None:
    draws = gaussian(rng, draws_for_mean(0.01))
    assert_mean(draws, 0, 1)
    assert_rejects(assert_mean, draws + 0.01, 0, 1)
    draws = gaussian(rng, draws_for_sigma(0.02))
    assert_gaussian_std(draws, 1)
    assert_rejects(assert_gaussian_std, 1.02 * draws, 1)
    assert_rejects(assert_gaussian_std, draws / 1.02, 1)


def test_shape(rng: np.random.Generator) -> None:
    assert_distribution(gaussian(rng, 80_000), stats.norm.cdf)
    assert_rejects(assert_distribution, rng.uniform(-math.sqrt(3), math.sqrt(3), 80_000), stats.norm.cdf)


def check_tails(draws: Draws) -> None:
    """Beyond 1, 2, 3 and 4 sigma on either side, as often as a normal."""
    edges = np.concatenate([[-np.inf], -CUTS[::-1], [0], CUTS, [np.inf]])
    assert_frequencies(np.histogram(draws, edges)[0], np.diff(stats.norm.cdf(edges)))


def test_tails(rng: np.random.Generator) -> None:
    draws = gaussian(rng, 2**20)
    check_tails(draws)
    assert_rejects(check_tails, np.where(np.abs(draws) < 4, draws, 0))
    assert_rejects(check_tails, rng.random((12, 2**20), np.float32).sum(axis=0) - 6)  # a popular shortcut


def check_range_and_grain(draws: Draws) -> None:
    """The largest of n draws lies where it should, and few draws are alike."""
    largest, n = float(np.abs(draws).max()), draws.size
    chance = -np.expm1(n * np.log1p(-2 * stats.norm.sf(largest)))  # that it is this large or larger
    assert ALPHA / 2 < chance < 1 - ALPHA / 2, f"the largest of {n} draws is {largest:.3f}"
    distinct = len(np.unique(draws.ravel()[: 2**16]))
    assert distinct > 0.99 * 2**16, f"only {distinct} of {2**16} draws differ"


def test_range_and_grain(rng: np.random.Generator) -> None:
    check_range_and_grain(gaussian(rng, 2**21))
    table = stats.norm.ppf((np.arange(32768) + 0.5) / 32768)
    assert_rejects(check_range_and_grain, table[rng.integers(0, 32768, 2**21)])


def test_draws_are_independent(rng: np.random.Generator) -> None:
    """Check eq:gaussian-pair: the two draws of a pair share a radius, but nothing else."""
    draws = gaussian(rng, 2**18)
    assert_independent(draws)
    assert_rejects(assert_independent, without_tick(draws))
    words = rng.integers(0, 2**32, (len(draws) * COLUMNS // 32, 16), dtype=np.uint32)
    _, *pair = oracles_random.box_muller(words, words)  # one word for radius and angle
    assert_rejects(assert_independent, np.stack(pair, axis=1).reshape(draws.shape))


def test_streams_are_independent(rng: np.random.Generator) -> None:
    """Keys one bit apart are as good as any: in the low and in the high half."""
    key, shape = fresh_key(rng), (256, COLUMNS)
    draws = filled(fill_gaussian, key, shape=shape)
    for bit in (1, 2**32):
        assert_streams_independent(draws, filled(fill_gaussian, key ^ np.uint64(bit), shape=shape))
    assert_rejects(assert_streams_independent, draws, filled(fill_gaussian, key, shape=shape))
