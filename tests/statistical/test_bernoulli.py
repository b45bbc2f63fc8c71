"""The successes: as often as p says, exactly at 0 and 1, independent."""

from __future__ import annotations

import math

import numpy as np
import pytest
from draws import Draws, assert_independent, assert_streams_independent, filled, fresh_key, without_tick

from hwnoise.kernels.bernoulli import fill_bernoulli, threshold_of
from hwnoise.kernels.philox import fill_words
from hwnoise.testing import assert_probability, assert_rejects

SHAPE = (256, 1024)


def successes(key: np.uint64, p: float, kind: str = "u1") -> Draws:
    return filled(fill_bernoulli, key, p, shape=SHAPE, kind=kind)


@pytest.mark.parametrize("p", [0.0, 2.0**-33, 2.0**-32, 0.3, 0.5, 1 - 2.0**-33, 1.0])
def test_threshold_is_exact(p: float) -> None:
    """Check eq:bernoulli-map: 2**32, for p = 1, is above every word."""
    assert threshold_of(p) == math.floor(p * 2**32)


@pytest.mark.parametrize("kind", ["u1", "?", "f4"])
def test_successes_are_words_below_the_threshold(rng: np.random.Generator, kind: str) -> None:
    """Check eq:bernoulli-map: so a success stays one when p grows."""
    key = fresh_key(rng)
    words = filled(fill_words, key, shape=SHAPE, kind="u4")
    for p in (0.0, 0.3, 0.7, 1.0):
        assert np.array_equal(successes(key, p, kind), words < np.uint64(math.floor(p * 2**32)))


@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9])
def test_frequency(rng: np.random.Generator, p: float) -> None:
    count, n = int(successes(fresh_key(rng), p).sum()), math.prod(SHAPE)
    assert_probability(count, n, p)
    assert_rejects(assert_probability, int(successes(fresh_key(rng), p / 2).sum()), n, p)


def test_certainty(rng: np.random.Generator) -> None:
    assert not successes(fresh_key(rng), 0.0).any()
    assert successes(fresh_key(rng), 1.0).all()


def test_draws_are_independent(rng: np.random.Generator) -> None:
    draws = successes(fresh_key(rng), 0.3)
    assert_independent(draws)
    assert_rejects(assert_independent, without_tick(draws))


def test_streams_are_independent(rng: np.random.Generator) -> None:
    key = fresh_key(rng)
    draws = successes(key, 0.3)
    for bit in (1, 2**32):
        assert_streams_independent(draws, successes(key ^ np.uint64(bit), 0.3))
    assert_rejects(assert_streams_independent, draws, successes(key, 0.3))
