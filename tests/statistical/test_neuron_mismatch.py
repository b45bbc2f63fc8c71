"""Neurons of a chip differ by the declared spread, fixed for the chip, seen through what they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from draws import assert_streams_independent
from numpy.typing import NDArray
from timed import DT, chain, on_chip
from tiny import kind

from hwnoise.backends.base import Probe
from hwnoise.nodes import IF, LI
from hwnoise.testing import (
    assert_distribution,
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    draws_for_sigma,
)

Array = NDArray[Any]
N = draws_for_sigma(0.02)
SIGMA = 0.1
TAU = 10 * DT


def uneven(sigma: float, *parameters: str) -> Any:
    return kind(neuron_mismatch={"sigma": sigma, "parameters": list(parameters)})


def time_constants(sigma: float, seed: int = 1) -> Array:
    """Factors of N time constants on one chip, from how membranes fade between two steps."""
    node = LI(np.full(N, TAU), np.ones(N), np.zeros(N))
    x = np.zeros((1, 2, N), np.float32)
    x[:, 0] = 1
    program = on_chip(chain({"n": node}, reset=None), uneven(sigma, "tau_mem"), seed=seed)
    first, second = program.run(x).output[0, 0].astype(np.float64)
    return DT / (1 - second / first) / TAU


def thresholds(sigma: float, seed: int = 1) -> Array:
    """Factors of N thresholds on one chip, from what a spike takes off the membrane."""
    node = IF(np.full(N, 1 / DT), np.ones(N))
    x = np.zeros((1, 2, N), np.float32)
    x[:, 0] = 2
    program = on_chip(chain({"n": node}, reset="subtract"), uneven(sigma, "v_threshold"), seed=seed)
    membranes = program.run(x, Probe(observe=frozenset({"membranes"}))).membranes["n"][0, 0]
    return 2 - membranes[1].astype(np.float64)


def normal_cdf(z: Array) -> Array:
    from scipy import stats

    return stats.norm.cdf(z)


def assert_spread(factors: Array) -> None:
    z = (factors - 1) / SIGMA
    assert_mean(z, 0.0, 1.0)
    assert_gaussian_std(z, 1.0)
    assert_distribution(z, normal_cdf)


@pytest.mark.parametrize("measured", [time_constants, thresholds])
def test_spread_of_a_chip(measured: Any) -> None:
    """Check eq:neuron-mismatch: a spread wrong by 2 % is noticed."""
    factors = measured(SIGMA)
    assert_spread(factors)
    assert_rejects(assert_spread, measured(1.02 * SIGMA))
    np.testing.assert_array_equal(measured(SIGMA), factors)  # the chip's own, for ever
    assert_streams_independent(factors - 1, measured(SIGMA, seed=2) - 1)


def test_parameters_have_draws_of_their_own() -> None:
    assert_streams_independent(time_constants(SIGMA) - 1, thresholds(SIGMA) - 1)


def test_what_is_not_named_is_not_touched() -> None:
    np.testing.assert_array_equal(thresholds(0.0), 1)
    node = LI(np.full(3, TAU), np.ones(3), np.zeros(3))
    program = on_chip(chain({"n": node}, reset=None), uneven(SIGMA, "v_threshold"))
    out = program.run(np.ones((1, 1, 3), np.float32)).output.ravel()
    np.testing.assert_allclose(out, 0.1, rtol=1e-6)


def test_no_time_constant_falls_below_a_step() -> None:
    node = LI(np.full(2000, 1.1 * DT), np.ones(2000), np.zeros(2000))
    program = on_chip(chain({"n": node}, reset=None), uneven(0.3, "tau_mem"))
    out = program.run(np.ones((1, 1, 2000), np.float32)).output
    assert out.max() == 1
    assert np.isfinite(out).all()
