"""What the synapses of filters sum up, on chips of floats and of integers: over steps and over places."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from hwnoise import Network, Probe, Stream, learners, losses, optimizers, substrate
from hwnoise.backends.base import LocalRule
from hwnoise.backends.emulator import backend
from hwnoise.backends.emulator.integer.traces import FilterStepTraces, StepTraces
from hwnoise.learners.feedback import informed
from hwnoise.nodes import LI, LIF, Affine, Conv2d, Flatten, Input, Output
from hwnoise.patches import Patches

STEPS = 6
RNG = Stream(9, "weights").generator()
FILTERS = Conv2d(RNG.normal(size=(3, 2, 3, 2)).astype(np.float32), np.zeros(3, np.float32), padding=(1, 0))


def network() -> Network:
    """Filters on images of 2 x 5 x 4, spikes, and a membrane as the output."""
    maps = FILTERS.output_shape((2, 5, 4))
    n = int(np.prod(maps))
    readout = Affine(RNG.normal(size=(3, n)).astype(np.float32), np.zeros(3, np.float32))
    one, three = np.ones(maps), np.ones(3)
    nodes = {
        "input": Input((2, 5, 4)), "conv": FILTERS, "neurons": LIF(4e-3 * one, 4 * one, 0 * one, one),
        "flatten": Flatten(), "readout": readout, "membranes": LI(4e-3 * three, 4 * three, 0 * three),
        "output": Output((3,)),
    }  # fmt: skip
    return Network(nodes, tuple(pairwise(nodes)), dt=1e-3, reset="zero")


@pytest.mark.parametrize("groups", [1, 2])
def test_a_filter_sums_up_what_it_saw_at_all_of_its_places(rng: np.random.Generator, groups: int) -> None:
    """The products of eq:patches, place by place and in each group; an input of 1 is seen at each of them."""
    weight = rng.normal(size=(4, 2 // groups, 3, 2)).astype(np.float32)
    filters = Conv2d(weight, np.zeros(4, np.float32), padding=(1, 0), groups=groups)
    patches = Patches.of(filters, (2, 5, 4))
    pre = rng.normal(size=(2, 4, STEPS, 40)).astype(np.float32)
    post = rng.normal(size=(2, 4, STEPS, 4 * patches.count)).astype(np.float32)
    steady, credit = rng.random(STEPS).astype(np.float32), rng.normal(size=(2, 4)).astype(np.float32)
    traces = FilterStepTraces(pre, post, steady, patches)
    seen = patches.taken(pre.reshape(-1, 40)).reshape(2, 4, STEPS, patches.count, groups, -1)
    maps = post.reshape(2, 4, STEPS, groups, 4 // groups, patches.count)
    expected = np.einsum("ps,pstgcq,pstqgk->gck", credit, maps, seen).reshape(weight.shape)
    np.testing.assert_allclose(traces.correlate(credit), expected, rtol=1e-4, atol=1e-4)
    bias = np.einsum("ps,pstgcq,t->gc", credit, maps, steady).ravel()
    np.testing.assert_allclose(traces.correlate_bias(credit), bias, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(traces.power, StepTraces(pre, post, steady).power)


@pytest.mark.parametrize("on", ["loihi2", "pcm"])
@pytest.mark.parametrize("post", ["membrane_difference", "spike_excess"])
def test_every_chip_sums_up_in_the_shape_of_the_filters(on: str, post: Any) -> None:
    x = (Stream(5, "x").generator().random((40, STEPS, 2, 5, 4)) < 0.4).astype(np.float32)
    chip = backend.compile(network(), substrate.load(on), Stream(1))
    traces = chip.run(x, Probe(passes=2, local=LocalRule(pre="spike", post=post))).eligibility
    credit = np.array([[1.0], [-1.0]], np.float32)[: 1 if post.endswith("difference") else 2].repeat(40, 1)
    shapes = {"conv": (3, 2, 3, 2), "readout": (3, 45)}
    for name, shape in shapes.items():
        found = traces[name].correlate(credit)
        assert found.shape == shape
        assert np.isfinite(found).all()
        assert found.any()
        assert traces[name].correlate_bias(credit).shape == (3,)


@pytest.mark.parametrize("name", ["snp", "three-factor"])
def test_filters_on_integers_learn(name: str) -> None:
    """One layer of filters tells where the light is, better after training by its membranes' noise."""
    chip = backend.compile(network(), substrate.load("loihi2"), Stream(1), headroom=4.0)
    learner, optimizer = learners.make(name), optimizers.make("adam", learning_rate=0.02)
    learner.bind(chip.network, chip.capabilities)
    generator, lost = Stream(2, "light").generator(), []
    for step in range(60):
        labels = generator.integers(0, 3, 48)
        light = generator.random((48, STEPS, 2, 5, 4)) < 0.1
        light[np.arange(48), :, :, labels, :] |= generator.random((48, STEPS, 2, 4)) < 0.7
        probe = learner.ask(step, 48)
        reading = chip.run(light.astype(np.float32), probe)
        scores = reading.output.mean(axis=2)
        odds = np.exp(scores - scores.max(-1, keepdims=True))
        losses_now = losses.cross_entropy(odds / odds.sum(-1, keepdims=True), labels)
        estimate = learner.tell(informed(reading, labels, probe, losses.cross_entropy), losses_now)
        chip.write(optimizer.update(estimate, step, 60))
        lost.append(float(losses_now.mean()))
    assert np.mean(lost[-10:]) < 0.8 * np.mean(lost[:5])
