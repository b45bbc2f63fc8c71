"""Levels: the nearest one exactly, the stochastic one right on average and new at every write."""

from __future__ import annotations

import math

import numpy as np
import oracles_array as oracles
import pytest
from draws import assert_independent, fresh_key
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from hwnoise.devices.levels import Levels
from hwnoise.testing import assert_mean, assert_probability, assert_rejects, draws_for_mean

Floats = NDArray[np.float64]
UNEVEN = (0.0, 0.1, 0.15, 0.5, 0.9)
NO_KEY = np.uint64(0)


def quantize(
    levels: Levels, x: Floats, key: np.uint64 = NO_KEY, generation: int = 1, plane: int = 0
) -> Floats:
    elements, generations = np.arange(len(x)), np.full(len(x), generation, np.uint32)
    return levels.quantize(x, key, elements, generations, plane)


@given(st.floats(0, 1), st.sets(st.floats(0, 1), min_size=2, max_size=20))
def test_nearest_level_is_the_nearest(x: float, values: set[float]) -> None:
    """Check eq:nearest-level against the oracle, on any list of levels and on the levels themselves."""
    levels = Levels(values=tuple(sorted(values)))
    table = levels.table()
    found = quantize(levels, np.array([x]))[0]
    assert abs(found - x) == np.abs(table - x).min()
    assert np.array_equal(quantize(levels, table), table)


@pytest.mark.parametrize("levels", [Levels(count=2), Levels(count=16), Levels(values=UNEVEN)], ids=str)
def test_nearest_level_half_way_and_beyond(levels: Levels) -> None:
    """Check eq:nearest-level at the edges: half-way goes up, beyond the ends to the ends."""
    table = levels.table()
    middles = (table[:-1] + table[1:]) / 2
    x = np.concatenate((table, middles, middles - 1e-9, middles + 1e-9, [0.0, 1.0]))
    wanted = [oracles.nearest_level(value, table) for value in x]
    found = quantize(levels, x)
    clear = (
        np.abs(np.abs(x[:, None] - middles).min(axis=1)) > 1e-12
    )  # half-way within rounding: either will do
    assert np.array_equal(found[clear], np.array(wanted)[clear])
    assert quantize(Levels(values=(0.0, 0.5, 1.0)), np.array([0.25, 0.75])).tolist() == [0.5, 1.0]


def test_rounding_error_of_even_levels(rng: np.random.Generator) -> None:
    """Check eq:nearest-level: squared error d**2 / 12, against d**2 / 6 of the stochastic one."""
    x, d = rng.random(draws_for_mean(0.02)), 1 / 15
    error = (quantize(Levels(count=16), x) - x) ** 2
    assert_mean(error, d**2 / 12, d**2 / math.sqrt(180))
    stochastic = (quantize(Levels(count=16, rounding="stochastic"), x, fresh_key(rng)) - x) ** 2
    # (error / d)**2 is (1 - f)**2 with probability f, f**2 else; f uniform: mean 1/6, second moment 1/15
    assert_mean(stochastic, d**2 / 6, d**2 * math.sqrt(1 / 15 - 1 / 36))
    assert_rejects(assert_mean, stochastic, d**2 / 12, d**2 / math.sqrt(180))


@pytest.mark.parametrize("target", [0.02, 0.12, 0.5, 0.8])
def test_stochastic_level_is_right_on_average(rng: np.random.Generator, target: float) -> None:
    """Check eq:stochastic-level by exact binomial tests; rounding to the nearest is noticed."""
    levels, n = Levels(values=UNEVEN, rounding="stochastic"), 200_000
    found = quantize(levels, np.full(n, target), fresh_key(rng))
    k = int(np.searchsorted(UNEVEN, target, side="right")) - 1
    fraction = (target - UNEVEN[k]) / (UNEVEN[k + 1] - UNEVEN[k])
    assert set(np.unique(found)) <= {UNEVEN[k], UNEVEN[k + 1]}
    up = int((found == UNEVEN[k + 1]).sum())
    assert_probability(up, n, fraction)
    assert_rejects(assert_probability, up, n, 1 - fraction if fraction else 0.001)
    nearest = quantize(Levels(values=UNEVEN), np.full(n, target))
    if 0 < fraction < 1:
        assert_rejects(assert_probability, int((nearest == UNEVEN[k + 1]).sum()), n, fraction)


def test_a_level_stays_and_the_ends_hold(rng: np.random.Generator) -> None:
    """Check eq:stochastic-level: certain where the target is a level or lies beyond them."""
    levels = Levels(values=UNEVEN, rounding="stochastic")
    for target, level in ((0.0, 0.0), (0.15, 0.15), (0.9, 0.9), (1.0, 0.9)):
        assert (quantize(levels, np.full(5000, target), fresh_key(rng)) == level).all()


def test_every_device_and_write_draws_anew(rng: np.random.Generator) -> None:
    """Check eq:stochastic-level: devices, planes and writes are independent; the same write is the same."""
    levels, key = Levels(count=2, rounding="stochastic"), fresh_key(rng)
    x = np.full(1024, 0.3)
    writes = np.stack([quantize(levels, x, key, generation) for generation in range(1, 257)])
    assert_independent(writes)
    planes = np.stack([quantize(levels, x, key, 1, plane) for plane in range(256)])
    assert_independent(planes)
    assert_rejects(assert_independent, np.stack([quantize(levels, x, key, 1)] * 256))
    few = np.array([7, 500, 3])
    again = levels.quantize(x[few], key, few, np.full(3, 9, np.uint32), 0)
    assert np.array_equal(again, writes[8, few])


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({}, "give either count or values"),
        ({"count": 4, "values": (0.0, 1.0)}, "give either count or values"),
        ({"values": (0.5, 0.5)}, "values must rise within 0 and 1"),
        ({"values": (0.0, 1.5)}, "values must rise within 0 and 1"),
    ],
)
def test_a_list_of_levels_is_checked(table: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Levels.model_validate(table)
