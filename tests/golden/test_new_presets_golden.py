"""Published numbers of chips whose noise is on two arrays, on their lines, or in their phases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles_devices import rectified
from tiny import layers, on_chip

from hwnoise import learners, substrate
from hwnoise.backends.base import Probe
from hwnoise.testing import (
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    assert_variance,
    draws_for_sigma,
)

Array = NDArray[Any]
GAIN, NOISE = 0.002, 2.0  # levels of a read per unit of input times weight, and levels


def brainscales_levels(rng: np.random.Generator, inputs: int, reads: int) -> tuple[Array, Array]:
    """What the chip reads, in levels, and the exact product times the gain."""
    weight = rng.integers(-63, 64, (50, inputs)).astype(np.float32)
    x = rng.integers(0, 32, (reads, inputs)).astype(np.float32)
    weight[:, 0], x[:, 0] = 63, 31  # so that both ranges are those of the chip
    program = on_chip(layers(weight), substrate.load("brainscales2"), seed=int(rng.integers(2**31)))
    return program.run(x).output[0].astype(np.float64) * GAIN, GAIN * (x @ weight.T)


def test_a_read_of_brainscales(rng: np.random.Generator) -> None:
    """Check eq:adc-floor and eq:output-noise: half a level lost, spread 2.0207 (Weis et al. 2020)."""
    reads = draws_for_sigma(0.02) // 50 + 1
    read, exact = brainscales_levels(rng, 60, reads)
    assert np.abs(read - np.rint(read)).max() < 1e-3
    assert np.abs(exact).max() < 128 - 6 * NOISE  # nothing clips
    error = read - exact
    spread = np.sqrt(NOISE**2 + 1 / 12)
    assert spread == pytest.approx(2.0207, abs=5e-5)
    assert_mean(error, -0.5, spread)
    assert_gaussian_std(error, spread)
    assert_rejects(assert_mean, error + 0.5, -0.5, spread)
    assert_rejects(assert_gaussian_std, 1.02 * error, spread)


def test_two_blocks_of_brainscales(rng: np.random.Generator) -> None:
    """Check eq:adc-floor over blocks: 256 inputs lose a level, and have twice the variance."""
    read, exact = brainscales_levels(rng, 256, 8000)
    inside = np.abs(exact).max(axis=1) < 100
    error = (read - exact)[inside]
    assert_mean(error, -1.0, np.sqrt(2) * 2.0207)
    assert_variance(error, 2 * 2.0207**2, 3.0)


def test_blocks_of_brainscales_are_added_in_8_bits() -> None:
    """Check eq:sum-clip: two blocks of 100 levels each, up and down, end at 127 and at -128."""
    weight = np.outer([26.0, -26.0], np.ones(256))
    x = np.full((20, 256), 15.0)
    weight[:, 0], x[:, 1] = 63, 31  # so that both ranges are those of the chip
    program = on_chip(layers(weight), substrate.load("brainscales2"))
    expected = np.tile([127.0, -128.0], (20, 1))
    assert program.run(x).output[0] * GAIN == pytest.approx(expected, abs=1e-3)


def test_grid_and_range_of_brainscales() -> None:
    kind = substrate.load("brainscales2")
    assert kind.dac is not None
    assert kind.adc is not None
    assert kind.levels is not None
    assert (kind.dac.levels, kind.adc.levels, len(kind.levels.table())) == (31, 127, 64)
    assert kind.adc.range / kind.adc.levels * 31 * 63 * GAIN == pytest.approx(1)
    program = on_chip(layers(np.linspace(-1, 1, 40).reshape(8, 5)), kind)
    held = program.diagnostics()["a.weight"] * 63
    assert held == pytest.approx(np.rint(held), abs=1e-4)


def test_two_arrays_of_rram() -> None:
    """Check eq:dual-array with the published spread (Wan et al. 2022): half range 2.0229 µS, 0 µS 0.3480."""
    kind = substrate.load("rram_dual")
    program = on_chip(layers(np.full((300, 300), 0.5)), kind, headroom=2.0)
    probe = Probe(2, "batch", observe=frozenset({"weights"}))
    first, second = program.run(np.ones((1, 300), np.float32), probe).weights["a"].astype(np.float64)
    write = (rectified(20.0, 2.0229).variance + rectified(0.0, 0.3480).variance) / 40**2
    read = 0.01**2 + (1 / 127) ** 2 / 12  # noise and converter
    assert (first - second).std() == pytest.approx(np.sqrt(2 * (write + read)), rel=0.01)
    assert "wp" in learners.fitting(kind.capabilities())


def test_what_chips_show() -> None:
    """Frozen errors are the same in every pass: nothing to see, and no learner."""
    for name in ("photonic_mesh", "dynapse2"):
        assert substrate.load(name).noises() == ()
    assert [n.name for n in substrate.load("brainscales2").noises()] == ["output_noise"]
    mesh = substrate.load("photonic_mesh").photonic_mesh
    assert mesh is not None
    assert (mesh.phase_spread, mesh.crosstalk, mesh.phase_bits) == (0.002, 0.005, 8)
    mismatch = substrate.load("dynapse2").mismatch
    assert mismatch is not None
    assert mismatch.sigma == 0.1
