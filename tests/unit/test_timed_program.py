"""Networks with time on emulated chips: shapes, order, noise, states, loops, delays."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import oracles_neurons as oracles
import pytest
from numpy.typing import NDArray
from timed import DT, WATCH, chain, on_chip, spikes, watched
from tiny import EXACT, KNOWN, PAIRS, PCM, TELEGRAPH, WHITE, WHITE_PAIRS, assert_same_bits, chip, kind

from hwnoise import Network, Stream
from hwnoise.backends.base import LocalRule, Probe
from hwnoise.errors import InputError, MismatchError
from hwnoise.graph import Edge
from hwnoise.nodes import (
    LI,
    LIF,
    AvgPool2d,
    CubaLIF,
    Delay,
    Flatten,
    Input,
    Linear,
    Node,
    Output,
    Relu,
    Scale,
    SumPool2d,
    Threshold,
)

Array = NDArray[Any]
NODE = kind(node_noise={"sigma": 0.3}, quiet="chip")
CHIPS = {
    "exact": EXACT,
    "white": WHITE,
    "node": NODE,
    "white pairs": WHITE_PAIRS,
    "pcm": PCM,
    "telegraph": TELEGRAPH,
}


def network(sizes: str = "12-9-4", readout: str = "li") -> Network:
    return Network.spiking(sizes, Stream(3, "network"), readout=readout, gain=2.0)


def plain(n: int, beta: float = 0.9) -> LIF:
    tau = np.full(n, DT / (1 - beta))
    return LIF(tau, tau / DT, np.zeros(n), np.ones(n))


def test_a_chain_is_its_layers_and_neurons() -> None:
    """Check eq:lif-membrane and eq:li-membrane through a whole network."""
    net, x = network(), spikes(3, 20, 12)
    reading = watched(net, x)
    weights, step = net.parameters(), np.float32(0.9)
    one = np.ones(9, np.float32)
    neuron = np.stack([step * one, one, 0 * one, one, one, 0 * one])
    current = x @ weights["hidden1.weight"].T
    fired, membranes = oracles.lif(current, neuron, "zero")
    np.testing.assert_allclose(reading.nodes["hidden1"][0], current, atol=1e-6)
    np.testing.assert_array_equal(reading.spikes["hidden1_neurons"][0], fired)
    np.testing.assert_allclose(reading.membranes["hidden1_neurons"][0], membranes, atol=1e-5)
    out = oracles.leak(fired @ weights["readout.weight"].T, step * np.ones(4, np.float32), 1, 0)
    np.testing.assert_allclose(reading.output[0], out, atol=1e-5)
    np.testing.assert_array_equal(reading.membranes["readout_neurons"], reading.output)
    assert list(reading.spikes) == ["hidden1_neurons"]
    np.testing.assert_array_equal(reading.inputs["readout"], reading.spikes["hidden1_neurons"])


def test_counted_events() -> None:
    net, x = network(), spikes(3, 20, 12)
    reading = watched(net, x)
    fired = int(reading.spikes["hidden1_neurons"].sum())
    assert reading.events["reads"] == 60
    assert reading.events["spikes"] == fired
    assert reading.events["synaptic_operations"] == int(x.sum()) * 9 + fired * 4


@pytest.mark.parametrize("on", CHIPS.values(), ids=CHIPS)
@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_steps_are_ticks_whatever_the_batch(on: Any, order: Any) -> None:
    """A presentation reads at its own ticks: cutting a batch changes no draw."""
    probe, x = Probe(passes=2 if order == "interleaved" else 1, order=order), spikes(4, 6, 12)
    whole = on_chip(network(), on)
    together = whole.run(x, probe)
    parts = on_chip(network(), on)
    apart = [parts.run(part, probe) for part in (x[:1], x[1:])]
    np.testing.assert_allclose(
        np.concatenate([part.output for part in apart], axis=1), together.output, atol=2e-5
    )
    np.testing.assert_array_equal(np.concatenate([part.ticks for part in apart], axis=1), together.ticks)
    assert whole.tick == parts.tick == together.ticks.size * 6


def test_ticks_of_the_first_steps() -> None:
    x = spikes(2, 5, 12)
    interleaved = on_chip(network()).run(x, Probe(passes=3)).ticks
    np.testing.assert_array_equal(interleaved, [[0, 15], [5, 20], [10, 25]])
    batch = on_chip(network()).run(x, Probe(passes=3, order="batch")).ticks
    np.testing.assert_array_equal(batch, [[0, 5], [10, 15], [20, 25]])


@pytest.mark.parametrize("on", [EXACT, PAIRS, NODE, WHITE], ids=["exact", "pairs", "node", "white"])
@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_quiet_passes_are_equal_to_the_last_bit(on: Any, order: Any) -> None:
    x = spikes(5, 7, 12, 0.6) * np.float32(0.7)  # no spikes: dense products
    quiet = (0, 1) if on.quiet != "none" else ()
    reading = on_chip(network(), on).run(x, Probe(passes=2, order=order, quiet_passes=quiet))
    assert (reading.output[0] == reading.output[1]).all()
    if quiet:
        noisy = on_chip(network(), on).run(x, Probe(passes=2, order=order, quiet_passes=(1,)))
        assert (noisy.output[1] == reading.output[1]).all()
        assert (noisy.output[0] != noisy.output[1]).any()


def test_node_noise_acts_on_the_input_of_every_step() -> None:
    x = np.zeros((1, 2000, 12), np.float32)
    reading = on_chip(network(), NODE).run(x, WATCH)
    drawn = reading.nodes["hidden1"][0, 0]
    assert 0.28 < drawn.std() < 0.32
    assert abs(np.corrcoef(drawn[1:, 0], drawn[:-1, 0])[0, 1]) < 0.1


def test_known_noise_is_shown() -> None:
    probe = Probe(passes=2, quiet_passes=(1,), observe=frozenset({"noise", "nodes"}))
    reading = on_chip(network(), KNOWN).run(spikes(2, 5, 12), probe)
    noisy, clean = reading.nodes["hidden1"]
    np.testing.assert_allclose(noisy - reading.noise["hidden1"][0], clean, atol=1e-6)
    assert not reading.noise["hidden1"][1].any()


@pytest.mark.parametrize("on", CHIPS.values(), ids=CHIPS)
def test_a_saved_chip_goes_on_bit_for_bit(on: Any) -> None:
    """Membranes are part of the state: without a reset a presentation goes on where the last one ended."""
    probe = Probe(reset=False)
    chip, x = on_chip(network(), on), spikes(2, 6, 12)
    chip.run(x, probe)
    saved = chip.state()
    expected = chip.run(x, probe).output
    chip.run(x)
    chip.restore(saved)
    np.testing.assert_array_equal(chip.run(x, probe).output, expected)
    other = on_chip(network(), on, seed=2)
    with pytest.raises(InputError, match="lacks"):
        other.restore({key: value for key, value in saved.items() if "neurons" not in key})


def test_without_reset_presentations_are_one_sequence() -> None:
    x = spikes(1, 24, 12)
    whole = on_chip(network()).run(x).output[0, 0]
    chip = on_chip(network())
    cut = [chip.run(part, Probe(reset=False)).output for part in (x[:, :9], x[:, 9:].reshape(3, 5, 12))]
    np.testing.assert_allclose(np.concatenate([c.reshape(-1, 4) for c in cut]), whole, atol=1e-5)


def loop(weight: float, delay: float | None = None) -> Network:
    """One neuron, forward and backward weight; a delay in the loop if given."""
    nodes: dict[str, Node] = {
        "input": Input((1,)),
        "in": Linear(np.ones((1, 1))),
        "neuron": plain(1, 0.5),
        "back": Linear(np.array([[weight]])),
        "output": Output((1,)),
    }
    edges: list[Edge] = [("input", "in"), ("in", "neuron"), ("neuron", "back"), ("neuron", "output")]
    if delay is None:
        edges.append(("back", "neuron"))
    else:
        nodes["delay"] = Delay(np.array([delay]))
        edges += [("back", "delay"), ("delay", "neuron")]
    return Network(nodes, tuple(edges), dt=DT, reset="zero")


def test_a_loop_takes_a_step() -> None:
    """Check eq:loop: a spike comes back one step later, with a delay so many more."""
    x = np.zeros((2, 8, 1), np.float32)
    x[:, 0] = 2
    assert list(watched(loop(2.0), x).output[0, 0, :, 0]) == [1] * 8
    assert list(watched(loop(0.0), x).output[0, 1, :, 0]) == [1] + [0] * 7
    assert list(watched(loop(2.0, delay=2 * DT), x).output[0, 0, :, 0]) == [1, 0, 0, 1, 0, 0, 1, 0]


@pytest.mark.parametrize("on", [EXACT, NODE], ids=["exact", "node"])
def test_loops_on_chips(on: Any) -> None:
    """Rows taken together or one by one, the same draws; a saved loop goes on."""
    x, probe = spikes(3, 10, 1, 0.4) * 1.5, Probe(reset=False)
    chip, parts = on_chip(loop(0.7), on), on_chip(loop(0.7), on)
    whole = chip.run(x).output
    np.testing.assert_array_equal(
        whole, np.concatenate([parts.run(x[i : i + 1]).output for i in range(3)], axis=1)
    )
    chip.run(x, probe)
    saved = chip.state()
    first = chip.run(x, probe).output
    chip.restore(saved)
    np.testing.assert_array_equal(chip.run(x, probe).output, first)


def test_delays() -> None:
    """Check eq:delay: each element for itself, across runs without a reset."""
    line = chain({"delay": Delay(np.array([0, DT, 3 * DT]))}, reset=None)
    x = np.arange(24, dtype=np.float32).reshape(1, 8, 3)
    out = on_chip(line).run(x).output[0, 0]
    for j, lag in enumerate((0, 1, 3)):
        np.testing.assert_array_equal(out[lag:, j], x[0, : 8 - lag, j])
        assert not out[:lag, j].any()
    chip = on_chip(line)
    parts = [chip.run(part, Probe(reset=False)).output[0, 0] for part in (x[:, :2], x[:, 2:])]
    np.testing.assert_array_equal(np.concatenate(parts), out)


def test_joins_add_up() -> None:
    nodes: dict[str, Node] = {
        "input": Input((2,)),
        "a": Linear(np.eye(2)),
        "b": Linear(2 * np.eye(2)),
        "sum": LI(np.full(2, DT), np.ones(2), np.zeros(2)),
        "output": Output((2,)),
    }
    edges = (("input", "a"), ("input", "b"), ("a", "sum"), ("b", "sum"), ("sum", "output"))
    x = np.random.default_rng(5).normal(size=(2, 4, 2)).astype(np.float32)
    out = on_chip(Network(nodes, edges, dt=DT)).run(x).output[0]
    np.testing.assert_allclose(out, 3 * x, rtol=1e-6)


def test_memoryless_nodes(rng: np.random.Generator) -> None:
    x = rng.normal(size=(2, 3, 2 * 5 * 4)).astype(np.float32)
    image = x.reshape(2, 3, 2, 5, 4)
    members = {"pool": SumPool2d((2, 2), (1, 2)), "mean": AvgPool2d((2, 1), (2, 1)), "flat": Flatten()}
    nodes: dict[str, Node] = {"input": Input((2, 5, 4)), **members}
    nodes |= {"scale": Scale(np.full(8, 2.0)), "relu": Relu((8,)), "over": Threshold(np.full(8, 0.5))}
    nodes |= {"li": LI(np.full(8, DT), np.ones(8), np.zeros(8)), "output": Output((8,))}
    net = Network(nodes, tuple(pairwise(nodes)), dt=DT)
    pooled = sum(image[..., i : i + 4, j : j + 3 : 2] for i in (0, 1) for j in (0, 1))
    mean = (pooled[..., 0::2, :] + pooled[..., 1::2, :]) / 2
    expected = np.maximum(2 * mean.reshape(2, 3, 8), 0) > 0.5
    np.testing.assert_array_equal(on_chip(net).run(image).output[0], expected)


def test_synaptic_currents_last() -> None:
    """Check eq:synapse-current: one spike drives a CubaLIF for many steps."""
    node = CubaLIF(np.full(1, 10 * DT), np.full(1, DT), np.ones(1), np.zeros(1), np.full(1, 0.05))
    x = np.zeros((1, 30, 1), np.float32)
    x[0, 0] = 1
    out = watched(chain({"n": node}), x).membranes["n"].ravel()
    np.testing.assert_allclose(out, 0.1 * 0.9 ** np.arange(30), rtol=1e-4)


def test_writing_and_reading_back() -> None:
    chip = on_chip(network())
    before = chip.read_weights()
    chip.write({"hidden1.weight": np.full((9, 12), 0.25), "readout.bias": np.ones(4)})
    after = chip.read_weights()
    np.testing.assert_allclose(after["hidden1.weight"] - before["hidden1.weight"], 0.25, rtol=1e-5)
    np.testing.assert_array_equal(after["readout.bias"], 1)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((3, 12)), "takes \\(samples, steps, 12\\)"),
        (np.zeros((3, 4, 11)), "takes \\(samples, steps, 12\\)"),
        (np.zeros((0, 4, 12)), "takes \\(samples, steps, 12\\)"),
        (np.full((1, 1, 12), np.nan), "must be finite"),
        ([["a"]], "must be an array of numbers"),
    ],
)
def test_bad_inputs(x: Any, words: str) -> None:
    chip = on_chip(network())
    with pytest.raises(InputError, match=words):
        chip.run(x)
    assert chip.tick == 0


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        (Probe(passes=3, local=LocalRule()), "pairs of passes, not 3"),
        (Probe(passes=1, local=LocalRule(post="spike_excess")), "several passes, not 1"),
        (Probe(passes=2, local=LocalRule(decay=1.0)), "from 0 to below 1"),
        (Probe(passes=2, local=LocalRule(pre="rate")), "pre is one of spike, trace"),  # type: ignore[arg-type]
        (Probe(passes=0), "passes >= 1"),
        (Probe(observe=frozenset({"thoughts"})), "thoughts"),
    ],
)
def test_bad_probes(probe: Probe, words: str) -> None:
    with pytest.raises(InputError, match=words):
        on_chip(network()).run(spikes(1, 2, 12), probe)


def test_what_the_emulator_does_not_have_is_named() -> None:
    timeless = replace(network(), dt=None)
    with pytest.raises(InputError, match="'hidden1_neurons' needs the network's time step dt"):
        on_chip(timeless)
    with pytest.raises(MismatchError, match="cannot be made quiet"):
        on_chip(network()).run(spikes(1, 2, 12), Probe(quiet_passes=(0,)))


def test_same_bits_again() -> None:
    x, probe = spikes(4, 6, 12), Probe(passes=2, local=LocalRule())
    first, second = (on_chip(network(), PCM).run(x, probe) for _ in range(2))
    assert_same_bits({"out": first.output}, {"out": second.output})
    credit = np.ones((1, 4))
    assert_same_bits(
        {n: t.correlate(credit) for n, t in first.eligibility.items()},
        {n: t.correlate(credit) for n, t in second.eligibility.items()},
    )


def test_a_network_without_time_has_no_local_rules() -> None:
    with pytest.raises(MismatchError, match="local rule"):
        chip(EXACT).run(np.zeros((1, 6)), Probe(passes=2, local=LocalRule()))


@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_releases_are_credited_by_presentation(order: Any, rng: np.random.Generator) -> None:
    """As if every step were a presentation of its own, with the same credit."""
    synapses = kind(stochastic_synapse={"law": "logistic", "logit_range": 6.0})
    x, credit = spikes(3, 4, 12), rng.normal(size=(2, 3))
    observe = frozenset({"events"})
    whole = on_chip(network(), synapses).run(x, Probe(passes=2, order=order, observe=observe))
    rows = np.repeat(x, 2, axis=0) if order == "interleaved" else np.concatenate([x, x])
    by_row = credit.T.ravel() if order == "interleaved" else credit.ravel()
    apart = on_chip(network(), synapses).run(rows.reshape(24, 1, 12), Probe(observe=observe))
    np.testing.assert_allclose(
        whole.eligibility["hidden1"].correlate(credit),
        apart.eligibility["hidden1"].correlate(np.repeat(by_row, 4)[None]),
        atol=1e-5,
    )


def test_any_number_of_threads_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    net, x = Network.spiking("64-256-10", Stream(3), gain=2.0), spikes(40, 30, 64, 0.1)
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
        found.append(on_chip(net, WHITE).run(x, Probe(passes=2)).output)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_events_and_a_local_rule_exclude_each_other() -> None:
    synapses = kind(stochastic_synapse={"law": "logistic", "logit_range": 6.0})
    probe = Probe(passes=2, local=LocalRule(), observe=frozenset({"events"}))
    with pytest.raises(InputError, match="local rule or observes events"):
        on_chip(network(), synapses).run(spikes(1, 2, 12), probe)
