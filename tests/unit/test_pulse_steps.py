"""Exponentials and logarithms of the step models, against float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.pulse_steps import exp32, log32

Array = Any


@kernel
def exponentials(x: Array, out: Array) -> None:
    for i in range(len(x)):
        out[i] = exp32(x[i])


@kernel
def logarithms(x: Array, out: Array) -> None:
    for i in range(len(x)):
        out[i] = log32(x[i])


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


def test_logarithm() -> None:
    """Check the error of ln q in eq:pulse-power."""
    x = np.geomspace(1e-30, 1e3, 1_000_001).astype(np.float32)
    found = np.empty_like(x)
    logarithms(x, found)
    exact = np.log(x.astype(np.float64))
    assert (np.abs(found - exact) / np.maximum(np.abs(exact), 1)).max() < 2.1e-7
    logarithms(np.zeros(1, np.float32), found)
    assert found[0] == pytest.approx(-88, abs=1)
