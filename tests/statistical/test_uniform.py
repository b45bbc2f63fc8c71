"""The uniform draws: open interval, exact grid, flat in every cell, independent."""

from __future__ import annotations

import numpy as np
import pytest
from draws import Draws, assert_independent, assert_streams_independent, filled, fresh_key, without_tick
from scipy import stats

from hwnoise.kernels.philox import fill_words
from hwnoise.kernels.uniform import fill_uniform, uniform_of
from hwnoise.testing import (
    assert_distribution,
    assert_frequencies,
    assert_mean,
    assert_rejects,
    assert_variance,
)

SHAPE = (256, 1024)


def check_moments(draws: Draws) -> None:
    assert_mean(draws, 0.5, 12**-0.5)
    assert_variance(draws, 1 / 12, 1.8)


@pytest.mark.parametrize("word", [0, 1, 511, 512, 2**31 - 1, 2**31, 2**32 - 512, 2**32 - 1])
def test_map_is_exact(word: int) -> None:
    """Check eq:uniform-map: never 0, never 1, and a word and its complement add up to 1."""
    assert uniform_of(np.uint32(word)) == ((word >> 9) + 0.5) / 2**23
    assert uniform_of(np.uint32(word)) + uniform_of(np.uint32(2**32 - 1 - word)) == 1


def test_mean_and_variance(rng: np.random.Generator) -> None:
    """262,144 draws notice by design a mean off by 0.005 and a sigma off by 1 %."""
    draws = filled(fill_uniform, fresh_key(rng), shape=SHAPE)
    check_moments(draws)
    assert_rejects(check_moments, draws + 0.005)
    assert_rejects(check_moments, 0.5 + 1.01 * (draws - 0.5))


def test_shape(rng: np.random.Generator) -> None:
    draws = filled(fill_uniform, fresh_key(rng), shape=SHAPE)
    assert_distribution(draws, stats.uniform.cdf)
    assert_rejects(
        assert_distribution, stats.norm.rvs(0.5, 12**-0.5, SHAPE, random_state=rng), stats.uniform.cdf
    )


@pytest.mark.parametrize("shift", [0, 8, 16, 24])
def test_every_byte_of_a_word_is_flat(rng: np.random.Generator, shift: int) -> None:
    words = filled(fill_words, fresh_key(rng), shape=SHAPE, kind="u4").ravel() >> np.uint32(shift)
    flat = np.full(256, 1 / 256)
    assert_frequencies(np.bincount(words & np.uint32(255), minlength=256), flat)
    sticky = words | (np.arange(words.size, dtype=np.uint32) % 16 == 0)  # a bit set too often
    assert_rejects(assert_frequencies, np.bincount(sticky & np.uint32(255), minlength=256), flat)


def test_draws_are_independent(rng: np.random.Generator) -> None:
    draws = filled(fill_uniform, fresh_key(rng), shape=SHAPE)
    assert_independent(draws)
    assert_rejects(assert_independent, without_tick(draws))
    assert_rejects(assert_independent, np.sort(draws, axis=1))


def test_streams_are_independent(rng: np.random.Generator) -> None:
    key = fresh_key(rng)
    draws = filled(fill_uniform, key, shape=SHAPE)
    for bit in (1, 2**32):
        assert_streams_independent(draws, filled(fill_uniform, key ^ np.uint64(bit), shape=SHAPE))
    assert_rejects(assert_streams_independent, draws, filled(fill_uniform, key, shape=SHAPE))
