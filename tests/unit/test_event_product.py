"""Active inputs added one by one give the product, and the same bits wherever a row stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles_neurons as oracles
import pytest
from numpy.typing import NDArray

from hwnoise.backends.emulator.active import Active
from hwnoise.kernels.event_product import count_active

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
@pytest.mark.parametrize("shape", [(1, 1, 1), (70, 33, 5), (130, 64, 40)])
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


def test_counts(rng: np.random.Generator) -> None:
    x = spikes(rng, 150, 41, 0.1)
    active = Active.of(x)
    assert active is not None
    assert active.count == count_active(x) == np.count_nonzero(x)
