"""Kernels of refractory, adaptive, ternary and graded neurons equal their oracles bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles_neurons as oracles
import pytest
from numpy.typing import NDArray

from hwnoise.kernels import lif, spiking

Array = NDArray[Any]
SHAPE = (3, 40, 17)  # rows, steps, neurons: no multiple of a vector
RESETS = {"zero": lif.ZERO, "subtract": lif.SUBTRACT, "none": lif.NONE}
NOWHERE = np.empty((1, 1, 1), np.float32)

each_reset = pytest.mark.parametrize("reset", RESETS)


@pytest.fixture
def x(rng: np.random.Generator) -> Array:
    return rng.normal(0.3, 0.8, SHAPE).astype(np.float32)


@pytest.fixture
def neuron(rng: np.random.Generator) -> Array:
    """Decay, gain, offset, threshold, drop and v_reset, different in every neuron."""
    bounds = [(0.5, 1), (0.5, 1.5), (-0.1, 0.1), (0.5, 1.5), (0.5, 1.5), (-0.3, 0.3)]
    return np.stack([rng.uniform(a, b, SHAPE[2]) for a, b in bounds]).astype(np.float32)


@each_reset
def test_refractory(x: Array, neuron: Array, reset: str, rng: np.random.Generator) -> None:
    """Check eq:lif-refractory: a period one step shorter is noticed."""
    period = rng.integers(0, 5, SHAPE[2]).astype(np.int32)
    wait, v, found = np.zeros((3, 17), np.int32), np.zeros_like(x[:, 0]), (np.empty_like(x), np.empty_like(x))
    spiking.refractory(x, neuron, period, RESETS[reset], True, v, wait, *found)
    np.testing.assert_array_equal(found, oracles.refractory(x, neuron, period, reset))
    shorter = oracles.refractory(x, neuron, np.maximum(period - 1, 0), reset)
    assert not np.array_equal(found[0], shorter[0])


@each_reset
def test_adaptive(x: Array, neuron: Array, reset: str, rng: np.random.Generator) -> None:
    """Check eq:lif-adaptive."""
    adaptation = np.stack([rng.uniform(0.8, 1, 17), rng.uniform(0, 0.5, 17)]).astype(np.float32)
    theta, v, found = np.zeros_like(x[:, 0]), np.zeros_like(x[:, 0]), (np.empty_like(x), np.empty_like(x))
    spiking.adaptive(x, neuron, adaptation, RESETS[reset], True, v, theta, *found)
    np.testing.assert_array_equal(found, oracles.adaptive(x, neuron, *adaptation, reset))
    assert theta.max() > 0


@each_reset
def test_ternary(x: Array, neuron: Array, reset: str) -> None:
    """Check eq:lif-ternary."""
    low, low_drop = -neuron[3], -neuron[4]
    v, found = np.zeros_like(x[:, 0]), (np.empty_like(x), np.empty_like(x))
    spiking.ternary(x - 0.3, neuron, low, low_drop, RESETS[reset], True, v, *found)
    expected = oracles.ternary((x - np.float32(0.3)), neuron, low, low_drop, reset)
    np.testing.assert_array_equal(found, expected)
    assert set(np.unique(found[0])) == {-1, 0, 1}


@each_reset
def test_graded(x: Array, neuron: Array, reset: str) -> None:
    """Check eq:lif-graded."""
    v, found = np.zeros_like(x[:, 0]), (np.empty_like(x), np.empty_like(x))
    spiking.graded(x, neuron, RESETS[reset], True, v, *found)
    np.testing.assert_array_equal(found, oracles.graded(x, neuron, reset))
    assert len(np.unique(found[0])) > 10


def test_watching_changes_nothing(x: Array, neuron: Array) -> None:
    seen, unseen = np.empty_like(x), np.empty_like(x)
    spiking.graded(x, neuron, lif.ZERO, True, np.zeros_like(x[:, 0]), seen, np.empty_like(x))
    spiking.graded(x, neuron, lif.ZERO, False, np.zeros_like(x[:, 0]), unseen, NOWHERE)
    np.testing.assert_array_equal(seen, unseen)
