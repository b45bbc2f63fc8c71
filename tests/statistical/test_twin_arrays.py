"""Reference columns that outputs share, and arrays programmed alike: covariances that learners live on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny import assert_same_bits, batch, chip, kind, layers, on_chip

from hwnoise import InputError
from hwnoise.backends.base import Probe
from hwnoise.testing import (
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    assert_uncorrelated,
    draws_for_mean,
    draws_for_sigma,
)

Array = NDArray[Any]
SPREAD = {"shape": "polynomial", "coefficients": [1.0]}  # µS of 25
WHITE = {"sigma": {"shape": "polynomial", "coefficients": [0.1]}}
COLUMN: dict[str, Any] = {
    "conductance": {"mapping": "offset_column", "scaling": "layer"},
    "device_noise": WHITE,
}
SIGMA = 2 * 0.1 / 25 * np.sqrt(6)  # of an output of six inputs of 1: each device is off by 0.1 µS of 25


def reads(tables: dict[str, Any], count: int) -> Array:
    """Outputs (count, 4) of a layer of zeros at inputs of 1."""
    program = on_chip(layers(np.zeros((4, 6))), kind(**tables), seed=5)
    return program.run(np.ones((count, 6), np.float32)).output[0].astype(np.float64)


def test_all_outputs_share_the_noise_of_their_reference() -> None:
    """Check eq:offset-column: twice the variance, half of it common to all outputs of a tile."""
    y = reads(COLUMN, draws_for_mean(0.01))
    assert_gaussian_std(y[:, 0], SIGMA * np.sqrt(2))
    assert_rejects(assert_gaussian_std, y[:, 0], SIGMA)
    product_spread = SIGMA**2 * np.sqrt(5)  # of y_0 y_1, whose correlation is 1/2
    assert_mean(y[:, 0] * y[:, 1], SIGMA**2, product_spread)
    assert_rejects(assert_mean, 1.02 * y[:, 0] * y[:, 1], SIGMA**2, product_spread)
    digital = reads({**COLUMN, "conductance": {"mapping": "offset", "scaling": "layer"}}, 100_000)
    assert_uncorrelated(digital[:, 0], digital[:, 1])
    assert_gaussian_std(digital[:, 0], SIGMA)


def test_tiles_have_references_of_their_own() -> None:
    """Check eq:offset-column over two columns of tiles: outputs share within one, and not between them."""
    y = reads({**COLUMN, "tile": {"rows": 6, "columns": 2}}, 100_000)
    assert np.corrcoef(y[:, 0], y[:, 1])[0, 1] == pytest.approx(0.5, abs=0.02)
    assert_uncorrelated(y[:, 1], y[:, 2])
    assert_rejects(assert_uncorrelated, y[:, 2], y[:, 3])


def test_references_stay_and_weights_are_what_was_asked_for() -> None:
    """Check eq:offset-column without noise: weights exact, writes counted for weights alone."""
    on = kind(conductance={"mapping": "offset_column"}, tile={"rows": 4, "columns": 2})
    program, x = chip(on, headroom=4.0), batch(20)
    assert program.run(x).output == pytest.approx(chip(kind(), headroom=4.0).run(x).output, abs=1e-5)
    program.write({"readout.weight": np.full((3, 5), 0.5, np.float32)})
    assert program.events["device_writes"] == 15
    assert program.diagnostics()["readout.writes"].tolist() == np.ones((3, 5)).tolist()
    other = chip(on, headroom=4.0)
    other.restore(program.state())
    assert_same_bits(program.read_weights(), other.read_weights())


def test_dead_rows_and_wires_take_their_reference_along() -> None:
    """A line that does not conduct carries neither weights nor references: its weights are 0."""
    on = kind(
        conductance={"mapping": "offset_column"}, faults={"dead_rows": 0.5}, tile={"rows": 6, "columns": 2}
    )
    weights = on_chip(layers(np.ones((6, 6)) / 2), on, headroom=1.0).diagnostics()["a.weight"]
    assert set(np.unique(np.abs(weights).round(5))) <= {0.0, 0.5}
    assert 0 < (weights == 0).sum() < weights.size
    wires = {"row_resistance": 50.0, "column_resistance": 50.0}
    program = on_chip(layers(np.ones((6, 6))), kind(conductance={"mapping": "offset_column"}, ir_drop=wires))
    lost = 1 - program.diagnostics()["a.weight"]
    assert 0.001 < np.abs(lost).max() < 0.2


# Two arrays

DUAL: dict[str, Any] = {
    "conductance": {"arrays": 2, "mapping": "offset", "scaling": "layer"},
    "programming_noise": {"sigma": SPREAD},
}


def test_passes_differ_by_what_two_writes_left_off() -> None:
    """Check eq:dual-array: read-backs differ by sqrt 2 spreads, and the mean stays the target."""
    side = int(np.sqrt(draws_for_sigma(0.02))) + 1
    program = on_chip(layers(np.zeros((side, side))), kind(**DUAL))
    reading = program.run(np.ones((1, side), np.float32), Probe(4, "batch", observe=frozenset({"weights"})))
    first, second, third, fourth = reading.weights["a"].astype(np.float64)
    spread = 2 / 25
    assert np.array_equal(first, third)
    assert np.array_equal(second, fourth)
    assert_gaussian_std(first - second, np.sqrt(2) * spread)
    assert_rejects(assert_gaussian_std, first - second, spread)
    assert_uncorrelated(first, second)
    assert_mean(first, 0.0, spread)
    ones = np.ones(side)
    assert reading.output[:2, 0] == pytest.approx(np.array([first @ ones, second @ ones]), abs=1e-3)


@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_passes_take_the_arrays_in_turn(order: Any) -> None:
    """Check eq:dual-array: pass by pass the same two networks, whatever the order."""
    program, x = chip(kind(**DUAL)), batch(5)
    output = program.run(x, Probe(3, order)).output
    assert output[0] == pytest.approx(output[2], abs=1e-6)
    assert np.abs(output[0] - output[1]).max() > 1e-3
    assert program.run(x).output[0] == pytest.approx(output[0], abs=1e-6)


def test_a_write_moves_both_and_counts_both() -> None:
    """Check eq:dual-array: new noise on both arrays, twice the writes; state comes back."""
    program, other = chip(kind(**DUAL), headroom=3.0), chip(kind(**DUAL), headroom=3.0)
    program.write({"readout.weight": np.full((3, 5), 0.5, np.float32)})
    assert program.events["device_writes"] == 30
    other.restore(program.state())
    probe = Probe(2, "batch", observe=frozenset({"weights"}))
    ours, theirs = (p.run(batch(3), probe) for p in (program, other))
    assert_same_bits(dict(ours.weights), dict(theirs.weights))
    assert ours.weights["readout"].mean() - chip(kind(**DUAL)).read_weights()["readout.weight"].mean() > 0.2


def test_what_a_learner_is_told() -> None:
    on = kind(**DUAL)
    (noise,) = on.capabilities().noises
    assert (noise.name, noise.level, noise.time_scale) == ("programming_noise", "weight", "memory")
    assert on.correlation(np.zeros(1, np.uint64), np.ones(1, np.uint64), 0) == {"programming_noise": 0.0}
    with pytest.raises(InputError, match=r"conductance.arrays must be <= 2"):
        kind(conductance={"arrays": 3})
