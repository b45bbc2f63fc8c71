"""What the rules on local traces ask for, refuse and remember."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles_learning import shows
from timed import DT

from hwnoise import Network, Stream, learners
from hwnoise.backends.base import LocalRule, Reading
from hwnoise.errors import InputError, MismatchError

PAIRED = shows("paired", "mean_subtracted")
TIMED = Network.spiking("3-4-2", Stream(3, "network"), tau=4 * DT, dt=DT)
STATIC = Network.mlp("3-4-2", Stream(3))
NAMES = ("snp", "three-factor")
STEPS, SAMPLES = 5, 6


class Summed:
    """Implements ``Traces``: what every synapse summed up, [row, sample, n_out, n_in]."""

    def __init__(self, *shape: int, moving: bool = True) -> None:
        self.values = Stream(4, str(shape)).generator().standard_normal(shape) * moving

    @property
    def power(self) -> Any:
        return np.square(self.values).sum(axis=(2, 3)).astype(np.float32)

    def correlate(self, credit: Any) -> Any:
        return np.einsum("ps,psji->ji", credit, self.values).astype(np.float32)

    def correlate_bias(self, credit: Any) -> Any:
        return np.einsum("ps,psji->j", credit, self.values).astype(np.float32)


def a_reading(rows: int, moving: bool = True) -> Reading:
    kept: Any = {
        "hidden1": Summed(rows, SAMPLES, 4, 3, moving=moving),
        "readout": Summed(rows, SAMPLES, 2, 4, moving=moving),
    }
    return Reading(np.zeros((2, SAMPLES, 2), np.float32), eligibility=kept, steps=STEPS)


def losses(passes: int = 2) -> Any:
    return Stream(6, "losses").generator().random((passes, SAMPLES))


def bound(name: str, **options: Any) -> Any:
    learner = learners.make(name, **options)
    learner.bind(TIMED, PAIRED)
    return learner


def test_snp_is_the_formula() -> None:
    """Check eq:snp."""
    reading, lost = a_reading(rows=1), losses()
    found: Any = reading.eligibility
    for name, neurons in (("hidden1", 4), ("readout", 2)):
        expected = sum(
            neurons * STEPS * (lost[0, s] - lost[1, s]) / found[name].power[0, s] * found[name].values[0, s]
            for s in range(SAMPLES)
        )
        estimate = bound("snp").tell(reading, lost)
        np.testing.assert_allclose(estimate[f"{name}.weight"], expected / SAMPLES, rtol=1e-4)
        np.testing.assert_allclose(estimate[f"{name}.bias"], expected.sum(axis=1) / SAMPLES, rtol=1e-4)


def test_the_normalizers_agree_where_layers_change_alike() -> None:
    reading = a_reading(rows=1)
    found: Any = reading.eligibility
    for name, neurons in (("hidden1", 4), ("readout", 2)):  # the same mean square in both
        values = found[name].values
        values *= np.sqrt(neurons / np.square(values).sum(axis=(2, 3), keepdims=True))
    one, other = (bound("snp", normalizer=n).tell(reading, losses()) for n in ("layer", "network"))
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-5)


def test_three_factor_is_the_formula() -> None:
    """Check eq:three-factor and eq:three-factor-baseline."""
    reading, lost = a_reading(rows=3), losses(3)
    found: Any = reading.eligibility
    expected = np.einsum("ps,psji->ji", lost - lost.mean(axis=0), found["readout"].values) / (2 * SAMPLES)
    estimate = bound("three-factor", passes=3).tell(reading, lost)
    np.testing.assert_allclose(estimate["readout.weight"], expected, rtol=1e-4)


def test_the_running_baseline_is_remembered() -> None:
    first, second = (bound("three-factor", baseline="running") for _ in range(2))
    reading = a_reading(rows=2)
    first.tell(reading, losses() + 5)
    second.restore(first.state())
    assert first.state()["mean"] == pytest.approx(losses().mean() + 5)
    one, two = first.tell(reading, losses()), second.tell(reading, losses())
    assert all(np.array_equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("name", NAMES)
def test_where_nothing_changed_there_is_no_update(name: str) -> None:
    estimate = bound(name).tell(a_reading(1 if name == "snp" else 2, moving=False), losses())
    assert not any(values.any() for values in estimate.values())
    assert {key: value.shape for key, value in estimate.items()} == {
        key: value.shape for key, value in TIMED.parameters().items()
    }


def test_what_the_rules_ask_for() -> None:
    probe = bound("snp", pairs=2).ask(0, 4)
    assert (probe.passes, probe.local) == (4, LocalRule("trace", "drive_difference", None))
    assert bound("snp", trace=0.0, post="membrane").ask(0, 4).local == LocalRule(
        "spike", "membrane_difference", 0.0
    )
    probe = bound("three-factor", passes=3, trace=0.5).ask(0, 4)
    assert (probe.passes, probe.local) == (3, LocalRule("trace", "spike_excess", 0.5))
    slow = shows("paired", time_scale="memory")
    learner = learners.make("three-factor")
    learner.bind(TIMED, slow)
    assert learner.ask(0, 4).order == "batch"
    assert (learner.directions(4), bound("snp", pairs=3).directions(4)) == (4, 12)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("snp", {"trace": 1.0}, ["trace", "from 0 to below 1"]),
        ("snp", {"post": "spike"}, ["post", "drive, membrane"]),
        ("snp", {"normalizer": "sample"}, ["normalizer", "layer, network"]),
        ("three-factor", {"passes": 1}, ["passes", ">= 2"]),
        ("three-factor", {"trace": "long"}, ["trace", "'long'"]),
        ("three-factor", {"baseline": "mean"}, ["baseline", "passes, running"]),
    ],
)
def test_what_cannot_be_made_is_refused(name: str, options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        learners.make(name, **options)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("name", NAMES)
def test_a_network_without_time_is_refused_with_who_would_fit(name: str) -> None:
    with pytest.raises(MismatchError, match=r"time axis.*would fit: anp, np"):
        learners.make(name).bind(STATIC, PAIRED)


@pytest.mark.parametrize("name", ["anp", "np"])
def test_a_rule_without_time_refuses_a_network_with_it(name: str) -> None:
    with pytest.raises(MismatchError, match=r"time axis.*would fit: snp, three-factor"):
        learners.make(name).bind(TIMED, PAIRED)


@pytest.mark.parametrize("name", NAMES)
def test_empty_readings_and_wrong_losses_are_refused(name: str) -> None:
    with pytest.raises(MismatchError, match="the chip showed none"):
        bound(name).tell(Reading(np.zeros((2, 6, 2))), losses())
    with pytest.raises(InputError, match="losses must have shape"):
        bound(name).tell(a_reading(1), losses()[0])
