"""Stochastic release teaches: its score is the gradient, at any depth, and digits are learned from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles_synapse import SynapseChip, mean_reward, patterns

from hwnoise import learners, losses, optimizers, tasks
from hwnoise.backends.base import Capabilities, Noise, Reading
from hwnoise.backends.emulator.activations import activate
from hwnoise.devices.stochastic_synapse import FixedRelease, LogisticRelease
from hwnoise.errors import MismatchError
from hwnoise.kernels import stochastic_synapse as kernels
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.testing import assert_mean, assert_rejects
from hwnoise.training import fit
from hwnoise.training.evaluate import count_correct

PROBABILITY = np.array([0.2, 0.5, 0.8])
READS = 400_000
SHOWS_EVENTS = Capabilities((Noise("release", "event", frozenset({"local_event"}), "read"),))


def reward(b: Any) -> Any:
    """A reward that no synapse earns alone, of the events (..., 3)."""
    return b[..., 0] * (1 - b[..., 1]) + 0.7 * b[..., 1] * b[..., 2] - 0.3 * b[..., 2]


def released(rng: np.random.Generator, p: Any, reads: int = READS) -> Any:
    """Events of three synapses on one line: (reads, 3)."""
    last, y = np.empty((1, len(p)), np.uint32), np.empty((reads, len(p)), np.float32)
    kernels.fill_last(p[None], last)
    ones, keys = np.ones((reads, 1), np.float32), rng.integers(0, 2**64, 1, np.uint64)
    kernels.release(ones, np.ones_like(last, np.float32), last, keys, np.uint64(0), y)
    return y.astype(np.float64)


def slopes(p: Any) -> Any:
    """``p (1 - p) dE R / dp`` of every synapse, by enumeration."""
    found = []
    for k in range(len(p)):
        on, off = p.copy(), p.copy()
        on[k], off[k] = 1, 0
        found.append(p[k] * (1 - p[k]) * (mean_reward(reward, on) - mean_reward(reward, off)))
    return found


def near(samples: Any, expected: float) -> None:
    assert_mean(samples, expected, float(np.std(samples)))


@pytest.mark.parametrize("baseline", [0.0, 0.4, -3.0])
def test_the_score_identity_holds_for_any_baseline(rng: np.random.Generator, baseline: float) -> None:
    """CF-20 (eq:release-score); mutants: a probability that is wrong by 0.1, and events not centred."""
    b, expected = released(rng, PROBABILITY), slopes(PROBABILITY)
    excess = (reward(b) - baseline)[:, None]
    for k, slope in enumerate(expected):
        near((excess * (b - PROBABILITY))[:, k], slope)
    mean = mean_reward(reward, PROBABILITY) - baseline
    if mean != 0:
        assert_rejects(near, (excess * b)[:, 0], expected[0])
    if abs(mean) > 1:
        assert_rejects(near, (excess * (b - PROBABILITY - 0.1))[:, 0], expected[0])


def test_the_baseline_takes_variance_away(rng: np.random.Generator) -> None:
    """CF-20, one synapse: mean as before, and the variance that algebra says."""
    p, low, high = 0.5, 0.2, 1.3
    b = released(rng, np.array([p]))[:, 0]
    for baseline in (0.0, 0.7):
        score = (np.where(b == 1, high, low) - baseline) * (b - p)
        near(score, p * (1 - p) * (high - low))
        ends = np.array([(high - baseline) * (1 - p), -(low - baseline) * p])
        assert score.var() == pytest.approx(p * (1 - p) * (ends[0] - ends[1]) ** 2, rel=0.02)


def small_chip(seed: int = 21) -> SynapseChip:
    """A network 2-1-2 of eight synapses."""
    network = Network.mlp("2-1-2", Stream(seed, "network"), activation="tanh")
    return SynapseChip(network, LogisticRelease(logit_range=3), Stream(seed, "chip"))


X, LABEL = np.array([0.9, -0.6], np.float32), 1


def expected_loss(chip: SynapseChip, parameters: list[Any]) -> float:
    """Mean loss of one sample over all 256 ways in which eight synapses can release."""
    arrays = list(chip.arrays.values())
    p = np.concatenate([a.synapse.synapses(q)[1].ravel() for a, q in zip(arrays, parameters, strict=True)])
    every = np.array(list(patterns(8)))
    chance = np.prod(np.where(every == 1, p, 1 - p), axis=1)
    first, second = every[:, :4].reshape(-1, 2, 2), every[:, 4:].reshape(-1, 1, 4)
    hidden = np.tanh(X @ (first[:, :, :1] - first[:, :, 1:])[..., 0].T * arrays[0].weight_range)
    node = hidden[:, None] * (second[:, 0, :2] - second[:, 0, 2:]) * arrays[1].weight_range
    lost = losses.get("cross_entropy")(activate("softmax", node), np.full(len(every), LABEL))
    return float(chance @ lost)


def exact_gradient(chip: SynapseChip) -> dict[str, Any]:
    """Derivative of the mean loss by what ``write`` changes, from central differences."""
    arrays = list(chip.arrays.values())
    found: dict[str, Any] = {}
    for number, (name, array) in enumerate(chip.arrays.items()):
        slope = np.zeros(array.parameter.shape)
        for place in np.ndindex(*slope.shape):
            ends = []
            for step in (1e-3, -1e-3):
                moved = [a.parameter.astype(np.float64) for a in arrays]
                moved[number][place] += step * array.synapse.gain / array.weight_range[place[1]]
                ends.append(expected_loss(chip, moved))
            slope[place] = (ends[0] - ends[1]) / 2e-3
        found[f"{name}.weight"] = slope.T
    return found


@pytest.mark.parametrize(("passes", "order"), [(1, "auto"), (2, "interleaved"), (2, "batch"), (3, "batch")])
def test_the_estimate_is_the_gradient_in_every_layer(passes: int, order: Any) -> None:
    """Check eq:hedonistic, eq:hedonistic-baseline and eq:release-logistic by enumeration.

    Mutant: a baseline that holds the pass's own loss, which loses the share 1 / M.
    """
    chip = small_chip()
    learner = learners.make("hedonistic", passes=passes, order=order)
    learner.bind(chip.network, chip.capabilities)
    x, labels = np.tile(X, (500, 1)), np.full(500, LABEL)
    estimates: dict[str, list[Any]] = {}
    for _ in range(400):
        reading = chip.run(x, learner.ask(0, len(x)))
        lost = losses.get("cross_entropy")(reading.output, labels)
        for name, values in learner.tell(reading, lost).items():
            estimates.setdefault(name, []).append(values)
    for name, exact in exact_gradient(chip).items():
        draws = np.array(estimates[name][1:], np.float64)  # the first running mean is the batch's own
        for place in np.ndindex(*exact.shape):
            near(draws[(slice(None), *place)], exact[place])
        if passes > 1:
            steepest = np.unravel_index(np.abs(exact).argmax(), exact.shape)
            assert_rejects(near, draws[(slice(None), *steepest)] * (passes - 1) / passes, exact[steepest])


def test_a_paired_pass_is_a_better_baseline_than_none() -> None:
    """eq:hedonistic-baseline: a loss far from 0 makes the estimate without one noisy, not the paired one."""
    chip, x, paired, plain = small_chip(), np.tile(X, (100, 1)), [], []
    for _ in range(100):
        learner = learners.make("hedonistic", passes=2)
        reading = chip.run(x, learner.ask(0, len(x)))
        lost = 5 + losses.get("cross_entropy")(reading.output, np.full(len(x), LABEL))
        paired.append(learner.tell(reading, lost)["hidden1.weight"])
        plain.append(reading.eligibility["hidden1"].correlate(lost / lost.size))
    assert np.std(paired, axis=0).mean() < 0.2 * np.std(plain, axis=0).mean()


def test_an_unlearnable_chip_is_refused() -> None:
    chip = SynapseChip(Network.mlp("2-2", Stream(1, "n")), FixedRelease(), Stream(1, "c"))
    with pytest.raises(MismatchError, match="local_event"):
        learners.make("hedonistic").bind(chip.network, chip.capabilities)


def test_a_single_pass_remembers_the_loss() -> None:
    """eq:hedonistic-baseline: the running mean goes on after a restore, and the first batch sets it."""
    first, second = (learners.make("hedonistic", passes=1) for _ in range(2))
    chip = small_chip()
    for learner in (first, second):
        learner.bind(chip.network, SHOWS_EVENTS)
    reading = chip.run(np.tile(X, (4, 1)), first.ask(0, 4))
    assert not any(g.any() for g in first.tell(reading, np.full((1, 4), 2.0)).values())
    second.restore(first.state())
    lost = np.array([[1.0, 2.0, 3.0, 4.0]])
    one, two = first.tell(reading, lost), second.tell(reading, lost)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert any(values.any() for values in one.values())


def test_what_was_not_observed_is_asked_for() -> None:
    learner = learners.make("hedonistic")
    with pytest.raises(MismatchError, match="the chip showed none"):
        learner.tell(Reading(np.zeros((2, 1, 2), np.float32)), np.zeros((2, 1)))


def trained(synapse: LogisticRelease, epochs: int) -> tuple[float, float, SynapseChip]:
    """Accuracy on the test samples of digits before and after training, and the chip."""
    task, stream = tasks.load("digits"), Stream(2)
    network = Network.mlp("64-10", stream.child("network"))
    chip = SynapseChip(network, synapse, stream.child("chip"), headroom=2.0)
    before = count_correct(chip, task.test) / len(task.test)
    adam = optimizers.make("adam", learning_rate=0.03, schedule="cosine")
    fit(chip, task, learners.make("hedonistic"), adam, epochs=epochs, stream=stream.child("fit"))
    return before, count_correct(chip, task.test) / len(task.test), chip


def test_release_is_what_teaches_digits() -> None:
    """Release at random is the only noise; mutant: made certain, it teaches nothing at all."""
    _, after, _ = trained(LogisticRelease(events=4), epochs=15)
    assert after > 0.6
    before, after, chip = trained(LogisticRelease(events=4, release="certain"), epochs=2)
    assert before == after < 0.3
    untrained = Network.mlp("64-10", Stream(2).child("network")).parameters()
    np.testing.assert_allclose(chip.read_weights()["readout.weight"], untrained["readout.weight"], atol=1e-4)
