"""Reward-modulated spike timing on Lava's own engine moves weights as the emulator's traces say."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from lava_leftovers import leftovers
from loihi_networks import loihi, perceptron, spikes
from numpy.typing import NDArray

from hwnoise import Stream
from hwnoise.backends.base import LocalRule, Probe
from hwnoise.backends.emulator.integer.traces import StepTraces, pre_trace
from hwnoise.backends.lava.engine import EngineProgram, _time_constant
from hwnoise.errors import InputError, MismatchError

Array = NDArray[Any]
STEPS, SAMPLES = 20, 12
SEEN = Probe(observe=frozenset({"spikes"}))


def changes(chip: EngineProgram, rng: np.random.Generator) -> tuple[Array, Array]:
    """Per sample and hidden synapse: what the engine did, and reward times trace times spikes."""
    done, asked = [], []
    keep = 1 - chip.integers().neurons["hidden_neurons"].dv / 4096
    for _ in range(SAMPLES):
        x, reward = spikes(rng, chip.network, 1, STEPS), float(rng.uniform(-1, 1))
        post = chip.run(x, SEEN).spikes["hidden_neurons"]
        traces = StepTraces(pre_trace(x, LocalRule("trace"), keep)[np.newaxis], post, np.ones(STEPS))
        asked.append(traces.correlate(np.array([[reward]])))
        before = chip.read_weights()["hidden.weight"]
        chip.reward(reward)
        done.append(chip.read_weights()["hidden.weight"] - before)
    return np.stack(done), np.stack(asked)


def agreement(done: Array, asked: Array) -> tuple[float, float]:
    """Correlation over all synapses and samples, and the share of equal signs where much was asked for."""
    much = np.abs(asked) > 0.3 * np.abs(asked).max()
    share = (np.sign(done[much]) == np.sign(asked[much])).mean()
    return float(np.corrcoef(done.ravel(), asked.ravel())[0, 1]), float(share)


def test_the_engine_learns_as_the_rule_says(rng: np.random.Generator) -> None:
    """Sign and correlation of the changes of weights (eq:three-factor); the engine is bit-approximate.

    The mean over passes that the emulator's rule takes off is left to rewards whose mean is 0.
    """
    chip = EngineProgram(perceptron(rng), loihi(noise=True), Stream(3, "chip"), 2.0, steps=STEPS)
    done, asked = changes(chip, rng)
    correlation, signs = agreement(done, asked)
    assert correlation > 0.95
    assert signs > 0.98
    neighbours = agreement(done, np.roll(asked, 1, axis=2))  # each synapse with the next one's trace
    assert neighbours[0] < 0.95
    kept, held = chip.diagnostics()["hidden.weight"], chip.read_weights()["hidden.weight"]
    unit = np.diff(np.unique(held)).min()
    assert np.abs(kept - held).max() < 1.5 * unit  # the last bit, which Lava's Dense drops, too
    x, fired = spikes(rng, chip.network, 1, STEPS), []
    for reward in (1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0):
        fired.append(chip.run(x, SEEN).spikes["hidden_neurons"].sum())
        chip.reward(reward)
    assert fired[0] < fired[3] > fired[8]
    chip.close()
    assert not leftovers()


def test_what_the_engine_has_no_bits_for_is_refused(rng: np.random.Generator) -> None:
    network, kind = perceptron(rng), loihi(noise=True)
    with pytest.raises(InputError, match=r"steps must be 1 to 256, .*, not 300, 0\.25 and 3"):
        EngineProgram(network, kind, Stream(3), steps=300)
    chip = EngineProgram(network, kind, Stream(3), steps=STEPS)
    with pytest.raises(InputError, match=r"a reward must be a number from -1 to 1, not 1\.5"):
        chip.reward(1.5)
    with pytest.raises(InputError, match="nothing to reward before the first run"):
        chip.reward(1.0)
    with pytest.raises(InputError, match="rows must have 20 steps, for which tags are scaled, not 4"):
        chip.run(spikes(rng, network, 1, 4))
    still = dataclasses.replace(chip._plan.layers[0], keep=1.0)
    with pytest.raises(MismatchError, match="the membranes behind 'hidden' keep 1 of themselves in a step"):
        _time_constant(still)
    with pytest.raises(MismatchError, match="traces are let fade between rows"):
        chip.run(spikes(rng, network, 1, STEPS), Probe(reset=False))
