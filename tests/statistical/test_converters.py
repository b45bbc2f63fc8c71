"""Converters: exact levels; and stochastic rounding that is right on average, and a pure function of time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import oracles_devices as oracle
import pytest
from draws import fresh_key
from numpy.typing import NDArray

from hwnoise import InputError, Stream, substrate
from hwnoise.backends.emulator.layer import Layer
from hwnoise.devices.converters import MAX_BITS, Adc, Dac
from hwnoise.kernels.converters import adc, dac_fixed, dac_vector, round_stochastically
from hwnoise.network import DenseLayer
from hwnoise.testing import (
    assert_mean,
    assert_probability,
    assert_rejects,
    assert_uncorrelated,
    draws_for_mean,
)

Floats = NDArray[Any]
ONE = np.float32(1)
BITS = [2, 3, 8, 12, 16, MAX_BITS]


def levels_of(bits: int) -> int:
    """Sign and magnitude: two zeros, so one code less."""
    assert Dac(bits=bits).levels == Adc(bits=bits).levels == 2 ** (bits - 1) - 1
    return 2 ** (bits - 1) - 1


def fixed(x: Floats, full_scale: float, levels: int) -> Floats:
    """What ``dac_fixed`` makes of the rows ``x``."""
    out = np.empty(x.shape, np.float32)
    dac_fixed(np.asarray(x, np.float32), np.float32(full_scale), levels, out)
    return out


def vector(x: Floats, levels: int) -> tuple[Floats, Floats]:
    """What ``dac_vector`` makes of the rows ``x``, and the scale it found."""
    out, scale = np.empty(x.shape, np.float32), np.empty(len(x), np.float32)
    dac_vector(x, levels, out, scale)
    return out, scale


def digital(y: Floats, levels: int, full_scale: float) -> Floats:
    """What ``adc`` makes of ``y``, neither rescaled nor biased."""
    out, columns = np.empty(y.shape, np.float32), y.shape[1]
    unit = np.ones(len(y), np.float32), np.ones(columns, np.float32), np.zeros(columns, np.float32)
    adc(np.asarray(y, np.float32), unit[0], levels, np.float32(full_scale), *unit[1:], out)
    return out


@pytest.mark.parametrize("bits", BITS)
def test_levels(rng: np.random.Generator, bits: int) -> None:
    """Check eq:dac and eq:adc: every level and no other, symmetric, exact at 0, twice is once."""
    levels = levels_of(bits)
    x = np.sort(rng.uniform(-1.2, 1.2, (1, 20_000)).astype(np.float32))
    q, y = fixed(x, 1.0, levels), digital(10 * x, levels, 10.0)
    np.testing.assert_allclose(q, oracle.to_levels(x, levels), atol=1.01 / levels)
    for found, full in ((q, 1.0), (y, 10.0)):
        codes = found.astype(float) / full * levels
        assert np.abs(codes - np.rint(codes)).max() <= 2.0**-22 * levels
        assert codes.min() == pytest.approx(-levels)
        assert codes.max() == pytest.approx(levels)
        assert (np.diff(found) >= 0).all()
    assert len(np.unique(q)) == 2 * levels + 1 or bits > 8  # else too many to meet all
    assert np.array_equal(fixed(q, 1.0, levels), q)
    assert np.array_equal(digital(y, levels, 10.0), y)
    assert np.array_equal(fixed(-x, 1.0, levels), -q)
    assert not fixed(np.zeros((1, 3)), 1.0, levels).any()


def test_nearest_level_and_ties(rng: np.random.Generator) -> None:
    """Check eq:dac: to the nearest; from the middle to the even one; a mutant that cuts off is noticed."""
    codes = np.arange(-126, 127) + 0.5
    middle = (codes / 128).astype(np.float32)[None]  # 128 and its halves are exact
    assert np.array_equal(fixed(middle, 1.0, 128), (np.rint(codes) / 128).astype(np.float32)[None])
    assert np.array_equal(digital(middle, 128, 1.0), (np.rint(codes) / 128).astype(np.float32)[None])
    x = rng.uniform(-1, 1, (40, 100)).astype(np.float32)
    exact = x.astype(float) * 127
    clear = np.abs(exact - np.floor(exact) - 0.5) > 1e-4
    check = np.testing.assert_allclose
    check(fixed(x, 1.0, 127)[clear], oracle.to_levels(x, 127)[clear], rtol=1e-6)
    check(digital(x, 127, 1.0)[clear], oracle.to_levels(x, 127)[clear], rtol=1e-6)
    assert_rejects(check, fixed(x, 1.0, 127)[clear], np.trunc(exact)[clear] / 127, rtol=1e-6)
    assert_rejects(check, fixed(x, 1.0, 127)[clear], oracle.to_levels(x, 128)[clear], rtol=1e-6)


def test_a_vector_sets_its_own_range(rng: np.random.Generator) -> None:
    """Check eq:dac with ``range = "vector"``: full scale is the largest magnitude; zeros stay zeros."""
    x = (rng.standard_normal((50, 20)) * 10.0 ** rng.integers(-6, 6, (50, 1))).astype(np.float32)
    x[7] = 0
    q, scale = vector(x, 127)
    largest = np.abs(x).max(axis=1)
    largest[7] = 1
    assert np.array_equal(scale, largest)
    assert np.array_equal(np.abs(q).max(axis=1), np.where(np.arange(50) == 7, 0, ONE))
    np.testing.assert_allclose(q * scale[:, None], x, atol=0.51 * largest.max() / 127, rtol=1)
    assert (np.abs(q * scale[:, None] - x) <= 0.501 * largest[:, None] / 127).all()
    again = vector(3 * x, 127)[0]
    assert np.mean(again == q) > 0.99  # the same up to rounding of 3 x


def test_output_is_rescaled_digitally(rng: np.random.Generator) -> None:
    """Check eq:adc: clip, round, then scale, gain and bias, in place or not."""
    y = 3 * rng.standard_normal((30, 9)).astype(np.float32)
    scale, gain, bias = (rng.random(n, np.float32) + 0.5 for n in (30, 9, 9))
    out = np.empty_like(y)
    adc(y, scale, 31, np.float32(4.0), gain, bias, out)
    np.testing.assert_allclose(out, oracle.adc(y, 31, 4.0, scale, gain, bias), rtol=1e-5, atol=1e-5)
    adc(y, scale, 31, np.float32(4.0), gain, bias, y)
    assert np.array_equal(y, out)


def rounded(key: np.uint64, v: Floats, levels: int, full_scale: float = 1.0, tick: int = 0) -> Floats:
    """What stochastic rounding makes of the rows ``v``, in units of a level."""
    y = np.array(v, np.float32)
    loud = np.zeros(len(y), np.bool_)
    round_stochastically(y, np.float32(full_scale), levels, loud, key, np.uint64(tick))
    codes = y.astype(float) / full_scale * levels
    assert np.abs(codes - np.rint(codes)).max() < 1e-3
    return np.rint(codes)


FRACTIONS = [0.01, 0.25, 0.5, 0.9]


@pytest.mark.parametrize("fraction", FRACTIONS)
@pytest.mark.parametrize("below", [-100, -1, 0, 55])
def test_stochastic_rounding_is_unbiased(rng: np.random.Generator, fraction: float, below: int) -> None:
    """Check eq:stochastic-rounding: mean v, variance f (1 - f), and no level but the two beside v."""
    shape = (-(-draws_for_mean(0.02) // 500), 500)
    v = np.full(shape, (below + fraction) / 128, np.float32)
    up = rounded(fresh_key(rng), v, 128) - below
    f, spread = float(np.float32(v[0, 0]) * 128 - below), math.sqrt(fraction * (1 - fraction))
    assert set(np.unique(up)) == {0, 1}
    assert_probability(int(up.sum()), up.size, f)
    assert_mean(up, f, spread)
    for wrong in (np.rint(fraction), np.floor(fraction), np.ceil(fraction)):
        assert_rejects(assert_mean, np.full(up.size, wrong), f, spread)
    assert_rejects(assert_mean, np.floor(fraction + 0.03 * spread + rng.random(up.size)), f, spread)
    assert_uncorrelated(up[:-1], up[1:])
    for lag in (1, 16, 64):
        assert_uncorrelated(up[:, :-lag], up[:, lag:])


@pytest.mark.parametrize("bits", BITS)
def test_levels_stay_levels(rng: np.random.Generator, bits: int) -> None:
    """Check eq:stochastic-rounding: what needs no rounding is not rounded, beyond the range it clips."""
    levels = levels_of(bits)
    codes = np.unique(np.append(rng.integers(-levels, levels + 1, 500), [0, -levels, levels]))
    exact = (codes / 2.0 ** (bits - 1)).astype(np.float32)[None]  # multiples of a power of two
    assert np.array_equal(rounded(fresh_key(rng), exact, 2 ** (bits - 1)), codes[None])
    far = np.array([[-5.0, -1.0, 0.0, 1.0, 7.0]], np.float32)
    for seed in range(100):
        assert np.array_equal(
            rounded(np.uint64(seed), 3 * far, levels, 3.0), [[-levels, -levels, 0, levels, levels]]
        )


def test_quiet_rows_go_to_the_nearest_level(rng: np.random.Generator) -> None:
    y = rng.uniform(-1, 1, (40, 100)).astype(np.float32)
    quiet = np.arange(40) % 2 == 0
    expected, loud = fixed(y, 1.0, 127), y.copy()
    round_stochastically(y, ONE, 127, quiet, fresh_key(rng), np.uint64(0))
    np.testing.assert_allclose(y[quiet], expected[quiet], rtol=1e-6)
    assert (np.abs(y[~quiet] - loud[~quiet]) * 127 < 1.001).all()
    assert 0.3 < np.mean(np.abs(y[~quiet] - expected[~quiet]) * 127 < 0.5) < 0.9  # the others do not


def test_draws_depend_on_tick_and_element_alone(rng: np.random.Generator) -> None:
    """Check eq:stochastic-rounding: the same bits for any split and any neighbours."""
    key, v = fresh_key(rng), rng.uniform(-1, 1, (130, 100)).astype(np.float32)
    whole = rounded(key, v, 127, tick=2**33)
    for split in ([3, 127], [64, 66], [1] * 130):
        first, parts = 0, []
        for rows in split:
            parts.append(rounded(key, v[first : first + rows], 127, tick=2**33 + first))
            first += rows
        assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(rounded(key, v[:, :65], 127, tick=2**33), whole[:, :65])
    assert not np.array_equal(rounded(key, v, 127, tick=2**33 + 1), whole)
    assert not np.array_equal(rounded(key ^ np.uint64(1), v, 127, tick=2**33), whole)


def layer(rng: np.random.Generator, weight: Floats, **effects: Any) -> Layer:
    """A layer of exact weights (n_in, n_out) behind the given converters."""
    chip = substrate.parse({"name": "test", "kind": "test", "quiet": "chip", **effects})
    dense = DenseLayer("dense", weight.T, np.zeros(weight.shape[1], np.float32), "identity")
    return Layer(chip, dense, Stream(int(rng.integers(2**62))), 1.0)


@pytest.mark.parametrize("where", ["dac", "adc"])
def test_a_layer_is_right_on_average(rng: np.random.Generator, where: str) -> None:
    """Check eq:stochastic-rounding on a layer with 3-bit converters; rounding to the nearest is not."""
    weight = np.array([[0.3, -0.9], [1.0, 0.25]], np.float32)
    x = np.array([[1.0, 0.4]], np.float32)
    rows = np.tile(x, (draws_for_mean(0.02), 1))
    table = {"bits": 3, "range": 1.5}
    dithered = layer(rng, weight, **{where: table | {"rounding": "stochastic"}})
    stiff = layer(rng, weight, **{where: table})
    mean, seen = (x @ weight)[0], dithered.forward(rows, 0)[0]
    step = 1.5 / 3
    v = x[0] / step if where == "dac" else mean / step
    spread = step * np.sqrt((v - np.floor(v)) * (np.ceil(v) - v))
    spread = np.sqrt(spread**2 @ weight**2) if where == "dac" else spread
    for j in range(2):
        assert_mean(seen[:, j], mean[j], spread[j])
        assert_rejects(assert_mean, stiff.forward(rows, 0)[0][:, j], mean[j], spread[j])
    again = dithered.forward(rows[:100], 50)[0]
    assert np.array_equal(again, seen[50:150])
    still = dithered.forward(rows[:4], 0, quiet=np.array([True, False, True, False]))[0]
    np.testing.assert_allclose(still[::2], stiff.forward(rows[:2], 0)[0], rtol=1e-6)


def test_a_read_back_is_right_on_average(rng: np.random.Generator) -> None:
    """Check eq:stochastic-rounding: weights smaller than a step are seen, in the mean over read-backs."""
    weight = np.full((40, 50), 0.1, np.float32)
    weight[0] = 1
    chip = layer(rng, weight, adc={"bits": 3, "rounding": "stochastic"})
    back = np.stack([chip.read_weights(40 * k) for k in range(40)])[:, :, 1:]
    assert_mean(back, 0.1, math.sqrt(0.3 * 0.7) / 3)
    stiff = layer(rng, weight, adc={"bits": 3}).read_weights(0)[:, 1:]
    assert_rejects(assert_mean, np.broadcast_to(stiff, back.shape), 0.1, math.sqrt(0.3 * 0.7) / 3)


def test_stochastic_rounding_is_a_noise_that_passes_show() -> None:
    """A learner may use it like any other noise at the nodes."""
    chip = substrate.load("pcm", {"adc.rounding": "stochastic"})
    found = next(noise for noise in chip.noises() if noise.name == "adc")
    assert (found.level, found.time_scale) == ("node", "read")
    assert found.handles == {"paired", "mean_subtracted"}
    assert not any(noise.name == "dac" for noise in chip.noises())


@pytest.mark.parametrize(
    ("key", "value"),
    [("bits", 1), ("bits", 23), ("rounding", "up"), ("range", 0.0), ("range", "row"), ("range", -1)],
)
def test_impossible_converters_are_refused(key: str, value: object) -> None:
    with pytest.raises(InputError, match=rf"dac\.{key} .*{value}"):
        substrate.parse({"name": "test", "kind": "test", "dac": {key: value}}, "test.toml")
