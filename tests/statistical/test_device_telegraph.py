"""Traps in devices: the right share of time, memory of the right length, a state that nobody keeps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from draws import fresh_key
from numpy.typing import NDArray
from oracles_devices import trap_state
from scipy import stats
from tiny import chip, kind, layers, on_chip

from hwnoise.devices.device_telegraph import DeviceTelegraph
from hwnoise.kernels.device_telegraph import advance, fill_rates
from hwnoise.testing import (
    assert_distribution,
    assert_mean,
    assert_probability,
    assert_rejects,
    assert_uncorrelated,
    draws_for_mean,
)

Array = NDArray[Any]
HIGH, READS = 0.3, 8.0  # share of time spent high, and correlation time in reads
DEVICES = 1_000_000  # 2 % of the time constant changes the odds below by 0.8 % of a standard deviation
FLAT = {"shape": "polynomial", "coefficients": [0.2]}


def states(key: np.uint64, ticks: list[int], n: int = DEVICES, high: float = HIGH, plane: int = 0) -> Array:
    """States (ticks, n) of traps with a correlation time of ``READS``."""
    rates, until = np.full(n, 1 / READS, np.float32), np.full(n, -1.0)
    out, held = np.empty((len(ticks), n), np.int8), np.zeros(n, np.int8)
    for tick, row in zip(ticks, out, strict=True):
        advance(rates, high, key, plane, np.uint64(tick), 0, held, until)
        row[:] = held
    return out


def assert_same(first: Array, second: Array, reads: float, high: float = HIGH) -> None:
    """Check how often traps are as they were ``reads`` ago (eq:trap-times)."""
    changed = 2 * high * (1 - high) * (1 - math.exp(-reads / READS))
    assert_probability(int((first == second).sum()), first.size, 1 - changed)


def test_share_of_time_and_memory(rng: np.random.Generator) -> None:
    """Check eq:trap-times and eq:trap-refresh: stationary from the first read on, for ever."""
    far = 10**15
    s = states(fresh_key(rng), [0, 1, 8, 30, far, far + 8])
    for row in s:
        assert_probability(int(row.sum()), DEVICES, HIGH)
        assert_rejects(assert_probability, int(row.sum()), DEVICES, 1 - HIGH)
        assert_rejects(assert_probability, int(row.sum()), DEVICES, 1.02 * HIGH)
    for first, second, reads in ((0, 1, 1), (0, 2, 8), (1, 2, 7), (0, 3, 30), (4, 5, 8)):
        assert_same(s[first], s[second], reads)
        assert_rejects(assert_same, s[first], s[second], 2 * reads)
    assert_rejects(assert_same, s[0], s[2], 1.02 * 8)
    assert_rejects(assert_same, s[0], s[0], 8)  # a trap that is stuck


def test_it_remembers_its_state_and_nothing_else(rng: np.random.Generator) -> None:
    """Check eq:trap-refresh: where it goes from here does not depend on where it came from."""
    a, b, c = states(fresh_key(rng), [5, 9, 13])
    stays = HIGH + (1 - HIGH) * math.exp(-4 / READS)
    for before in (0, 1):
        here = (b == 1) & (a == before)
        assert_probability(int(c[here].sum()), int(here.sum()), stays)
        assert_rejects(assert_probability, int(c[here].sum()), int(here.sum()), 0.98 * stays)


def test_devices_planes_and_chips_are_independent(rng: np.random.Generator) -> None:
    """Neighbours, devices of one weight, and other keys share nothing."""
    key = fresh_key(rng)
    first = states(key, [3], 200_000)[0].astype(float)
    assert_uncorrelated(first[:-1], first[1:])
    for other in (states(key, [3], 200_000, plane=1), states(fresh_key(rng), [3], 200_000)):
        assert_uncorrelated(first, other[0].astype(float))
    assert_rejects(assert_uncorrelated, first, first)


def test_bits_are_those_of_the_oracle(rng: np.random.Generator) -> None:
    """Check eq:trap-refresh one device at a time; where a tile starts changes nothing."""
    key = fresh_key(rng)
    for tick in (0, 1, 77, 2**40):
        found = states(key, [tick], 60, plane=2)[0]
        rate = float(np.float32(1 / READS))
        assert found.tolist() == [trap_state(int(key), i, 2, tick * rate, HIGH) for i in range(60)]
    part, rates = np.zeros(30, np.int8), np.full(30, 1 / READS, np.float32)
    advance(rates, HIGH, key, 2, np.uint64(2**40), 30, part, np.full(30, -1.0))
    assert np.array_equal(part, found[30:])


def test_a_state_is_kept_as_long_as_it_is_sure(rng: np.random.Generator) -> None:
    """Check eq:trap-refresh tick by tick: going on from a state is the same as looking it up."""
    key = fresh_key(rng)
    walked = states(key, list(range(1000, 1100)), 500)
    for number in (0, 1, 17, 99):
        assert np.array_equal(walked[number], states(key, [1000 + number], 500)[0])
    assert 0.02 < (np.diff(walked, axis=0) != 0).mean() < 0.1


def test_who_has_a_trap_and_how_fast_it_is(rng: np.random.Generator) -> None:
    """Check eq:trap-times: the share of devices, and times that spread log-normally."""
    rates = np.empty(draws_for_mean(0.02), np.float32)
    fill_rates(fresh_key(rng), 0, 0.25, 40.0, 1.5, 0, rates)
    assert_probability(int((rates > 0).sum()), rates.size, 0.25)
    times = np.log(1 / (40.0 * rates[rates > 0].astype(float)))
    assert_distribution(times, lambda x: stats.norm.cdf(x, scale=1.5))
    assert_rejects(assert_distribution, 1.1 * times, lambda x: stats.norm.cdf(x, scale=1.5))
    fill_rates(fresh_key(rng), 0, 1.0, 40.0, 0.0, 0, rates)
    assert (rates == np.float32(1 / 40.0)).all()


def test_the_weight_moves_by_the_step_and_keeps_its_mean(rng: np.random.Generator) -> None:
    """Check eq:trap-step: two values around the weight, ``A g`` apart, and the mean in between."""
    size = (draws_for_mean(0.02) // 300, 300)
    effect = {"amplitude": FLAT, "time_high": 3e-3, "time_low": 1e-3}
    program = on_chip(layers(np.ones(size)), kind(conductance={}, device_telegraph=effect))
    seen = program.diagnostics()["a.weight"]
    assert np.unique(seen) == pytest.approx([1 - 0.2 * 0.75, 1 + 0.2 * 0.25])

    def check(weights: Array) -> None:
        assert_mean(weights, 1.0, 0.2 * math.sqrt(0.75 * 0.25))
        assert_probability(int((weights > 1).sum()), weights.size, 0.75)

    check(seen)
    assert_rejects(check, 1.01 * seen)
    assert_rejects(check, 2 - seen)  # high and low swapped


def test_it_stands_still_for_a_while_and_remembers_as_it_says() -> None:
    """Check eq:trap-hold, and the reported correlation against what the weights do."""
    effect = DeviceTelegraph(amplitude=FLAT, time_high=2e-3, time_low=2e-3)
    assert [effect.hold(period) for period in (1e-6, 1e-5, 1e-4, 1.0)] == [32, 4, 1, 1]
    program = on_chip(
        layers(np.ones((300, 1000))), kind(conductance={}, device_telegraph=effect.model_dump())
    )
    array: Any = program.layers["a"].array
    rows = [array.view(tick).weight.copy() for tick in (0, 31, 32, 640)]
    assert np.array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[1], rows[2])
    for row, tick in ((rows[2], 32), (rows[3], 640)):
        found = float(np.mean((rows[0] - 1) * (row - 1)) / 0.01)
        said = effect.correlation(np.array([0], np.uint64), np.array([tick], np.uint64), 1e-6)
        assert said == pytest.approx(math.exp(-tick * 1e-3), rel=1e-3)
        assert found == pytest.approx(said, abs=0.02)


def test_looking_changes_nothing_and_time_may_be_skipped() -> None:
    """The state at a tick is a pure function of it: whoever looked before, in whatever order."""
    effect = {"amplitude": FLAT, "time_high": 1e-4, "time_low": 1e-4, "time_spread": 1.0}
    on = kind(conductance={}, device_telegraph=effect)
    patient, restless = chip(on), chip(on)
    patient.advance(1.0)
    for _ in range(10):
        restless.diagnostics()
        restless.advance(0.1)
    for name, values in patient.diagnostics().items():
        assert np.array_equal(values, restless.diagnostics()[name])
    assert on.correlation(np.zeros(1, np.uint64), np.full(1, 50, np.uint64), 0)["device_telegraph"] < 1
