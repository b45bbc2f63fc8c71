"""Retention tables: cells spread and drift over days as measured, each with one draw for life."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles_devices import Law, rectified
from scipy import stats

from hwnoise import Stream, substrate
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.testing import (
    assert_distribution,
    assert_mean,
    assert_rejects,
    assert_uncorrelated,
    assert_variance,
    draws_for_mean,
    draws_for_sigma,
)

Floats = NDArray[Any]
DAY = 86_400.0
G_MAX = 1800.0  # nA
N = max(draws_for_mean(0.02), draws_for_sigma(0.02))
SONOS = substrate.load("sonos", {"device_noise": "off", "conductance.scaling": "layer"})
# V. Agrawal et al., IEDM 2022: mean change and spread [nA] at 50 and 400 nA, of cells and of idle partners.
TABLE = {
    (50.0, 0): (0.0, 4.9105), (400.0, 0): (0.0, 17.8295),
    (50.0, 1): (1.7046, 6.1747), (400.0, 1): (0.6155, 22.5922),
    (50.0, 5): (3.5470, 7.8695), (400.0, 5): (-1.4679, 29.5198),
}  # fmt: skip
IDLE = {0: (0.0, 0.0), 1: (0.1727, 0.0236), 5: (0.3199, 0.0533)}


def array(rng: np.random.Generator, current: float) -> DeviceArray:
    """``N`` pairs of a fresh chip with one cell at ``current`` [nA]; the other one is idle."""
    weight = np.full((1, N), current / G_MAX, np.float32)
    return DeviceArray(SONOS, weight, Stream(int(rng.integers(2**62))), G_MAX / current)


def seen(made: DeviceArray, day: float, since: float = 0.0) -> Floats:
    """Difference of the two currents [nA] of each pair, ``day`` days after a write."""
    tick = round((since + day) * DAY / SONOS.clock.read_period)
    return np.asarray(made.view(tick).weight[0] * G_MAX, np.float64)


def expected(current: float, day: int) -> tuple[float, float]:
    """Mean and standard deviation of the difference of a cell and its idle partner."""
    change, spread = TABLE[current, day]
    idle = rectified(*IDLE[day]) if day else Law(0.0, 0.0, 3.0)
    return current + change - idle.mean, math.hypot(spread, idle.std)


def check_law(found: Floats, mean: float, spread: float) -> None:
    """Moments, to the digits of the table, and the normal law."""
    assert_mean(found, mean, spread)
    assert_variance(found, spread**2, 3.0)
    assert_distribution(found, stats.norm(mean, spread).cdf)


@pytest.mark.parametrize(("current", "day"), TABLE)
def test_law(rng: np.random.Generator, current: float, day: int) -> None:
    """Check eq:retention; mutants: 2 % more spread, the spread of the current that was stored."""
    found, (mean, spread) = seen(array(rng, current), day), expected(current, day)
    check_law(found, mean, spread)
    assert_rejects(check_law, mean + 1.02 * (found - mean), mean, spread)
    if current == 50.0 and day == 5:
        assert_rejects(check_law, mean + 7.4094 / 7.8695 * (found - mean), mean, spread)


def test_a_cell_keeps_its_draw(rng: np.random.Generator) -> None:
    """Check eq:retention: days go together but for what the partner adds; a write draws anew."""
    made = array(rng, 400.0)
    first, last = seen(made, 0), seen(made, 5)
    assert np.corrcoef(first, last)[0, 1] > 0.99
    made.write(np.full((1, N), 0.5, np.float32), 0)
    made.write(np.full((1, N), -0.5, np.float32), 0)
    again = seen(made, 0)
    check_law(again, *expected(400.0, 0))
    assert_uncorrelated(first, again)
    assert_rejects(assert_uncorrelated, first, last)


def test_what_a_cell_settled_to_can_be_read_back() -> None:
    assert "retention (weight, until the next write): readback" in SONOS.observability()


def test_cells_planes_and_chips_are_independent(rng: np.random.Generator) -> None:
    """Neighbours, the two cells of a pair, two chips."""
    made, other = array(rng, 400.0), array(rng, 400.0)
    one = seen(made, 0)
    for lag in (1, 2, 64):
        assert_uncorrelated(one[:-lag], one[lag:])
    assert_uncorrelated(one, seen(other, 0))
    plus, minus = made.state()["settling"]
    assert_uncorrelated(plus, minus)
    assert_rejects(assert_uncorrelated, plus, plus)
