"""Activations: their values, their limits, and no overflow on the way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hwnoise.backends.emulator.activations import activate

A = np.array([[-1000.0, -2.0, 0.0, 0.5, 1000.0]], np.float32)
EXPECTED = {
    "identity": A[0],
    "relu": [0, 0, 0, 0.5, 1000],
    "tanh": [-1, math.tanh(-2), 0, math.tanh(0.5), 1],
    "sigmoid": [0, 1 / (1 + math.exp(2)), 0.5, 1 / (1 + math.exp(-0.5)), 1],
    "softmax": [0, 0, 0, 0, 1],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_values(name: str) -> None:
    """Check eq:activations, far from 0 too: warnings are errors, so nothing overflows."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = activate(name, A.copy())
    np.testing.assert_allclose(found[0], EXPECTED[name], rtol=1e-6, atol=1e-7)
    assert found.dtype == np.float32


def test_softmax_is_a_distribution_and_knows_no_offset() -> None:
    """Check eq:activations: equal shifts of all nodes change nothing; rows are independent."""
    a = np.log(np.array([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]], np.float32))
    expected = np.array([[1, 2, 5], [3, 3, 2]]) / 8
    for shift in (0.0, 80.0, -200.0):
        np.testing.assert_allclose(activate("softmax", a + np.float32(shift)), expected, rtol=1e-4)
