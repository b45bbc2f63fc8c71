"""Pulsed devices: every pulse as the oracle has it, every spread as stated; and wrong ones are noticed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from draws import fresh_key
from oracles_pulsed import (
    Bench,
    Device,
    affine_moments,
    apply_pulses,
    coincidences,
    normals,
    substrate,
    trains_of,
)
from scipy import stats

from hwnoise import Stream
from hwnoise.backends.emulator.pulsed_array import PulsedArray
from hwnoise.backends.emulator.pulsed_devices import KINDS
from hwnoise.devices.pulsed_update import PulsedUpdate
from hwnoise.kernels import pulse_trains
from hwnoise.testing import (
    assert_distribution,
    assert_frequencies,
    assert_gaussian_std,
    assert_mean,
    assert_probability,
    assert_rejects,
    assert_uncorrelated,
    assert_variance,
    draws_for_mean,
    draws_for_sigma,
)

Array = Any
N = draws_for_sigma(0.02)
S = 0.3
STEP = 0.001
CONSTANT = {"shape": "constant_step", "step": STEP}
SOFT = {"shape": "soft_bounds", "step": 0.02}
MODELS = {
    "constant": {"shape": "constant_step", "step": 0.1},
    "linear": {
        "shape": "linear_step", "step": 0.1, "slope_up": 0.4, "slope_down": 0.7,
        "cycle_noise_law": "multiplicative",
    },
    "soft": {"shape": "soft_bounds", "step": 0.1, "cycle_noise_law": "multiplicative"},
    "additive": {"shape": "soft_bounds", "step": 0.4, "cycle_noise_law": "additive"},
    "exponential": {
        "shape": "exp_step", "step": 0.1, "amplitude_up": -1.2, "amplitude_down": -0.08, "rate_up": 3.0,
        "rate_down": 4.0, "a": -0.5, "b": -0.4, "noise_add": 0.03, "noise_slope": 0.1,
    },
    "power": {"shape": "pow_step", "step": 0.1, "exponent_up": 1.7, "exponent_down": 0.4},
    "piecewise": {"shape": "piecewise", "step": 0.1, "nodes_up": (1.5, 1, 0.2), "nodes_down": (0.1, 1, 2)},
}  # fmt: skip


def update(model: dict[str, Any], **parameters: Any) -> PulsedUpdate:
    even = {"step_spread": 0.0, "up_down_spread": 0.0, "w_max_spread": 0.0, "w_min_spread": 0.0}
    return PulsedUpdate.model_validate({"model": model, "w_max": 1.0, "w_min": -1.0, **even, **parameters})


def bench(rng: np.random.Generator, kind: PulsedUpdate, n: int = N) -> Bench:
    return Bench(kind, n, int(fresh_key(rng)))


def spread_of(rng: np.random.Generator) -> Any:
    """Fresh normals by name, for device constants."""
    key = Stream(int(fresh_key(rng)), "constants")
    return lambda name: key.child(name).generator().standard_normal(N).astype(np.float32)


def nothing_corrupt(name: str) -> Array:
    return np.full(N, 0.5, np.float32)


# One pulse, and many


@pytest.mark.parametrize("name", MODELS)
def test_pulses_are_those_of_the_oracle(rng: np.random.Generator, name: str) -> None:
    """Check eq:pulse, eq:pulse-noise and the steps eq:pulse-constant, eq:pulse-linear, eq:pulse-soft-bounds,
    eq:pulse-exponential, eq:pulse-power and eq:pulse-piecewise, with the very normals of the kernel.

    Steps of a tenth of the range reach the bounds: nothing here is a jump.
    """  # noqa: D205
    kind = update(MODELS[name], cycle_noise=S, up_down=0.2)
    devices = bench(rng, kind, 70)
    devices.w[:] = start = rng.uniform(-1, 1, 70).astype(np.float32)
    counts = rng.integers(30, 40, 70) * rng.choice([-1, 1], 70)
    found = devices.pulse(counts).copy()
    constants = devices.devices.cells.astype(np.float64)
    for i in range(70):
        z = normals(devices.key, 0, i, abs(int(counts[i])))
        directions = [bool(counts[i] > 0)] * len(z)
        expected = apply_pulses(kind.model, Device(*constants[:4, i]), float(start[i]), directions, S, z)
        assert found[i] == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("least", [0.0, 0.95])
@pytest.mark.parametrize("name", MODELS)
def test_trains_pulse_in_the_order_of_the_samples(rng: np.random.Generator, name: str, least: float) -> None:
    """Check eq:pulse and eq:pulse-coincidence: ups and downs follow each other as the samples do.

    Also where nearly all slots coincide, which is as many pulses as there may ever be.
    """
    kind = update(MODELS[name], cycle_noise=S)
    signed = (rng.choice([-1, 1], (9, n)) * rng.uniform(least, 1, (9, n)) for n in (2, 70))
    x, d = (trains_of(each, 31, int(fresh_key(rng))) for each in signed)
    counts = np.array([coincidences(x[b], d[b], 31) for b in range(9)])
    devices = bench(rng, kind, 140)
    pulses = np.zeros(140, np.int32)
    pulse_trains.apply_trains(
        x, d, devices.devices.cells, np.array(kind.model.curve(), np.float32), kind.noise,
        KINDS[kind.model.kind], 0, 0, 2, np.uint64(devices.key), np.uint64(0), devices.w, pulses,
    )  # fmt: skip
    assert np.array_equal(pulses, np.abs(counts).sum(axis=0).ravel())
    constants = devices.devices.cells.astype(np.float64)
    for i in range(0, 140, 7):
        each = counts.reshape(9, -1)[:, i]
        directions = [bool(n > 0) for n in each for _ in range(abs(n))]
        z = normals(devices.key, 0, i, len(directions))
        expected = apply_pulses(kind.model, Device(*constants[:4, i]), 0.0, directions, S, z)
        assert devices.w[i] == pytest.approx(expected, abs=5e-5)


def check_pulse(w: Array, up: bool = True) -> None:
    """Mean and spread of one pulse of STEP (eq:pulse-noise)."""
    assert_mean(w, STEP if up else -STEP, S * STEP)
    assert_gaussian_std(w, S * STEP)


@pytest.mark.parametrize("shape", ["constant", "power"])
def test_cycle_noise(rng: np.random.Generator, shape: str) -> None:
    """Check eq:pulse-noise for a jump and for a pulse; a step up is no step down."""
    flat = {"shape": "pow_step", "step": STEP, "exponent_up": 0.0, "exponent_down": 0.0}
    kind = update(CONSTANT if shape == "constant" else flat, cycle_noise=S)
    w = bench(rng, kind).pulse(1)
    check_pulse(w)
    assert_distribution(w, stats.norm(STEP, S * STEP).cdf)
    check_pulse(bench(rng, kind).pulse(-1), up=False)
    assert_rejects(check_pulse, bench(rng, kind).pulse(-1))
    assert_rejects(check_pulse, STEP + 1.02 * (w - STEP))


def test_every_pulse_has_fresh_noise(rng: np.random.Generator) -> None:
    """Check eq:pulse: twenty pulses spread as sqrt(20), not as 20 or as 1; calls are independent."""
    flat = {"shape": "pow_step", "step": STEP, "exponent_up": 0.0, "exponent_down": 0.0}
    devices = bench(rng, update(flat, cycle_noise=S))
    first = devices.pulse(20).copy()
    second = devices.pulse(20) - first
    assert_gaussian_std(first, math.sqrt(20) * S * STEP)
    assert_uncorrelated(first, second)
    assert_uncorrelated(first[:-1], first[1:])
    assert_rejects(assert_uncorrelated, first, Bench(devices.update, N, devices.key).pulse(20))


@pytest.mark.parametrize("jumps", [True, False])
@pytest.mark.parametrize("model", [CONSTANT, SOFT])
def test_a_jump_has_the_law_of_its_pulses(
    rng: np.random.Generator, model: dict[str, Any], jumps: bool
) -> None:
    """Check eq:pulse-jump: the closed form holds for one draw, and pulse by pulse.

    A trace of another noise forbids jumps.
    """
    kind = update(model, cycle_noise=S)
    noise = kind.noise + np.array([0, 0 if jumps else 1e-12, 0, 0], np.float32)
    step, keep = kind.pulse_size, 1 - kind.pulse_size if model is SOFT else 1.0
    mean, variance = affine_moments(step, keep, S, 12)
    w = bench(rng, kind).pulse(12, noise)
    assert_mean(w, mean, math.sqrt(variance))
    assert_gaussian_std(w, math.sqrt(variance))
    assert_distribution(w, stats.norm(mean, math.sqrt(variance)).cdf)
    assert_rejects(assert_gaussian_std, mean + 1.02 * (w - mean), math.sqrt(variance))
    if model is SOFT:
        assert_rejects(assert_gaussian_std, w, math.sqrt(12) * S * step)  # the pull of the bound forgotten


def test_mixed_jumps_keep_the_order_of_the_samples(rng: np.random.Generator) -> None:
    """Check eq:pulse-jump through trains: ups before downs end lower than downs before ups."""
    kind = update({**SOFT, "step": 0.01}, cycle_noise=0.0)
    p, found = np.array([[1.0], [1.0]]), {}
    for order in (1, -1):
        devices = bench(rng, kind, 1)
        x, d = trains_of(p, 10, 1), trains_of(order * p * [[1.0], [-1.0]], 10, 2)
        pulse_trains.apply_trains(
            x, d, devices.devices.cells, np.zeros((2, 1), np.float32), kind.noise, KINDS["affine"], 0, 0, 1,
            np.uint64(1), np.uint64(0), devices.w, np.zeros(1, np.int32),
        )  # fmt: skip
        found[order] = float(devices.w[0])
    top = 1 - 0.99**10
    assert found[1] == pytest.approx((1 + top) * 0.99**10 - 1, abs=1e-6)
    assert found[-1] == pytest.approx(-found[1], abs=1e-6)


def test_bounds_hold_after_every_pulse(rng: np.random.Generator) -> None:
    """Check the clip of eq:pulse: up, up and down within a bound of 1.5 steps ends at .5, not at 1."""
    kind = update({**CONSTANT, "step": 1.0}, w_max=1.5, w_min=-1.5, cycle_noise=0.0)
    devices = bench(rng, kind, 1)
    assert [float(devices.pulse(n)[0]) for n in (2, -1)] == [1.5, 0.5]
    assert float(devices.pulse(-7)[0]) == -1.5


def test_a_clipped_pulse_is_short_on_average(rng: np.random.Generator) -> None:
    """Check the clip of eq:pulse: at a bound one step away, half of the noise is lost."""
    w = bench(rng, update({**CONSTANT, "step": 1.0}, cycle_noise=S)).pulse(1)
    std = S * math.sqrt(0.5 - 0.5 / math.pi)
    assert_mean(w, 1 - S / math.sqrt(2 * math.pi), std)
    assert_rejects(assert_mean, rng.normal(1, S, N), 1 - S / math.sqrt(2 * math.pi), std)


# Devices of a chip


def check_asymmetry(cells: Array) -> None:
    """A positive beta lowers the down step alone (eq:device-constants)."""
    assert_mean(cells[0], STEP, 0.1 * STEP)
    assert_mean(cells[1], 0.75 * STEP, 0.1 * STEP)


def test_steps_differ_between_devices(rng: np.random.Generator) -> None:
    """Check eq:device-constants: spread of the gain, and of the difference of up and down."""
    kind = update(CONSTANT, step_spread=0.08, up_down_spread=0.06, up_down=0.25)
    up, down = kind.devices(spread_of(rng), nothing_corrupt).cells[:2]
    check_asymmetry(np.array([up, down]))
    assert_gaussian_std(up, 0.1 * STEP)
    assert_gaussian_std(up - down, 0.12 * STEP)
    assert_gaussian_std(up + down, 0.16 * STEP)
    assert_rejects(check_asymmetry, np.array([down, up]))
    assert_rejects(check_asymmetry, np.array([up - 0.125 * STEP, down + 0.125 * STEP]))


def test_a_negative_asymmetry_lowers_the_up_step(rng: np.random.Generator) -> None:
    """Check eq:device-constants for beta below 0."""
    kind = update(CONSTANT, step_spread=0.1, up_down=-0.25)
    check_asymmetry(kind.devices(spread_of(rng), nothing_corrupt).cells[1::-1])


def test_lognormal_gains(rng: np.random.Generator) -> None:
    """Check eq:device-constants: the logarithm is normal, the mean above one."""
    kind = update(CONSTANT, step_spread=0.7829, step_law="lognormal")
    logs = np.log(kind.devices(spread_of(rng), nothing_corrupt).cells[0] / STEP)
    assert_mean(logs, 0, 0.7829)
    assert_gaussian_std(logs, 0.7829)
    assert_distribution(logs, stats.norm(0, 0.7829).cdf)


def test_bounds_and_references_differ_between_devices(rng: np.random.Generator) -> None:
    """Check eq:device-constants and eq:pulse-reference."""
    model = {**SOFT, "shape": "soft_bounds_reference", "reference": 0.1, "reference_spread": 0.05}
    kind = update(model, w_max_spread=0.1, w_min_spread=0.15)
    found = kind.devices(spread_of(rng), nothing_corrupt)
    low, high = found.cells[2:4]
    assert_gaussian_std(high - 1, 0.1)
    assert_gaussian_std(low + 1, 0.15)
    assert_uncorrelated(low, high)
    assert_gaussian_std(found.offset - 0.1, 0.05)
    assert_mean(found.offset, 0.1, 0.05)
    assert np.allclose(found.cells[4], found.cells[0] / high)


def test_symmetry_point(rng: np.random.Generator) -> None:
    """Check eq:pulse-reference: there, a pulse up and a pulse down are of one size."""
    model = {**SOFT, "shape": "soft_bounds_reference", "subtract_symmetry_point": True}
    kind = update(model, step_spread=0.2, up_down_spread=0.2, w_max_spread=0.1)
    found = kind.devices(spread_of(rng), nothing_corrupt)
    up, down, _, _, up_slope, down_slope = found.cells.astype(np.float64)
    assert np.allclose(up - up_slope * found.offset, down - down_slope * found.offset, atol=1e-6)


def test_corrupt_devices(rng: np.random.Generator) -> None:
    """Check the corrupt devices of eq:device-constants: at their rate, stuck anywhere in the range."""
    kind = substrate(model=CONSTANT, corrupt=0.1348, corrupt_range=0.5, write_noise=0.0)
    array = PulsedArray(kind, np.zeros((200, 300), np.float32), Stream(int(fresh_key(rng))), 1.0)
    assert_probability(array.corrupt, 60_000, 0.1348)
    assert_rejects(assert_probability, array.corrupt, 60_000, 0.1)
    before = array.view(0).weight.copy()
    array.write(np.full((200, 300), 0.2, np.float32), 0)
    stuck = array.planes[0].constants.corrupt.reshape(200, 300)
    after = array.view(0).weight
    assert np.array_equal(after[stuck], before[stuck])
    assert (after != before)[~stuck].all()
    assert_distribution(after[stuck] * 0.6, stats.uniform(-0.5, 1).cdf)


# Write noise, retention


def written(rng: np.random.Generator, **parameters: Any) -> PulsedArray:
    even = {"w_max_spread": 0.0, "w_min_spread": 0.0, "reset_noise": 0.0, "rounds": 0}
    kind = substrate(model=CONSTANT, **even, **parameters)
    return PulsedArray(kind, np.zeros((400, 200), np.float32), Stream(int(fresh_key(rng))), 1.0)


def test_write_noise_is_redrawn_by_pulses_only(rng: np.random.Generator) -> None:
    """Check eq:write-noise: its size, that untouched devices keep theirs, and that pulsed ones do not."""
    array = written(rng, write_noise=50.0, cycle_noise=0.0, step_spread=0.0)
    sigma = 50 * STEP / array.update.full_scale
    first = array.view(0).weight.copy()
    assert_gaussian_std(first, sigma)
    assert_rejects(assert_gaussian_std, 1.02 * first, sigma)
    half = np.zeros(array.shape, np.float32)
    half[:200] = STEP / array.update.full_scale
    array.write(half, 0)
    second = array.view(0).weight
    moved = second[:200] - np.float32(STEP / array.update.full_scale)
    assert np.array_equal(second[200:], first[200:])
    assert_uncorrelated(first[:200], moved)
    assert_gaussian_std(moved, sigma)
    assert_rejects(assert_uncorrelated, first[200:], second[200:])


def test_diffusion(rng: np.random.Generator) -> None:
    """Check eq:pulse-retention: every write adds fresh noise to every device."""
    array = written(rng, diffusion=0.02)
    nothing = np.zeros(array.shape, np.float32)
    array.write(nothing, 0)
    first = array.planes[0].w.copy()
    array.write(nothing, 0)
    assert_gaussian_std(first, 0.02)
    assert_gaussian_std(array.planes[0].w - first, 0.02)
    assert_rejects(assert_gaussian_std, 1.02 * first, 0.02)
    assert_uncorrelated(first, array.planes[0].w - first)
    assert_rejects(assert_uncorrelated, first, array.planes[0].w)


def test_lifetimes_differ_between_devices(rng: np.random.Generator) -> None:
    """Check eq:pulse-retention: what a write takes off a device says how long it lives; neighbours differ."""
    kind = substrate(model=CONSTANT, lifetime=50.0, lifetime_spread=0.1, rounds=0)
    array = PulsedArray(kind, np.full((400, 400), 0.8, np.float32), Stream(int(fresh_key(rng))), 1.0)
    before = array.planes[0].w.astype(np.float64)
    array.write(np.zeros(array.shape, np.float32), 0)
    life = before / (before - array.planes[0].w) / 50.0
    assert_mean(life, 1.0, 0.1)
    assert_gaussian_std(life - 1, 0.1)
    assert_distribution(life, stats.norm(1, 0.1).cdf)
    assert_uncorrelated(life[1:], life[:-1])
    assert_rejects(assert_gaussian_std, 1.02 * (life - 1), 0.1)
    assert_rejects(assert_mean, life + 0.02 * 0.1, 1.0, 0.1)


def test_resets_scatter(rng: np.random.Generator) -> None:
    """Check eq:pulse-reset: a spread that is the device's, and noise that is the reset's."""
    kind = substrate(model=CONSTANT, reset=0.1, reset_spread=0.03, reset_noise=0.01, rounds=0)
    plane = PulsedArray(kind, np.zeros((400, 200), np.float32), Stream(int(fresh_key(rng))), 1.0).planes[0]
    first = plane.w.copy()
    plane.reset(np.arange(len(first)), 7)
    assert_mean(first, 0.1, math.hypot(0.03, 0.01))
    assert_gaussian_std(first, math.hypot(0.03, 0.01))
    assert_gaussian_std(plane.w - first, math.sqrt(2) * 0.01)


# How many pulses


def check_binomial(counts: Array, slots: int, p: float) -> None:
    """Counts of coincidences (eq:pulse-coincidence), cells of less than 20 expected counts merged."""
    expected = stats.binom(slots, p).pmf(np.arange(slots + 1))
    last = int(np.flatnonzero(expected * counts.size > 20).max())
    merged = np.append(expected[:last], expected[last:].sum())
    assert_frequencies(np.bincount(np.minimum(counts.ravel(), last), minlength=last + 1), merged)


def test_coincidences_are_binomial(rng: np.random.Generator) -> None:
    """Check eq:pulse-train and eq:pulse-coincidence at the golden example, slot by slot and in sum."""
    p_x, p_d, n = 0.5680 * 0.5, 0.5680 * 0.1, draws_for_mean(0.0075)
    keys = int(fresh_key(rng)), int(fresh_key(rng))
    x, d = trains_of(np.full((1, n), p_x), 31, keys[0])[0], trains_of(np.full((1, n), -p_d), 31, keys[1])[0]
    pulses = np.empty(n, np.int32)
    pulse_trains.count_pulses(x & d | np.uint32(0x80000000), pulses)
    counts = -pulses
    assert_probability(int(counts.sum()), 31 * n, p_x * p_d)
    assert_rejects(assert_probability, int(counts.sum()), 31 * n, 1.02 * p_x * p_d)
    law = stats.binom(31, p_x * p_d)
    assert_variance(counts, law.var(), float(law.stats("k")) + 3)
    check_binomial(counts, 31, p_x * p_d)
    shared = trains_of(np.full((1, n), p_d), 31, keys[0])[0]  # one key for rows and columns
    pulse_trains.count_pulses(x & shared, pulses)
    assert_rejects(check_binomial, pulses, 31, p_x * p_d)


def test_slots_are_independent(rng: np.random.Generator) -> None:
    """Check eq:pulse-train: neighbouring slots, entries and calls do not go together."""
    key = int(fresh_key(rng))
    first, second = (trains_of(np.full((1, N), 0.3), 31, key, call)[0] for call in (0, 1))
    bit = lambda train, k: (train >> k & 1).astype(float)  # noqa: E731
    for k in (0, 15, 30):
        assert_probability(int(bit(first, k).sum()), N, 0.3)
    assert_uncorrelated(bit(first, 0), bit(first, 1))
    assert_uncorrelated(bit(first, 3)[:-1], bit(first, 3)[1:])
    assert_uncorrelated(bit(first, 3), bit(second, 3))
    assert not (first >> 31).any()


def test_an_outer_product_is_right_on_average(rng: np.random.Generator) -> None:
    """Check eq:pulse-coincidence: the mean change is rate x d, whatever the signs and ranges of columns."""
    kind = substrate(model=CONSTANT, step_spread=0.0, up_down_spread=0.0, rounds=0, reset_noise=0.0)
    weight = np.tile(rng.uniform(0.5, 2, 400).astype(np.float32), (500, 1))
    array = PulsedArray(kind, weight, Stream(int(fresh_key(rng))), 1.0)
    before = array.view(0).weight * array.weight_range
    x = rng.choice([-0.5, 0.5], (3, 500)).astype(np.float32)
    d = rng.choice([-0.3, 0.3], (3, 400)).astype(np.float32) * array.weight_range
    array.write_outer(x, d, 0.02, 0)
    pulses = (array.view(0).weight * array.weight_range - before) / array.weight_range
    wanted = 0.02 * x.T @ (d / array.weight_range)
    size = STEP / array.update.full_scale
    ups = pulses[wanted > 0.005].mean()
    assert ups == pytest.approx(0.02 * 3 * 0.15, abs=0.1 * size)
    assert pulses[wanted < -0.005].mean() == pytest.approx(-0.02 * 3 * 0.15, abs=0.1 * size)


@pytest.mark.parametrize("mode", ["deterministic", "stochastic"])
def test_counts_are_right_on_average(rng: np.random.Generator, mode: str) -> None:
    """Check eq:pulse-count: 2.3 pulses wanted are two or three, or binomial, and 2.3 on average."""
    array = written(rng, mode=mode, cycle_noise=0.0, step_spread=0.0, up_down_spread=0.0)
    wanted = -2.3 * STEP / array.update.full_scale
    array.write(np.full(array.shape, wanted, np.float32), 0)
    counts = np.rint(-array.planes[0].w / STEP).astype(int)
    p = 2.3 / 31
    if mode == "deterministic":
        assert set(counts) == {2, 3}
        assert_probability(int((counts == 3).sum()), counts.size, 0.3)
    else:
        check_binomial(counts, 31, p)
    std = math.sqrt(0.21) if mode == "deterministic" else math.sqrt(31 * p * (1 - p))
    assert_mean(counts, 2.3, std)
    assert_rejects(assert_mean, np.floor(counts * 0.98), 2.3, std)
    assert array.pulses == counts.sum()
