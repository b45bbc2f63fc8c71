"""What reaches the devices: steps, ranges and counts of writing, reading back, and ageing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny import (
    EXACT,
    PAIRS,
    PCM,
    PERIOD,
    WHITE,
    Array,
    assert_same_bits,
    chip,
    kind,
    layers,
    on_chip,
)

from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.errors import InputError
from hwnoise.substrate import Substrate
from hwnoise.testing import assert_gaussian_std, assert_mean, assert_rejects, assert_uncorrelated

NODES = frozenset({"nodes"})
WEIGHT = np.array([[1.0, -0.5], [0.25, 1.0], [-1.0, 0.125]], np.float32)  # column maxima are 1


def pairs(**write: Any) -> EmulatorProgram:
    """One layer "a" of weights whose range is 1, on devices without imperfections."""
    return on_chip(layers(WEIGHT), kind(conductance={}, write=write))


def weight_of(program: EmulatorProgram) -> Array:
    return program.diagnostics()["a.weight"]


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_below_a_step_waits(sign: int) -> None:
    program = pairs(step=0.04)
    delta = np.zeros((3, 2), np.float32)
    delta[1, 0] = sign * 0.03
    program.write({"a.weight": delta})
    np.testing.assert_array_equal(weight_of(program), WEIGHT)
    assert program.events["device_writes"] == 0
    program.write({"a.weight": delta})
    np.testing.assert_allclose(weight_of(program), WEIGHT + 2 * delta, atol=1e-7)
    assert program.events["device_writes"] == 1
    np.testing.assert_array_equal(program.diagnostics()["a.writes"], delta != 0)


def test_a_whole_step_is_programmed_at_once_and_the_smallest_bit_less_is_not() -> None:
    delta = np.zeros((3, 2), np.float32)
    delta[1, 0] = np.float32(0.04)
    program = pairs(step=0.04)
    program.write({"a.weight": delta})
    assert program.events["device_writes"] == 1
    delta[1, 0] = np.nextafter(np.float32(0.04), np.float32(0))
    program = pairs(step=0.04)
    program.write({"a.weight": delta})
    assert program.events["device_writes"] == 0


def test_weights_end_at_their_range() -> None:
    program = pairs(step=0.04)
    delta = np.full((3, 2), 50.0, np.float32)
    program.write({"a.weight": delta})
    np.testing.assert_array_equal(weight_of(program), np.ones((3, 2)))
    program.write({"a.weight": delta})  # nothing is left to program, and nothing waits beyond the range
    assert program.events["device_writes"] == 4  # two were at their range already
    program.write({"a.weight": -np.full((3, 2), 0.5, np.float32)})
    np.testing.assert_array_equal(weight_of(program), np.full((3, 2), 0.5))


def test_an_ideal_write_is_exact_free_and_has_no_step() -> None:
    program = pairs(mode="ideal")
    delta = np.linspace(-0.01, 0.01, 6, dtype=np.float32).reshape(3, 2)
    for _ in range(3):
        program.write({"a.weight": delta})
    np.testing.assert_allclose(weight_of(program), np.clip(WEIGHT + 3 * delta, -1, 1), atol=1e-6)
    assert program.events["device_writes"] == 0
    assert not program.diagnostics()["a.writes"].any()


def test_programming_noise_comes_with_every_programming() -> None:
    noise = {"sigma": {"shape": "polynomial", "coefficients": [0.5]}}
    substrate = kind(conductance={}, programming_noise=noise, write={"step": 0.1})
    wide = on_chip(layers(np.full((80, 60), 0.5)), substrate, headroom=2.0)
    before = weight_of(wide)
    sigma = 0.5 / 25
    spread = sigma * np.sqrt(1.5 - 0.5 / np.pi)  # of a device at half its range, less one that ends at 0
    shift = -sigma / np.sqrt(2 * np.pi)
    assert_gaussian_std(before, spread)
    assert_mean(before, 0.5 + shift, spread)
    delta = np.zeros((80, 60), np.float32)
    delta[:, 30:] = 0.2
    wide.write({"a.weight": delta})
    after = weight_of(wide)
    np.testing.assert_array_equal(after[:, :30], before[:, :30])
    assert_uncorrelated(before[:, 30:], after[:, 30:])
    assert_mean(after[:, 30:], 0.7 + shift, spread)


def test_digital_weights_are_exact_and_their_writes_cost_no_device() -> None:
    program = on_chip(layers(WEIGHT), WHITE)
    delta = np.full((3, 2), 1e-4, np.float32)
    program.write({"a.weight": delta, "a.bias": np.ones(3)})
    np.testing.assert_allclose(weight_of(program), WEIGHT + delta, atol=1e-7)
    np.testing.assert_array_equal(program.diagnostics()["a.bias"], np.ones(3))
    assert program.events["device_writes"] == 0


def test_part_of_the_parameters_can_be_written() -> None:
    program = chip(PCM)
    before = program.diagnostics()
    program.write({"readout.bias": np.ones(3, np.float32)})
    after = program.diagnostics()
    np.testing.assert_array_equal(after.pop("readout.bias"), before.pop("readout.bias") + 1)
    assert_same_bits(before, after)


@pytest.mark.parametrize("scaling", ["column", "layer"])
def test_headroom_and_scaling_set_how_far_a_weight_can_grow(scaling: str) -> None:
    weight = np.array([[0.5, 0.1], [0.0, 0.0], [-0.25, 0.05]], np.float32)
    substrate = kind(conductance={"scaling": scaling}, write={"step": 0.04})
    program = on_chip(layers(weight), substrate, headroom=2.0)
    np.testing.assert_allclose(weight_of(program), weight, atol=1e-7)
    program.write({"a.weight": np.full((3, 2), 100.0)})
    # A column of the array is a row of the weights. One of zeros has the range of the layer.
    rows = [1.0, 1.0, 0.5] if scaling == "column" else [1.0, 1.0, 1.0]
    np.testing.assert_allclose(weight_of(program), np.repeat(rows, 2).reshape(3, 2), rtol=1e-6)


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ({"b.weight": np.zeros((3, 2))}, ["no parameter 'b.weight'"]),
        ({"a": np.zeros((3, 2))}, ["no parameter 'a'"]),
        ({"a.weight": np.zeros((2, 3))}, ["a.weight", "(2, 3)", "(3, 2)"]),
        ({"a.bias": np.zeros(2)}, ["a.bias", "(2,)", "(3,)"]),
        ({"a.bias": np.array([0, np.nan, 0])}, ["a.bias", "finite"]),
        ({"a.weight": np.full((3, 2), -np.inf)}, ["a.weight", "finite"]),
        ({"a.weight": np.full((3, 2), "x")}, ["a.weight", "numbers"]),
    ],
)
@pytest.mark.parametrize("substrate", [PAIRS, EXACT], ids=["pairs", "digital"])
def test_an_update_that_does_not_fit_is_refused_whole(
    substrate: Substrate, update: dict[str, Array], words: list[str]
) -> None:
    program = on_chip(layers(WEIGHT), substrate)
    before = program.state()
    good = {"a.weight": np.ones((3, 2)), "a.bias": np.ones(3)}
    with pytest.raises(InputError) as caught:
        program.write({**good, **update})
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)
    assert_same_bits(program.state(), before)


# Reading back, and time


def test_weights_read_back_to_half_a_level_of_the_converter() -> None:
    substrate = kind(conductance={}, dac={"bits": 8}, adc={"bits": 8})
    program = chip(substrate, "300-20")
    error = program.read_weights()["readout.weight"] - program.diagnostics()["readout.weight"]
    half_a_level = np.abs(program.diagnostics()["readout.weight"]).max() / 127 / 2
    assert np.abs(error).max() <= half_a_level * 1.001
    assert np.abs(error).max() > half_a_level * 0.9
    assert program.tick == 300


def test_a_read_back_has_the_noise_of_a_read() -> None:
    program = on_chip(layers(np.full((300, 300), 0.5)), WHITE, headroom=2.0)
    back = program.read_weights()
    assert_gaussian_std(back["a.weight"], 0.02)
    assert_rejects(assert_gaussian_std, 1.02 * back["a.weight"], 0.02)
    assert_mean(back["a.weight"], 0.5, 0.02)
    assert not np.array_equal(back["a.weight"], program.read_weights()["a.weight"])


def test_nodes_remember_while_weights_are_read_back() -> None:
    """Reading weights takes ticks, and a telegraph flips in them as in any others."""
    always = kind(telegraph={"amplitude": 0.5, "flip": 1.0})
    program = on_chip(layers(WEIGHT), always)
    first = program.run(np.zeros((1, 2)), Probe(observe=NODES)).nodes["a"]
    program.read_weights()  # two lines, two flips
    np.testing.assert_array_equal(program.run(np.zeros((1, 2)), Probe(observe=NODES)).nodes["a"], -first)
    program.advance(3 * PERIOD)
    np.testing.assert_array_equal(program.run(np.zeros((1, 2)), Probe(observe=NODES)).nodes["a"], -first)


def test_a_day_of_drift_is_the_published_one() -> None:
    """``g(t) = g (1 + t / t0)**-nu`` with nu of mean .049 and spread .008 at half the range (eq:drift)."""
    still = PCM.model_copy(update={"programming_noise": None, "one_over_f": None})
    program = on_chip(layers(np.full((100, 100), 0.5)), still, headroom=2.0)
    np.testing.assert_allclose(weight_of(program), 0.5, rtol=1e-6)
    program.advance(86400)
    ages = np.log(1 + 86400 / 20)
    mean = np.exp(-0.049 * ages + (0.008 * ages) ** 2 / 2)
    spread = mean * np.sqrt(np.expm1((0.008 * ages) ** 2))
    assert_mean(weight_of(program) / 0.5, mean, spread)
    assert_rejects(assert_mean, weight_of(program) / 0.5, mean * 1.01, spread)


def test_a_programmed_device_starts_to_drift_anew() -> None:
    still = PCM.model_copy(update={"programming_noise": None, "one_over_f": None})
    program = on_chip(layers(np.full((2, 2), 0.5)), still, headroom=2.0)
    program.advance(86400)
    drifted = weight_of(program)
    delta = np.array([[0.1, 0], [0, 0]], np.float32)
    program.write({"a.weight": delta})
    np.testing.assert_allclose(weight_of(program)[0, 0], 0.6, rtol=1e-6)
    np.testing.assert_array_equal(weight_of(program).ravel()[1:], drifted.ravel()[1:])
