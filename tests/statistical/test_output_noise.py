"""Noise of output lines before conversion, per array and read; converters bent or bit-serial."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles_devices as oracle
import pytest
from numpy.typing import NDArray
from scipy import stats
from tiny import batch, kind, layers, on_chip

from hwnoise import InputError, Stream
from hwnoise.backends.base import Probe
from hwnoise.devices.adc_nonlinearity import AdcNonlinearity
from hwnoise.devices.output_noise import OutputNoise
from hwnoise.kernels.adc_nonlinearity import bend
from hwnoise.kernels.converters import dac_slice, round_down
from hwnoise.testing import (
    assert_distribution,
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    assert_uncorrelated,
    assert_variance,
    draws_for_mean,
    draws_for_sigma,
)

Array = NDArray[Any]
SIGMA, COLUMNS = 0.3, 50
READS = draws_for_sigma(0.02) // COLUMNS + 1


def noise(seed: int, **tables: Any) -> Array:
    """What outputs (reads, columns) of a layer of zeros read as."""
    tables = {"output_noise": {"sigma": SIGMA}, **tables}
    program = on_chip(layers(np.zeros((COLUMNS, 6))), kind(**tables), seed=seed)
    return program.run(np.ones((READS, 6), np.float32)).output[0].astype(np.float64)


def test_every_output_of_every_read_is_off_by_a_draw(rng: np.random.Generator) -> None:
    """Check eq:output-noise: sigma of the product, new for each output and read."""
    y = noise(int(rng.integers(2**31)))
    assert_mean(y, 0.0, SIGMA)
    assert_gaussian_std(y, SIGMA)
    assert_rejects(assert_gaussian_std, 1.02 * y, SIGMA)
    law, flat = stats.norm(0, SIGMA).cdf, rng.uniform(-1, 1, y.size)
    assert_distribution(y.ravel(), law)
    assert_rejects(assert_distribution, np.sqrt(3) * SIGMA * flat, law)
    assert_uncorrelated(y[1:], y[:-1])
    assert_uncorrelated(y[:, 1:], y[:, :-1])
    assert_rejects(assert_uncorrelated, np.repeat(y[:1], 100, 0)[1:], np.repeat(y[:1], 100, 0)[:-1])


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"tile": {"rows": 2, "columns": 50}}, SIGMA * np.sqrt(3)),
        ({"adc": {"bits": 22, "range": 5.0}}, SIGMA),
        ({"adc": {"bits": 22, "range": 5.0}, "output_noise": {"sigma": 0.1, "reference": "full_scale"}}, 0.5),
        ({"dac": {"bits": 4, "slice_bits": 1, "range": 1.0}}, SIGMA * np.sqrt(1 + 4 + 16) / 7),
        ({"dac": {"bits": 8, "range": 3.0}}, 3 * SIGMA),
    ],
)
def test_arrays_slices_and_ranges(rng: np.random.Generator, tables: Any, expected: float) -> None:
    """Check eq:output-noise and eq:dac-slice: each array and slice has its own, weighted by its place."""
    y = noise(int(rng.integers(2**31)), **tables)
    assert_gaussian_std(y, expected)
    assert_rejects(assert_gaussian_std, 1.02 * y, expected)


def test_a_quiet_pass_has_none_and_two_passes_differ() -> None:
    program = on_chip(layers(np.ones((4, 6))), kind(output_noise={"sigma": SIGMA}, quiet="chip"))
    reading = program.run(batch(20), Probe(3, quiet_passes=(0,)))
    assert reading.output[0] == pytest.approx(np.tile(batch(20).sum(axis=1)[:, None], 4), abs=1e-5)
    assert (reading.output[1] != reading.output[2]).all()


def test_a_share_of_the_full_scale_needs_one() -> None:
    with pytest.raises(InputError, match=r"range of a converter, and there is no \[adc\]"):
        kind(output_noise={"sigma": 0.1, "reference": "full_scale"})
    assert OutputNoise(sigma=0.1, reference="full_scale").sigma_at(5.0) == 0.5


def away_from_edges(y: Array, level: float, edge: float) -> Array:
    """``y`` in float32, none so near to where a code changes that float32 and float64 disagree."""
    place = y / level - edge
    near = np.abs(place - np.rint(place)) < 1e-4
    return np.where(near, y + 1e-3 * level, y).astype(np.float32)


# Bent converters

LEVELS = 31


def test_codes_are_a_walk_tied_at_both_ends(rng: np.random.Generator) -> None:
    """Check eq:adc-nonlinearity: spread of every code, and how codes go together."""
    effect, count = AdcNonlinearity(unit_spread=0.1), draws_for_sigma(0.02)
    codes = effect.draw(Stream(int(rng.integers(2**62))), (1, count), LEVELS)[0].astype(np.float64)
    assert not codes[:, 0].any()
    assert np.abs(codes[:, -1]).max() < 1e-6
    for k in (1, 8, 16, 30):
        assert_gaussian_std(codes[:, k], 0.1 * np.sqrt(k * (LEVELS - k) / LEVELS))
        assert_rejects(assert_gaussian_std, 1.02 * codes[:, k], 0.1 * np.sqrt(k * (LEVELS - k) / LEVELS))
    assert_rejects(assert_gaussian_std, codes[:, 16], 0.1 * np.sqrt(16))  # not tied at the end
    expected = 0.01 * 8 * (LEVELS - 16) / LEVELS
    product = codes[:, 8] * codes[:, 16]
    spread = np.sqrt(1e-4 * 8 * 23 * 16 * 15 / LEVELS**2 + expected**2)
    assert_mean(product, expected, spread)
    assert_rejects(assert_mean, product, 0.01 * 8 * 16 / LEVELS, spread)
    assert_uncorrelated(codes[1:, 16], codes[:-1, 16])  # converters have ladders of their own
    assert_rejects(assert_uncorrelated, codes[:, 8], codes[:, 16])
    assert effect.worst(LEVELS) == pytest.approx(0.1 * np.sqrt(LEVELS) / 2)


def test_outputs_move_by_what_their_code_lies_off(rng: np.random.Generator) -> None:
    """Check eq:adc-nonlinearity against the oracle; both signs share a ladder."""
    deviation = AdcNonlinearity(unit_spread=0.3).draw(Stream(5), (1, 7), LEVELS)[0]
    y = away_from_edges(rng.uniform(-6, 6, (400, 7)), 5.0 / LEVELS, 0.5)
    expected, mirrored = oracle.bent(y.astype(np.float64), 5.0, deviation), -y
    for values in (y, mirrored):
        bend(values, np.float32(5.0), deviation)
    assert y == pytest.approx(expected, abs=1e-5)
    assert np.array_equal(mirrored, -y)


def test_columns_of_a_chip_are_bent_in_their_own_way() -> None:
    adc = {"bits": 6, "range": 4.0}
    on = kind(adc=adc, adc_nonlinearity={"unit_spread": 0.5})
    straight, bent = (on_chip(layers(np.ones((9, 3))), k) for k in (kind(adc=adc), on))
    x = np.linspace(-1, 1, 200, dtype=np.float32)[:, None].repeat(3, 1)
    y, reference = bent.run(x).output[0], straight.run(x).output[0]
    assert 0 < np.abs(y - reference).max() < 1.5
    assert len({column.tobytes() for column in y.T}) == 9
    with pytest.raises(InputError, match=r"adc.bits must be at most 12"):
        kind(adc={"bits": 16}, adc_nonlinearity={"unit_spread": 0.1})


# Bit-serial inputs, and rounding down


@pytest.mark.parametrize(("bits", "slice_bits"), [(8, 1), (8, 3), (6, 5), (4, 8)])
def test_slices_add_up_to_the_input(bits: int, slice_bits: int, rng: np.random.Generator) -> None:
    """Check eq:dac-slice: digits against the oracle, and outputs that are those of the whole input."""
    levels, base = 2 ** (bits - 1) - 1, 2**slice_bits
    q = np.round(rng.uniform(-1, 1, (50, 9)) * levels).astype(np.float32) / np.float32(levels)
    for place in range(3):
        found = np.empty_like(q)
        dac_slice(q, levels, base, place, found)
        assert found == pytest.approx(oracle.digit(q, levels, base, place), abs=1e-6)
    weight = rng.normal(size=(5, 9)).astype(np.float32)
    whole, serial = (
        on_chip(layers(weight), kind(dac={"bits": bits, **extra}))
        for extra in ({}, {"slice_bits": slice_bits})
    )
    x = rng.normal(size=(40, 9)).astype(np.float32)
    assert serial.run(x).output == pytest.approx(whole.run(x).output, abs=1e-4)
    assert serial.events["conversions_in"] == -(-(bits - 1) // slice_bits) * whole.events["conversions_in"]


def test_rounding_down_costs_half_a_level(rng: np.random.Generator) -> None:
    """Check eq:adc-floor: the oracle's codes, and the mean and spread of what is lost."""
    y = away_from_edges(rng.uniform(-4, 4, (draws_for_mean(0.02) // 10, 10)), 5.0 / 127, 0.0)
    before = y.astype(np.float64)
    round_down(y, np.float32(5.0), 127)
    assert y == pytest.approx(oracle.rounded_down(before, 127, 5.0), abs=1e-6)
    lost = (y - before) / (5.0 / 127)
    assert_mean(lost, -0.5, np.sqrt(1 / 12))
    assert_variance(lost, 1 / 12, 1.8)
    assert_rejects(assert_mean, lost + 0.5, -0.5, np.sqrt(1 / 12))  # rounded to the nearest
    ends = np.array([[-9.0, 9.0]], np.float32)
    round_down(ends, np.float32(5.0), 127)
    assert np.rint(ends / np.float32(5.0 / 127)).tolist() == [[-128, 127]]
