"""Faults: exactly as many as asked for, on the devices and lines they belong to, for the life of the chip."""

from __future__ import annotations

import math

import numpy as np
import oracles_array as oracles
import pytest
from draws import assert_independent, fresh_key
from numpy.typing import NDArray
from pydantic import ValidationError

from hwnoise import Stream
from hwnoise.devices.faults import FaultMap, Faults
from hwnoise.kernels.faults import fill_fates
from hwnoise.kernels.philox import fill_words
from hwnoise.kernels.uniform import fill_uniform
from hwnoise.testing import assert_distribution, assert_probability, assert_rejects

SHAPE = (2, 1300, 1000)  # 2.6e6 devices notice a rate of .01 off by 5 %: (7.98 / .05)**2 * .99 / .01
LOWEST, HIGHEST = 0.1, 25.0
DEVICES = math.prod(SHAPE)
LOW, HIGH = 0.02, 0.05


def new_chip(rng: np.random.Generator) -> Stream:
    return Stream(int(rng.integers(2**62)), "chip/hidden/faults")


def drawn(rng: np.random.Generator, faults: Faults, shape: tuple[int, int, int] = SHAPE) -> FaultMap:
    return faults.draw(new_chip(rng), shape, LOWEST, HIGHEST)


def conductances(found: FaultMap, shape: tuple[int, int, int] = SHAPE) -> NDArray[np.float32]:
    """What an array written to 10 µS everywhere conducts with these faults."""
    g = np.full(shape, 10.0, np.float32)
    found.hold(g)
    return g


def assert_both_rates(low: int, high: int, p_low: float, p_high: float) -> None:
    assert_probability(low, DEVICES, p_low)
    assert_probability(high, DEVICES, p_high)


@pytest.mark.parametrize(("p_low", "p_high"), [(0.01, 0.01), (0.02, 0.05), (0.1, 0.1), (0.01, 0.5)])
def test_both_rates(rng: np.random.Generator, p_low: float, p_high: float) -> None:
    """Check eq:stuck by exact binomial tests; a rate off by 5 %, and a total split wrongly, are noticed."""
    g = conductances(drawn(rng, Faults(stuck_low=p_low, stuck_high=p_high)))
    low, high = int((g == np.float32(LOWEST)).sum()), int((g == HIGHEST).sum())
    assert_both_rates(low, high, p_low, p_high)
    more = drawn(rng, Faults(stuck_low=1.05 * p_low, stuck_high=p_high)).counts
    assert_rejects(assert_both_rates, more["stuck_low"], more["stuck_high"], p_low, p_high)
    total = p_low + p_high  # split by p_low : 1 - p_low, a published simulator's defect
    wrong = drawn(rng, Faults(stuck_low=total * p_low, stuck_high=total * (1 - p_low))).counts
    assert_rejects(assert_both_rates, wrong["stuck_low"], wrong["stuck_high"], p_low, p_high)


def test_swapped_rates_are_noticed(rng: np.random.Generator) -> None:
    """Check eq:stuck: low and high are told apart."""
    found = drawn(rng, Faults(stuck_low=HIGH, stuck_high=LOW)).counts
    assert_rejects(assert_both_rates, found["stuck_low"], found["stuck_high"], LOW, HIGH)


@pytest.mark.parametrize("rate", [0.1348, 0.0977])
def test_published_fractions_of_dead_devices(rng: np.random.Generator, rate: float) -> None:
    """Check eq:stuck: two measured arrays, stuck at values uniform between the ends."""
    found = drawn(rng, Faults(stuck_between=rate))
    assert_probability(found.counts["stuck_between"], DEVICES, rate)
    assert_distribution(found.conductance, lambda g: (g - LOWEST) / (HIGHEST - LOWEST))
    assert_rejects(
        assert_distribution, found.conductance, lambda g: ((g - LOWEST) / (HIGHEST - LOWEST)) ** 1.1
    )


def test_a_fate_is_a_word_between_edges(rng: np.random.Generator) -> None:
    """Check eq:stuck draw by draw against the oracle, at rates that fall on 2**-32 exactly."""
    key, rates = fresh_key(rng), (0.125, 0.25, 0.5)
    fates, words = np.empty((3, 1000), np.uint8), np.empty((3, 1000), np.uint32)
    edges = (np.cumsum(rates) * 2**32).astype(np.uint64)
    fill_fates(key, np.uint64(5), edges, fates)
    fill_words(key, np.uint64(5), words)
    assert fates.tolist() == [[oracles.fate(w / 2**32, *rates) for w in row] for row in words.tolist()]


