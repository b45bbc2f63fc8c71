"""Magnetic junctions as synapses: switching by pulses, a weight of two, and what a switching teaches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny import kind, layers, on_chip

from hwnoise import InputError
from hwnoise.backends.base import Probe
from hwnoise.devices.junction_release import JunctionRelease
from hwnoise.testing import (
    assert_mean,
    assert_probability,
    assert_rejects,
    assert_variance,
    draws_for_mean,
)

Array = NDArray[Any]
JUNCTION: dict[str, Any] = {"law": "junction", "stability": 40.0, "pulse_length": 1e-7}
LAW = JunctionRelease.model_validate(JUNCTION)
READS = draws_for_mean(0.01)


def test_switching_follows_pulse_and_current() -> None:
    """Check eq:junction-switching: the Arrhenius law, even odds where it says, longer pulses need less."""
    current = np.linspace(0.6, 1.0, 9)
    tau = 1e-9 * np.exp(40 * (1 - current))
    assert LAW.switching(current) == pytest.approx(1 - np.exp(-1e-7 / tau))
    assert float(LAW.switching(np.array(LAW.half_current))) == pytest.approx(0.5)
    assert LAW.half_current == pytest.approx(1 - np.log(100 / np.log(2)) / 40)
    longer = JunctionRelease.model_validate({**JUNCTION, "pulse_length": 2e-7})
    assert longer.half_current == pytest.approx(LAW.half_current - np.log(2) / 40)


def test_a_weight_is_two_junctions() -> None:
    """Check eq:junction-weight: the mean, its inverse, and the step of a small update."""
    q = np.linspace(-4, 4, 33)
    up, down = (LAW.switching(LAW.half_current + s * q / 40) for s in (1, -1))
    _, probability = LAW.synapses(q[None])
    assert probability[0] == pytest.approx(np.concatenate([up, down]))
    assert LAW.parameter_of(up - down) == pytest.approx(q, abs=1e-5)
    assert LAW.parameter_of(np.array([2.0]))[0] == pytest.approx(LAW.logit_range)
    step = np.array([1e-3])
    moved = LAW.synapses(LAW.gain * step[None])[1][0]
    assert moved[0] - moved[1] == pytest.approx(1e-3, rel=1e-4)


def test_events_have_the_odds_of_the_weight(rng: np.random.Generator) -> None:
    """Check eq:junction-weight in what a chip transmits: mean and variance of an output."""
    weight = np.array([[0.5, 1.0]])  # of the largest, which takes the whole range
    program = on_chip(layers(weight), kind(stochastic_synapse=JUNCTION), seed=int(rng.integers(2**31)))
    y = (
        program.run(np.tile(np.array([[1.0, 0.0]], np.float32), (READS, 1)))
        .output[0, :, 0]
        .astype(np.float64)
    )
    amplitude = 1 / LAW.reach
    q = float(LAW.parameter_of(np.array([0.5 / amplitude]))[0])
    up, down = (float(LAW.switching(np.array(LAW.half_current + s * q / 40))) for s in (1, -1))
    variance = amplitude**2 * (up * (1 - up) + down * (1 - down))
    assert_mean(y, 0.5, np.sqrt(variance))
    assert_rejects(assert_mean, y + 0.02, 0.5, np.sqrt(variance))
    odds = {amplitude: up * (1 - down), -amplitude: down * (1 - up)}
    for value, probability in odds.items():
        count = int(np.isclose(y, value, rtol=1e-5).sum())
        assert_probability(count, READS, probability)
        assert_rejects(assert_probability, count, READS, 1.05 * probability)
    assert_rejects(assert_variance, y, 1.1 * variance, 3.0)


def scores(q: float, events: Array) -> Array:
    """Score of the upper junction for each of ``events`` (0 or 1)."""
    p = LAW.synapses(np.array([[q]]))[1][:, :1]
    factor = LAW.score_factor(p)
    assert factor is not None
    return np.asarray((events - p[0, 0]) * factor[0, 0])


@pytest.mark.parametrize("q", [-3.0, 0.0, 2.0])
def test_the_score_is_the_derivative(q: float) -> None:
    """Check eq:junction-score against a difference quotient; its mean is 0."""
    h = 1e-5
    low, high = (LAW.synapses(np.array([[q + s * h]]))[1][0, 0] for s in (-1, 1))
    quotient = [np.log((1 - high) / (1 - low)) / (2 * h), np.log(high / low) / (2 * h)]
    found = scores(q, np.array([0.0, 1.0]))
    assert found == pytest.approx(quotient, rel=1e-5)
    p = (low + high) / 2
    assert p * found[1] + (1 - p) * found[0] == pytest.approx(0, abs=1e-8)
    assert (1 - p) != pytest.approx(found[1], rel=0.01) or q == 0  # that of a logit


def test_a_chip_remembers_scores(rng: np.random.Generator) -> None:
    """Check eq:junction-score through the chip: output times score has the slope of the mean output."""
    program = on_chip(
        layers(np.array([[0.3, 1.0]])), kind(stochastic_synapse=JUNCTION), seed=int(rng.integers(2**31))
    )
    x = np.tile(np.array([[1.0, 0.0]], np.float32), (READS, 1))
    reading = program.run(x, Probe(observe=frozenset({"events"})))
    baseline = reading.output[:, :, 0] - 0.3
    slope = reading.eligibility["a"].correlate(baseline)[0, 0] / READS
    amplitude = 1 / LAW.reach
    q = float(LAW.parameter_of(np.array([0.3 / amplitude]))[0])
    rate = np.log(2) * (np.exp(-q) * 2 ** -np.exp(-q) + np.exp(q) * 2 ** -np.exp(q))
    expected = rate * LAW.gain  # d mean / d w, w the weight as write changes it
    assert slope == pytest.approx(expected, rel=0.02)
    assert abs(slope - 1.2 * expected) > 0.1 * expected
    assert "hedonistic" in _fitting(program)


def _fitting(program: Any) -> tuple[str, ...]:
    from hwnoise import learners

    return tuple(learners.fitting(program.capabilities))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"current_swing": 0.3}, "holds from 0 to 1"),
        ({"stability": 200.0, "pulse_length": 1e-3, "current_swing": 0.05}, None),
        ({"stability": 150.0, "pulse_length": 1.0, "current_swing": 0.14}, "always or never switches"),
    ],
)
def test_where_the_law_ends(change: dict[str, float], words: str | None) -> None:
    if words is None:
        assert kind(stochastic_synapse={**JUNCTION, **change}).stochastic_synapse is not None
        return
    with pytest.raises(InputError, match=words):
        kind(stochastic_synapse={**JUNCTION, **change})
