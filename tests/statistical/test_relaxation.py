"""Relaxation: how devices settle after a write, on average and each in its own way, for good."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from hwnoise import Stream, substrate
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.testing import (
    assert_distribution,
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    assert_uncorrelated,
    draws_for_mean,
    draws_for_sigma,
)

Floats = NDArray[Any]
SHIFT, SLOPE, OFFSET = -0.08900206, 0.04201137, 0.41183342  # µS: Falcone et al., arXiv:2502.04524
READS = 1e6  # per second
N = max(draws_for_mean(0.02), draws_for_sigma(0.02))
AGES = [2.0, 100.0, 3600.0, 86_400.0]  # s; nothing happens in the first
CMO = substrate.load("cmo", {"programming_noise": "off", "one_over_f": "off", "conductance.scaling": "layer"})


def array(rng: np.random.Generator) -> DeviceArray:
    """``N`` devices of a fresh chip in the middle of their range, far from its ends."""
    return DeviceArray(CMO, np.zeros((1, N), np.float32), Stream(int(rng.integers(2**62))), 1.0)


def change(made: DeviceArray, seconds: float, since: float = 0.0) -> Floats:
    """What devices have lost or won [µS] ``seconds`` after a write at the time ``since``."""
    seen = made.view(round((since + seconds) * READS)).weight[0]
    return np.asarray(seen * (88.2 - 9.0) / 2, np.float64)


def spread(seconds: float) -> float:
    return SLOPE * math.log(seconds) + OFFSET


def check_law(found: Floats, seconds: float) -> None:
    mean = SHIFT * math.log(seconds)
    assert_mean(found, mean, spread(seconds))
    assert_gaussian_std(found - mean, spread(seconds))
    assert_distribution(found, stats.norm(mean, spread(seconds)).cdf)


@pytest.mark.parametrize("seconds", AGES)
def test_law(rng: np.random.Generator, seconds: float) -> None:
    """Check eq:relaxation; mutants: 2 % more spread, a decimal logarithm, another law of equal spread."""
    found, mean = change(array(rng), seconds), SHIFT * math.log(seconds)
    check_law(found, seconds)
    assert_rejects(check_law, mean + 1.02 * (found - mean), seconds)
    decimal = (SLOPE * math.log10(seconds) + OFFSET) / spread(seconds)
    assert_rejects(check_law, mean + decimal * (found - mean), seconds)
    flat = math.sqrt(3) * spread(seconds) * rng.uniform(-1, 1, N)
    assert_rejects(check_law, mean + flat, seconds)


def check_one_draw_for_life(early: Floats, late: Floats) -> None:
    found = (early - SHIFT * math.log(AGES[0])) / spread(AGES[0])
    np.testing.assert_allclose((late - SHIFT * math.log(AGES[-1])) / spread(AGES[-1]), found, atol=1e-3)


def test_a_device_settles_in_its_own_way(rng: np.random.Generator) -> None:
    """Check eq:relaxation: one draw until the next write, which draws anew; mutant: one for each look."""
    made = array(rng)
    early, late = change(made, AGES[0]), change(made, AGES[-1])
    check_one_draw_for_life(early, late)
    assert_rejects(check_one_draw_for_life, early, change(array(rng), AGES[-1]))
    tick = round(AGES[-1] * READS)
    made.write(np.full((1, N), 0.5, np.float32), tick)
    made.write(np.full((1, N), -0.5, np.float32), tick)
    again = change(made, AGES[0], since=AGES[-1])
    check_law(again, AGES[0])
    assert_uncorrelated(again, early)
    assert_rejects(assert_uncorrelated, again, again + early)


def test_what_a_device_settled_to_can_be_read_back() -> None:
    assert "relaxation (weight, until the next write): readback" in CMO.observability()


def test_devices_and_chips_are_independent(rng: np.random.Generator) -> None:
    """Neighbours share nothing, nor do two chips of one kind."""
    one, other = change(array(rng), AGES[0]), change(array(rng), AGES[0])
    for lag in (1, 2, 64):
        assert_uncorrelated(one[:-lag], one[lag:])
    assert_uncorrelated(one, other)
    shared = np.repeat(one[::2], 2)[:N]
    assert_rejects(assert_uncorrelated, shared[:-1], shared[1:])