def test_certain_rates_are_exact(rng: np.random.Generator) -> None:
    """Check eq:stuck at 0 and 1; rates that add up to 1 with rounding leave no device."""
    shape = (1, 100, 100)
    assert drawn(rng, Faults(), shape).where.size == 0
    assert drawn(rng, Faults(stuck_high=1.0), shape).counts["stuck_high"] == 10_000
    assert drawn(rng, Faults(stuck_low=0.1, stuck_high=0.2, stuck_between=0.7), shape).where.size == 10_000


def test_faults_are_independent(rng: np.random.Generator) -> None:
    """Check eq:stuck: neighbours, planes and chips; and that a shared plane is noticed."""
    faults = Faults(stuck_low=0.2, stuck_high=0.1)
    masks = (conductances(drawn(rng, faults)) != 10.0).astype(np.float64)
    assert_independent(masks[0])
    assert_independent(masks[:, :, :500].reshape(-1, 500))
    assert_rejects(assert_independent, np.repeat(masks[0, :650], 2, axis=0))
    chips = [drawn(rng, faults).where for _ in range(2)]
    shared = np.intersect1d(*chips).size
    assert_probability(shared, DEVICES, 0.3**2)


def test_faults_outlive_writes_and_tiles(rng: np.random.Generator) -> None:
    """Check eq:stuck: the map is a function of the chip; tiles do not move stuck devices."""
    chip, faults = new_chip(rng), Faults(stuck_low=LOW, stuck_high=HIGH, stuck_between=0.01)
    first, again = (
        faults.draw(chip, SHAPE, LOWEST, HIGHEST),
        faults.draw(chip, SHAPE, LOWEST, HIGHEST, (64, 64)),
    )
    assert np.array_equal(first.where, again.where)
    assert np.array_equal(first.conductance, again.conductance)
    g = conductances(first)
    held = g.copy()
    g[:] = 3.0
    first.hold(g)
    assert np.array_equal(g[g != 3.0], held[held != 10.0])


def test_a_value_between_is_a_draw_of_its_own(rng: np.random.Generator) -> None:
    """Check eq:stuck: u' is the uniform draw of the device's index, and of another stream."""
    chip = new_chip(rng)
    found = Faults(stuck_between=0.3).draw(chip, (1, 20, 30), 0.0, 1.0)
    u = np.empty((1, 600), np.float32)
    fill_uniform(chip.child("between").key, np.uint64(0), u)
    assert np.array_equal(found.conductance, u[0, found.where])


@pytest.mark.parametrize(("kind", "lines"), [("dead_rows", 4 * 3000), ("dead_columns", 2 * 6 * 2000)])
def test_dead_lines(rng: np.random.Generator, kind: str, lines: int) -> None:
    """Check eq:dead-lines: rate, whole lines of one tile, and the planes they belong to."""
    chip, shape, tile = new_chip(rng), (2, 3000, 2000), (500, 500)
    found = Faults(**{kind: 0.05}).draw(chip, shape, LOWEST, HIGHEST, tile)
    assert_probability(found.counts[kind], lines, 0.05)
    assert_rejects(assert_probability, found.counts[kind], lines, 0.1)
    per_line = 2 * 500 if kind == "dead_rows" else 500
    assert found.counts["cut_off"] == found.where.size == per_line * found.counts[kind]
    blocks = (conductances(found, shape) == 0).reshape(2, 6, 500, 4, 500)
    if kind == "dead_rows":
        assert (blocks == blocks[:1, ..., :1]).all()
    else:
        assert (blocks == blocks[:, :, :1]).all()
        assert not np.array_equal(blocks[0], blocks[1])


def test_a_cut_device_is_cut_stuck_or_not(rng: np.random.Generator) -> None:
    """Check eq:dead-lines: what is on a dead line counts as that, and conducts nothing."""
    found = drawn(rng, Faults(stuck_high=0.5, dead_columns=0.2))
    g, counts = conductances(found), found.counts
    dead = (g == 0).all(axis=1)
    assert dead.sum() == counts["dead_columns"]
    assert counts["cut_off"] == (g == 0).sum() == SHAPE[1] * counts["dead_columns"]
    assert counts["stuck_high"] == (g == HIGHEST).sum()
    assert_probability(counts["stuck_high"], DEVICES - counts["cut_off"], 0.5)


def test_rates_beyond_one_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"stuck_low \+ stuck_high \+ stuck_between must be at most 1"):
        Faults(stuck_low=0.6, stuck_high=0.5)
