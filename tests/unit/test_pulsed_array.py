"""The array of pulsed devices: what is counted, kept, restored, refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles_pulsed import PulsedSubstrate, substrate
from pydantic import ValidationError

from hwnoise import Stream
from hwnoise.backends.emulator import threads
from hwnoise.backends.emulator.pulsed_array import PulsedArray
from hwnoise.devices.pulsed_update import PulsedUpdate

Array = Any
STEP = 0.01
EVEN = {
    "step_spread": 0.0,
    "up_down_spread": 0.0,
    "w_max_spread": 0.0,
    "w_min_spread": 0.0,
    "reset_noise": 0.0,
}
EXACT = {
    "model": {"shape": "constant_step", "step": STEP},
    "w_max": 1.0,
    "w_min": -1.0,
    "cycle_noise": 0.0,
    **EVEN,
}
SOFT = {"model": {"shape": "soft_bounds", "step": STEP}, "write_noise": 2.0}
EXP = {
    "model": {
        "shape": "exp_step", "step": 0.01, "amplitude_up": -27.235, "amplitude_down": -2.235, "rate_up": 2.5,
        "rate_down": 2.5, "a": -1, "b": 0, "noise_add": 0.042, "noise_slope": 0.108,
    },
    "w_max": 2, "w_min": 0, "cycle_noise": 0.6, "granularity": 0.0641, "pair": {},
}  # fmt: skip
KINDS = {"exact": EXACT, "soft": SOFT, "pair": EXP, "accumulating": {**SOFT, "accumulate": True},
         "fading": {**SOFT, "retention_time": 1e-2, "lifetime": 50.0, "diffusion": 1e-3}}  # fmt: skip


def array(parameters: dict[str, Any], shape: tuple[int, int] = (70, 9), **other: Any) -> PulsedArray:
    kind = other.pop("kind", None) or substrate(**parameters, **other)
    weight = Stream(3, "weights").generator().standard_normal(shape).astype(np.float32)
    return PulsedArray(kind, weight, Stream(4, "array"), 1.25)


def weights(found: PulsedArray, tick: int = 0) -> Array:
    return found.view(tick).weight * found.weight_range


def change(shape: tuple[int, int], size: float = 0.05, name: str = "change") -> Array:
    return Stream(5, name).generator().standard_normal(shape).astype(np.float32) * np.float32(size)


def test_programming_reaches_the_weights_within_half_a_step() -> None:
    """Check eq:pulse-program, and that its pulses are counted apart."""
    found = array(EXACT)
    target = Stream(3, "weights").generator().standard_normal(found.shape)
    assert np.abs(weights(found) - target).max() <= 0.5001 * STEP * found.weight_range.max()
    assert found.programming_pulses == pytest.approx(np.abs(found.view(0).weight / STEP).sum(), abs=1)
    assert found.pulses == 0
    assert not found.writes.any()


def test_rounds_limit_programming() -> None:
    """Check eq:pulse-program: without rounds devices stay where a reset leads."""
    assert not array(EXACT, rounds=0).view(0).weight.any()
    assert array(EXACT, rounds=1).programming_pulses < array(EXACT).programming_pulses


def test_pulses_and_writes_are_counted() -> None:
    found = array(EXACT)
    before = found.view(0).weight.copy()
    delta = np.zeros(found.shape, np.float32)
    delta[0, 0], delta[3, 2] = 3 * STEP * found.weight_range[0], -2 * STEP * found.weight_range[2]
    delta *= 1 + 1e-4  # rounding at random must not matter
    assert found.write(delta, 0) == 2
    assert found.pulses == 5
    assert found.writes.sum() == found.writes[0, 0] + found.writes[3, 2] == 2
    moved = np.rint((found.view(0).weight - before) / STEP)
    assert moved[0, 0] == 3
    assert moved[3, 2] == -2
    assert np.count_nonzero(moved) == 2


def test_accumulation_keeps_what_is_below_half_a_step() -> None:
    """Check eq:pulse-count: eleven updates of a tenth of a step are one pulse, at the fifth."""
    found = array(EXACT, accumulate=True)
    delta = np.full(found.shape, 0.1002 * STEP, np.float32) * found.weight_range
    assert [found.write(delta, 0) for _ in range(11)] == [0] * 4 + [630] + [0] * 6
    assert found.write(-6 * delta, 0) == 0
    assert found.write(-10 * delta, 0) == 630


@pytest.mark.parametrize("name", KINDS)
def test_a_restored_array_goes_on_bit_for_bit(name: str) -> None:
    first, second = array(KINDS[name]), array(KINDS[name])
    delta, x, d = change(first.shape), change((4, 70), 1.0, "x"), change((4, 9), 1.0, "d")
    first.write(delta, 5)
    first.write_outer(x, d, 0.01, 9)
    second.restore(first.state())
    assert np.array_equal(first.view(9).weight, second.view(9).weight)
    for each in (first, second):
        each.write(delta, 8000)
        each.write_outer(x, d, 0.01, 8001)
    assert np.array_equal(first.view(8001).weight, second.view(8001).weight)
    for key, value in first.state().items():
        assert np.array_equal(value, second.state()[key]), key
    assert (first.pulses, first.programming_pulses) == (second.pulses, second.programming_pulses)


def test_the_state_is_at_most_sixteen_bytes_a_device() -> None:
    state = array(KINDS["accumulating"], (100, 100)).state()
    assert sum(value.nbytes for value in state.values()) <= 16 * 100 * 100 + 64


@pytest.mark.parametrize("shape", [(3, 50_000), (3000, 70)])
def test_any_number_of_threads_gives_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]
) -> None:
    found = []
    for count in (1, 2):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        each = array(SOFT, shape, rounds=2)
        each.write(change(shape), 0)
        each.write_outer(change((2, shape[0]), 1.0, "x"), change((2, shape[1]), 1.0, "d"), 0.01, 1)
        found.append(each.view(2).weight.copy())
    assert np.array_equal(*found)


def test_chips_of_one_stream_are_alike_and_others_not() -> None:
    first, again = array(SOFT), array(SOFT)
    other = PulsedArray(substrate(**SOFT), np.zeros((70, 9), np.float32), Stream(4, "other"), 1.0)
    assert np.array_equal(first.planes[0].constants.cells, again.planes[0].constants.cells)
    assert not np.array_equal(first.planes[0].constants.cells, other.planes[0].constants.cells)


def test_pairs_are_refreshed() -> None:
    """Check eq:pulse-refresh: pulsing up and down fills both devices; the weight survives the reset."""
    found = array({**EXACT, "w_min": 0, "pair": {}}, (4, 5))
    target = found.view(0).weight.copy()
    delta = np.full(found.shape, 20.002 * STEP, np.float32) * found.weight_range
    for k in range(8):
        found.write(delta if k % 2 == 0 else -delta, 0)
    plus, minus = (plane.w for plane in found.planes)
    assert np.minimum(plus, minus).max() < 0.8  # never refreshed they would stand at 0.8 and more
    inside = np.abs(target) < 0.7  # others were clipped on the way
    assert np.abs(found.view(0).weight - target)[inside].max() <= 1.5 * STEP
    assert found.writes.max() > 8


def test_a_pair_only_pulses_up() -> None:
    found = array(EXP)
    before = [plane.w.copy() for plane in found.planes]
    found.write(-np.abs(change(found.shape, 0.3)), 0)
    assert np.array_equal(found.planes[0].w, before[0]) or found.writes.max() > 1
    assert (found.planes[1].w != before[1]).any()


def test_weights_fade_by_writes() -> None:
    """Check eq:pulse-retention: a tenth is lost per write, towards the resting weight."""
    found = array(EXACT, lifetime=10.0, resting=0.2)
    before = found.planes[0].w.copy()
    found.write(np.zeros(found.shape, np.float32), 0)
    assert found.planes[0].w == pytest.approx(0.2 + 0.9 * (before - 0.2), abs=1e-6)


def test_weights_fade_in_time_however_it_is_cut() -> None:
    """Check eq:pulse-retention in seconds: what is seen is a function of the tick, not of the calls."""
    once, twice = (array(EXACT, retention_time=0.01) for _ in range(2))  # the clock's period is 1 µs
    first = once.view(0).weight.copy()
    seen = once.view(8192).weight
    assert seen == pytest.approx(first * np.exp(-0.8192), rel=1e-5)
    for tick in (4096, 8192):
        twice.write(np.zeros(twice.shape, np.float32), tick)
    assert twice.view(8192).weight == pytest.approx(seen, rel=1e-5)


def test_ideal_writing_is_exact() -> None:
    kind = PulsedSubstrate.model_validate({**substrate(**EXACT).model_dump(), "write": {"mode": "ideal"}})
    found = array({}, kind=kind)
    before, delta = weights(found).copy(), change(found.shape, 0.01)
    assert found.write(delta, 0) == 0
    assert weights(found) == pytest.approx(before + delta, abs=1e-5)
    assert found.pulses == 0


def test_read_noise_is_handed_to_the_read() -> None:
    table = {**substrate(**EXACT).model_dump(), "read_noise": {"sigma": 0.1}}
    found = array({}, kind=PulsedSubstrate.model_validate(table))
    assert found.view(0).fresh == pytest.approx(np.full(found.shape, 0.01), rel=1e-6)


def test_trains_that_want_nothing_do_nothing() -> None:
    found = array(EXACT)
    assert found.write_outer(np.zeros((2, 70), np.float32), np.ones((2, 9), np.float32), 0.1, 0) == 0
    assert found.pulses == 0


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        (
            {"model": {"shape": "linear_step", "slope_up": 0.1, "slope_down": 0.1, "amplitude_up": 1.0}},
            "amplitude_up",
        ),
        ({"model": {"shape": "linear_step", "slope_up": 0.1}}, "slope_down"),
        ({"model": {"shape": "soft_bounds_pmax", "alpha": 0.1, "p_max": 10, "step": 0.1}}, "step"),
        ({"model": {"shape": "no_step"}}, "no_step"),
        ({"model": {"shape": "constant_step", "step": 0.0}}, "step"),
        ({"model": {"shape": "constant_step"}, "w_min": 0}, "pair"),
        ({"model": {"shape": "soft_bounds"}, "w_min": 0, "pair": {}}, "w_min"),
        ({"model": {"shape": "constant_step"}, "slots": 32}, "slots"),
        ({"model": {"shape": "constant_step"}, "accumulate": True, "mode": "stochastic"}, "accumulate"),
        ({"model": {"shape": "piecewise", "nodes_up": (1, 1), "nodes_down": (1, 1, 1)}}, "nodes_up"),
        ({"model": {"shape": "soft_bounds_reference", "reference": 0.7}}, "reference"),
        ({"model": {"shape": "constant_step"}, "cycle_noise": -0.1}, "cycle_noise"),
    ],
)
def test_what_does_not_fit_is_refused(parameters: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        PulsedUpdate.model_validate(parameters)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_reads_back_equal(name: str) -> None:
    kind = PulsedUpdate.model_validate(KINDS[name])
    assert PulsedUpdate.model_validate(kind.model_dump(mode="json", exclude_none=True)) == kind
