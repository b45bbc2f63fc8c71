"""What synapses sum up over time equals the sum written out, for every rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args, get_type_hints

import numpy as np
import oracles_neurons as oracles
import pytest
from numpy.typing import NDArray
from timed import DT, on_chip, spikes
from tiny import kind

from hwnoise import Network, Stream
from hwnoise.backends.base import LocalRule, Probe, Reading
from hwnoise.nodes import LI, LIF, Input, Linear, Node, Output

Array = NDArray[Any]
NODE = kind(node_noise={"sigma": 0.4})
EVERYTHING = frozenset({"spikes", "membranes", "nodes"})
POSTS = get_args(get_type_hints(LocalRule)["post"])


def network() -> Network:
    """Two layers of neurons whose time constants differ from neuron to neuron."""
    net = Network.spiking("5-4-3", Stream(3, "network"), gain=2.0)
    tau = DT * np.array([2.0, 4.0, 8.0, 16.0])
    slow = LIF(tau, tau / DT, np.zeros(4), np.ones(4))
    return replace(net, nodes={**net.nodes, "hidden1_neurons": slow})


def read(rule: LocalRule, passes: int = 4, order: Any = "interleaved") -> Reading:
    probe = Probe(passes=passes, order=order, observe=EVERYTHING, local=rule)
    return on_chip(network(), NODE).run(spikes(3, 7, 5), probe)


def post_of(reading: Reading, rule: LocalRule) -> tuple[Array, Array]:
    """The post variable of the hidden layer, and the passes whose inputs go with it."""
    source = {"spike_excess": reading.spikes["hidden1_neurons"], "drive_difference": reading.nodes["hidden1"]}
    values = np.asarray(source.get(rule.post, reading.membranes["hidden1_neurons"]), np.float64)
    if rule.post.endswith("_difference"):
        return values[0::2] - values[1::2], np.arange(0, len(values), 2)
    return values - values.mean(axis=0), np.arange(len(values))


def expected(reading: Reading, rule: LocalRule, credit: Array) -> Array:
    decay = np.array([0.5, 0.75, 0.875, 0.9375]) if rule.decay is None else np.full(4, rule.decay)
    decay = decay if rule.pre == "trace" else np.zeros(4)
    post, passes = post_of(reading, rule)
    total = np.zeros((4, 5))
    for p, s in np.ndindex(credit.shape):
        traces = oracles.filtered(reading.inputs["hidden1"][passes[p], s], decay)
        total += credit[p, s] * np.einsum("ti,tji->ij", post[p, s], traces)
    return total


@pytest.mark.parametrize("post", POSTS)
@pytest.mark.parametrize("pre", ["spike", "trace"])
@pytest.mark.parametrize("decay", [None, 0.6])
@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_correlation(rng: np.random.Generator, post: Any, pre: Any, decay: float | None, order: Any) -> None:
    """Check eq:traces; credit of another sample is noticed."""
    rule = LocalRule(pre, post, decay)
    reading = read(rule, order=order)
    credit = rng.normal(size=(2 if post.endswith("_difference") else 4, 3))
    found = reading.eligibility["hidden1"].correlate(credit)
    np.testing.assert_allclose(found, expected(reading, rule, credit), atol=2e-5)
    assert np.abs(found - expected(reading, rule, np.roll(credit, 1, axis=1))).max() > 1e-3


@pytest.mark.parametrize("post", POSTS)
def test_power_and_bias(rng: np.random.Generator, post: Any) -> None:
    """Check eq:traces for the squared post variable, and for a bias as an input of 1."""
    rule = LocalRule(post=post)
    reading = read(rule)
    values, _ = post_of(reading, rule)
    traces: Any = reading.eligibility["hidden1"]
    np.testing.assert_allclose(traces.power, np.square(values).sum(axis=(2, 3)), rtol=1e-5)
    credit = rng.normal(size=values.shape[:2])
    ones = oracles.filtered(np.ones((7, 1)), np.array([0.5, 0.75, 0.875, 0.9375]))[:, 0]
    wanted = np.einsum("ps,psti,ti->i", credit, values, ones)
    np.testing.assert_allclose(traces.correlate_bias(credit), wanted, atol=1e-4)


def test_a_linear_network_traces_its_gradient() -> None:
    """Check eq:traces: the trace of an integrator is the derivative of its membrane by the weight."""
    tau = np.full(1, 10 * DT)
    nodes: dict[str, Node] = {"input": Input((2,)), "w": Linear(np.ones((1, 2)))}
    nodes |= {"li": LI(tau, tau / DT, np.zeros(1)), "output": Output((1,))}
    net = Network(nodes, (("input", "w"), ("w", "li"), ("li", "output")), dt=DT)
    x = spikes(1, 9, 2)
    probe = Probe(passes=2, local=LocalRule())
    chip = on_chip(net, NODE)
    reading = chip.run(x, probe)
    error = reading.output[0] - reading.output[1]  # of sum(membrane**2) / 2 about the second pass
    plain = oracles.leak(x, np.full(2, 0.9, np.float32), 1, 0)
    gradient = np.einsum("sto,sti->oi", error, plain)
    traces: Any = reading.eligibility["w"]
    np.testing.assert_allclose(traces.correlate(np.ones((1, 1))), gradient, rtol=1e-4)


def test_a_loop_traces_the_step_before() -> None:
    """What comes back in a loop acts a step later, and so does its trace."""
    one = np.ones((1, 1))
    nodes: dict[str, Node] = {
        "input": Input((1,)),
        "in": Linear(one),
        "neuron": LIF(np.full(1, 2 * DT), np.full(1, 2.0), np.zeros(1), np.ones(1)),
        "back": Linear(0.5 * one),
        "output": Output((1,)),
    }
    edges = (("input", "in"), ("in", "neuron"), ("neuron", "back"), ("back", "neuron"), ("neuron", "output"))
    probe = Probe(passes=2, observe=EVERYTHING, local=LocalRule(pre="spike"))
    reading = on_chip(Network(nodes, edges, dt=DT, reset="zero"), NODE).run(2 * spikes(1, 12, 1), probe)
    membranes, fired = reading.membranes["neuron"][:, 0, :, 0], reading.spikes["neuron"][0, 0, :, 0]
    wanted = ((membranes[0] - membranes[1])[1:] * fired[:-1]).sum()
    traces: Any = reading.eligibility["back"]
    np.testing.assert_allclose(traces.correlate(np.ones((1, 1))), [[wanted]], rtol=1e-5)
