"""Active inputs added one by one give the product, and the same bits wherever a row stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles_neurons as oracles
import pytest
from numba.core.errors import TypingError
from numpy.typing import NDArray

from hwnoise.backends.emulator.active import Active
from hwnoise.backends.emulator.paired import sparse_product
from hwnoise.backends.emulator.read import View
from hwnoise.kernels.event_product import count_active
from hwnoise.kernels.finite import all_finite
from hwnoise.kernels.read_noise import add_output_noise

Array = NDArray[Any]


def spikes(rng: np.random.Generator, rows: int, n: int, activity: float) -> Array:
    return (rng.random((rows, n)) < activity).astype(np.float32)


def product(x: Array, weight: Array) -> Array:
    active = Active.of(x)
    assert active is not None
    y = np.empty((len(x), weight.shape[1]), np.float32)
    active.product(weight, y)
    return y


@pytest.mark.parametrize("activity", [0.0, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(1, 1, 1), (70, 33, 5), (130, 64, 40), (20, 150, 64), (20, 90, 151)])
def test_product(rng: np.random.Generator, activity: float, shape: tuple[int, int, int]) -> None:
    """Check eq:event-product; on dyadic weights the bits are those of the dense product."""
    rows, n_in, n_out = shape
    x, weight = spikes(rng, rows, n_in, activity), rng.normal(size=(n_in, n_out)).astype(np.float32)
    np.testing.assert_allclose(product(x, weight), oracles.event_product(x, weight), atol=2e-5)
    dyadic = rng.integers(-128, 128, (n_in, n_out)).astype(np.float32) / 64
    np.testing.assert_array_equal(product(x, dyadic), x @ dyadic)


def test_equal_rows_give_equal_bits(rng: np.random.Generator) -> None:
    x, weight = spikes(rng, 1, 50, 0.3), rng.normal(size=(50, 20)).astype(np.float32)
    y = product(np.repeat(x, 300, axis=0), weight)
    assert (y == y[0]).all()


@pytest.mark.parametrize("other", [2.0, -1.0, 0.5, np.nan, np.inf, 3.0])
def test_anything_but_0_and_1_is_noticed(rng: np.random.Generator, other: float) -> None:
    x = spikes(rng, 100, 30, 0.1)
    x[77, 3] = other
    assert Active.of(x) is None


def test_a_negative_zero_is_no_input(rng: np.random.Generator) -> None:
    x = spikes(rng, 5, 30, 0.3)
    same = np.where(x == 0, np.float32(-0.0), x)
    weight = rng.normal(size=(30, 20)).astype(np.float32)
    np.testing.assert_array_equal(product(same, weight), product(x, weight))


def test_rows_with_gaps_do_not_compile(rng: np.random.Generator) -> None:
    active = Active.of(spikes(rng, 5, 30, 0.3))
    assert active is not None
    with pytest.raises((TypeError, TypingError), match="without gaps"):
        active.product(np.zeros((30, 40), np.float32)[:, ::2], np.empty((5, 20), np.float32))


def test_counts(rng: np.random.Generator) -> None:
    x = spikes(rng, 150, 41, 0.1)
    active = Active.of(x)
    assert active is not None
    assert active.count == count_active(x) == np.count_nonzero(x)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 15, 16, 31, 64, 79, 100, 128, 130])
@pytest.mark.parametrize("activity", [0.0, 0.1, 0.9, 1.0])
def test_lists_are_in_order_whatever_the_width(rng: np.random.Generator, n: int, activity: float) -> None:
    x = spikes(rng, 300, n, activity)
    active = Active.of(x)
    assert active is not None
    found = np.concatenate([tile.columns[: tile.ends[-1]] for tile in active.tiles])
    np.testing.assert_array_equal(found, np.nonzero(x)[1])
    np.testing.assert_array_equal(np.concatenate([tile.per_row() for tile in active.tiles]), x.sum(axis=1))


def test_lists_of_the_same_numbers_in_memory_are_used_again(rng: np.random.Generator) -> None:
    x = spikes(rng, 20, 30, 0.1)
    listed = Active.of(x)
    assert Active.sparse(x, listed)[0] is listed
    assert Active.sparse(x.copy(), listed)[0] is not listed
    assert Active.sparse(1 - x, listed)[0] is None  # nine of ten: a dense product is faster


@pytest.mark.parametrize("alike", [True, False])
def test_noise_of_listed_inputs_has_the_spread_of_their_devices(
    rng: np.random.Generator, alike: bool
) -> None:
    """All devices alike, it is a matter of counting; the draws are those of a dense read."""
    x, weight = spikes(rng, 200, 40, 0.1), np.zeros((40, 16), np.float32)
    fresh = np.full((40, 16), 0.25, np.float32)
    fresh *= 1 if alike else rng.uniform(0.5, 2, (40, 16)).astype(np.float32)
    active, y = Active.of(x), np.empty((200, 16), np.float32)
    assert active is not None
    view = View(weight, fresh, None, np.uint64(5), None)
    sparse_product(view, x, active, 7, None, y)
    ones = np.empty_like(y)
    sparse_product(View(weight, np.ones_like(fresh), None, np.uint64(5), None), x, active, 7, None, ones)
    expected = ones / np.sqrt(np.maximum(x.sum(axis=1), 1))[:, None] * np.sqrt(x @ fresh)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("n_out", [10, 64, 100])
def test_noise_of_listed_inputs_has_the_draws_of_a_dense_read(
    rng: np.random.Generator, alike: bool, n_out: int
) -> None:
    """Bit for bit eq:read-noise-output; a quiet row has none."""
    x, zero = spikes(rng, 50, 40, 0.2), np.zeros((40, n_out), np.float32)
    fresh = np.full_like(zero, 0.25) if alike else 2.0 ** rng.integers(-3, 3, zero.shape).astype(np.float32)
    quiet, active, y = np.arange(50) == 7, Active.of(x), np.empty((50, n_out), np.float32)
    assert active is not None
    sparse_product(View(zero, fresh, None, np.uint64(5), None), x, active, 7, quiet, y)
    expected, variance = np.zeros_like(y), x @ fresh
    variance[quiet] = 0
    add_output_noise(np.uint64(5), np.uint64(7), variance, expected)
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("bad", [np.nan, -np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_noticed(bad: float) -> None:
    largest = np.finfo(np.float32).max
    x = np.array([[0, -0.0, 1e-45], [largest, -largest, 1]], np.float32)
    assert all_finite(x)
    x[1, 2] = bad
    assert not all_finite(x)
