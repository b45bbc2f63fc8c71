"""Exponentials and powers of the step models, against float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.pulse_steps import exp32, raised

Array = Any


@kernel
def exponentials(x: Array, out: Array) -> None:
    for i in range(len(x)):
        out[i] = exp32(x[i])


@kernel
def powers(x: Array, c: Any, out: Array) -> None:
    for i in range(len(x)):
        out[i] = raised(x[i], c)


def test_exponential() -> None:
    """Check the error that eq:pulse-exponential and eq:pulse-power state for e**x."""
    x = np.linspace(-80, 80, 1_000_001).astype(np.float32)
    found = np.empty_like(x)
    exponentials(x, found)
    assert np.abs(found / np.exp(x.astype(np.float64)) - 1).max() < 1.3e-7


def test_exponential_at_and_beyond_its_ends() -> None:
    """Check that e**0 is 1, for eq:pulse-power with an exponent of 0, and that nothing overflows."""
    x = np.array([0, 1e30, -1e30], np.float32)
    found = np.empty_like(x)
    exponentials(x, found)
    assert found[0] == 1
    assert found[1:] == pytest.approx(np.exp([80.0, -80.0]), rel=1e-6)


@pytest.mark.parametrize("c", [0.0, 0.4, 1.0, 1.7, 5.0, -0.5])
def test_power(c: float) -> None:
    """Check the error that eq:pulse-power states for q**c."""
    q = np.geomspace(1e-6, 1, 1_000_001).astype(np.float32)
    found, c32 = np.empty_like(q), np.float32(c)
    powers(q, c32, found)
    exact = q.astype(np.float64) ** float(c32)
    scale = 1 + abs(c) * np.maximum(1, -np.log(q.astype(np.float64)))
    assert (np.abs(found / exact - 1) / scale).max() < 2e-7
    powers(np.zeros(1, np.float32), c32, found)
    assert found[0] == pytest.approx(2.0 ** min(max(-127 * float(c32), -115), 115), rel=1e-5)
