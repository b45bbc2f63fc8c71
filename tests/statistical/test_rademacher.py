"""The signs: only -1 and +1, as often as each other, independent."""

from __future__ import annotations

import numpy as np
import pytest
from draws import Draws, assert_independent, assert_streams_independent, filled, fresh_key, without_tick

from hwnoise.kernels.philox import fill_words
from hwnoise.kernels.rademacher import fill_rademacher, rademacher_of
from hwnoise.testing import assert_probability, assert_rejects

SHAPE = (256, 1024)


def check_balance(draws: Draws) -> None:
    assert set(np.unique(draws)) == {-1, 1}
    assert_probability(int((draws > 0).sum()), draws.size, 0.5)


@pytest.mark.parametrize(("word", "sign"), [(0, 1), (2**31 - 1, 1), (2**31, -1), (2**32 - 1, -1)])
def test_map_is_exact(word: int, sign: int) -> None:
    """Check eq:rademacher-map at its edges."""
    assert rademacher_of(np.uint32(word)) == sign


@pytest.mark.parametrize("kind", ["f4", "f8", "i1"])
def test_signs_are_those_of_the_words(rng: np.random.Generator, kind: str) -> None:
    """Check eq:rademacher-map for every type of the output."""
    key = fresh_key(rng)
    words = filled(fill_words, key, shape=SHAPE, kind="u4")
    draws = filled(fill_rademacher, key, shape=SHAPE, kind=kind)
    assert np.array_equal(draws, np.where(words.view(np.int32) < 0, -1, 1))


def test_balance(rng: np.random.Generator) -> None:
    """262,144 draws notice, by design, p = 0.508."""
    draws = filled(fill_rademacher, fresh_key(rng), shape=SHAPE)
    check_balance(draws)
    assert_rejects(check_balance, np.where(rng.random(SHAPE) < 0.508, 1, -1))
    assert_rejects(check_balance, np.where(rng.random(SHAPE) < 1e-3, 0, draws))


def test_draws_are_independent(rng: np.random.Generator) -> None:
    draws = filled(fill_rademacher, fresh_key(rng), shape=SHAPE)
    assert_independent(draws)
    assert_rejects(assert_independent, without_tick(draws))
    repeated = np.where(rng.random(SHAPE) < 0.02, np.roll(draws, 1, axis=1), draws)
    assert_rejects(assert_independent, repeated)


def test_streams_are_independent(rng: np.random.Generator) -> None:
    key = fresh_key(rng)
    draws = filled(fill_rademacher, key, shape=SHAPE)
    for bit in (1, 2**32):
        assert_streams_independent(draws, filled(fill_rademacher, key ^ np.uint64(bit), shape=SHAPE))
    assert_rejects(assert_streams_independent, draws, filled(fill_rademacher, key, shape=SHAPE))
