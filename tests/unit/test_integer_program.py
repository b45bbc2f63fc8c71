"""A network on a digital chip: what it computes, shows, counts, keeps and refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from loihi_networks import ALL, chip, convolutional, loihi, perceptron, recurrent, spikes
from numpy.typing import NDArray
from oracle_loihi_network import simulate

from hwnoise.backends.base import LocalRule, Probe
from hwnoise.backends.emulator import backend
from hwnoise.errors import InputError, MismatchError
from hwnoise.nodes import Affine, Linear
from hwnoise.quantization import quantize
from hwnoise.streams import Stream

Array = NDArray[Any]
ALL_SEEN = Probe(observe=frozenset({"spikes", "membranes", "nodes"}))
TIMES = [name for name in ALL if name not in ("convolutional", "ternary")]


@pytest.mark.parametrize("name", TIMES)
def test_a_network_computes_what_the_oracle_does(name: str, rng: np.random.Generator) -> None:
    """Loops, delays, synaptic currents: every spike and membrane (eq:loihi-membrane, eq:loihi-delay)."""
    network = ALL[name](rng)
    program, x = chip(network), spikes(rng, network)
    reading = program.run(x, ALL_SEEN)
    if name != "delayed":
        fired, membranes = simulate(program.integers(), x.astype(np.int64))
        for population, neurons in program.integers().neurons.items():
            here = reading.membranes[population][0]
            after = (here - neurons.offset) / neurons.scale
            if neurons.kind != "li":
                sent = np.rint(reading.spikes[population][0] / neurons.spike_unit)
                assert np.array_equal(sent, fired[population])
                after = np.where((fired[population] != 0) | (neurons.kind == "graded"), 0, after)
            assert np.allclose(after, membranes[population], atol=1)
    assert reading.output.shape == (1, *x.shape[:2], network.n_outputs)


def test_images_convolve_and_pool(rng: np.random.Generator) -> None:
    """Check eq:loihi-convolution through two convolutions and two poolings, by sums over windows."""
    network = convolutional(rng)
    program, x = chip(network), spikes(rng, network)
    reading = program.run(x.reshape(6, 40, 1, 12, 12), ALL_SEEN)
    held = program.integers()
    sent = x.reshape(240, 1, 12, 12)
    for name, before, padding in (("conv1", None, 1), ("conv2", "n1", 0)):
        if before is not None:
            images = reading.spikes[before][0].reshape(240, 3, 12, 12)
            sent = images.reshape(240, 3, 6, 2, 6, 2).sum(axis=(3, 5))
        padded = np.pad(sent, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        synapses = held.synapses[name]
        expected = np.einsum("rcyxkl,ockl->royx", windows, synapses.weight) * synapses.scale
        assert np.allclose(reading.nodes[name].ravel(), expected.ravel(), rtol=1e-5, atol=1e-6)
    assert held.synapses["conv2"].message_bits > 0
    assert reading.spikes["n3"].any()


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_bits_do_not_depend_on_threads_or_splits(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    network = perceptron(rng)
    x = spikes(rng, network, samples=40, steps=120)
    monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    whole, split = chip(network, loihi(noise=True)), chip(network, loihi(noise=True))
    output = whole.run(x).output
    parts = [split.run(part).output for part in (x[:7], x[7:8], x[8:])]
    assert np.array_equal(output, np.concatenate(parts, axis=1))
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert np.array_equal(output, chip(network, loihi(noise=True)).run(x).output)


def test_passes_differ_by_noise_and_quiet_ones_do_not(rng: np.random.Generator) -> None:
    network = recurrent(rng)
    x = spikes(rng, network)
    noisy = chip(network, loihi(noise=True))
    for order in ("interleaved", "batch"):
        reading = noisy.run(x, Probe(3, order, quiet_passes=(1,)))  # type: ignore[arg-type]  # one of Order
        first, quiet, last = reading.output
        assert np.array_equal(quiet, chip(network).run(x).output[0])
        assert not np.array_equal(first, last)
    steps = np.uint64(x.shape[1])
    assert noisy.run(x, Probe(2)).ticks[:, :2].tolist() == [
        [1440 * 1, 1440 + 2 * steps],
        [1440 + steps, 1440 + 3 * steps],
    ]


@pytest.mark.parametrize("name", TIMES)
def test_without_reset_runs_join_into_one(name: str, rng: np.random.Generator) -> None:
    """States and spikes under way survive between samples and calls."""
    network = ALL[name](rng)
    x, going_on = spikes(rng, network, samples=1, steps=24), Probe(reset=False)
    whole = chip(network, loihi(noise=True)).run(x).output
    program = chip(network, loihi(noise=True))
    first = program.run(x[:, :6], going_on).output
    saved = program.state()
    pair = np.concatenate([x[:, 6:15], x[:, 15:24]])
    rest = [program.run(pair, going_on).output for _ in range(2) if not program.restore(saved)]
    joined = np.concatenate([first[0, 0], rest[1][0, 0], rest[1][0, 1]])
    assert np.array_equal(joined, whole[0, 0])
    assert np.array_equal(rest[0], rest[1])


@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_a_restored_chip_goes_on_bit_for_bit(rounding: str, rng: np.random.Generator) -> None:
    on = loihi(True, **{"fixed_point.rounding": rounding})
    network = perceptron(rng)
    program, other = chip(network, on, headroom=2.0), chip(network, on, headroom=2.0)
    x, update = spikes(rng, network), rng.normal(0, 1e-3, (20, 30))
    program.run(x)
    other.restore(program.state())
    for here in (program, other):
        here.write({"hidden.weight": update, "readout.bias": np.full(4, 0.01)})
    assert np.array_equal(program.run(x).output, other.run(x).output)
    expected, found = program.read_weights(), other.read_weights()
    assert all(np.array_equal(expected[key], found[key]) for key in expected)
    assert program.events == other.events


def test_updates_accumulate_until_an_integer_changes(rng: np.random.Generator) -> None:
    program = chip(perceptron(rng), headroom=2.0)
    before, unit = program.read_weights()["hidden.weight"], program.integers().synapses["hidden"].unit
    for _ in range(10):
        program.write({"hidden.weight": np.full((20, 30), 0.2 * unit)})
    change = (program.read_weights()["hidden.weight"] - before) / unit
    assert np.allclose(change, 2, atol=1e-3)
    assert program.events["device_writes"] == 600
    program.write({"hidden.weight": np.full((20, 30), 1e6)})
    assert (program.integers().synapses["hidden"].weight == 254).all()


def test_random_rounding_has_the_mean_of_the_update() -> None:
    """Check eq:stochastic-rounding on weights: no accumulator, and no bias; nearest would not move."""
    network = perceptron(np.random.default_rng(2))
    program = chip(network, loihi(**{"fixed_point.rounding": "stochastic"}), headroom=2.0)
    before = program.read_weights()["hidden.weight"]
    unit = program.integers().synapses["hidden"].unit
    for _ in range(400):
        program.write({"hidden.weight": np.full((20, 30), 0.01 * unit)})
    change = (program.read_weights()["hidden.weight"] - before) / unit  # 4 on average, in steps of 2
    spread = 2 * np.sqrt(400 * 0.005 * 0.995)
    assert abs(change.mean() - 4) < 5 * spread / np.sqrt(600)
    assert change.std() == pytest.approx(spread, rel=0.15)


def test_what_is_read_back_gives_the_same_integers(rng: np.random.Generator) -> None:
    """Networks of every shape: floats of the chip, its numbers in the metadata, the same integers."""
    for make in ALL.values():
        program = chip(make(rng), headroom=1.5)
        program.write({k: rng.normal(0, 0.01, v.shape) for k, v in program.read_weights().items()})
        again, _ = quantize(program.network.with_parameters(program.read_weights()), program.chip)
        held = program.integers()
        assert again.edges == held.edges
        for name, node in held.nodes.items():
            other = again.nodes[name]
            for key in node.__dataclass_fields__:
                assert np.array_equal(getattr(node, key), getattr(other, key)), (name, key)


def test_layers_without_a_bias_learn_one(rng: np.random.Generator) -> None:
    """Neurons of the chip can take one, and learners estimate it for every layer."""
    network = perceptron(rng)
    hidden = network.nodes["hidden"]
    assert isinstance(hidden, Affine)
    program = chip(replace(network, nodes={**network.nodes, "hidden": Linear(hidden.weight)}), headroom=2.0)
    assert not program.read_weights()["hidden.bias"].any()
    given = np.linspace(-0.05, 0.05, 20)
    program.write({"hidden.bias": given})
    np.testing.assert_allclose(program.read_weights()["hidden.bias"], given, atol=2e-3)
    assert program.integers().neurons["hidden_neurons"].bias_mant.any()


POSTS = ["membrane_difference", "drive_difference", "membrane_excess", "spike_excess"]


@pytest.mark.parametrize("post", POSTS)
@pytest.mark.parametrize("pre", ["trace", "spike"])
def test_traces_are_sums_over_steps(post: Any, pre: Any, rng: np.random.Generator) -> None:
    """Check eq:spike-trace and the sums of a local rule, also through a loop, by plain loops."""
    network = recurrent(rng)
    program, x = chip(network, loihi(noise=True)), spikes(rng, network, samples=3, steps=12)
    reading = program.run(x, Probe(4, observe=ALL_SEEN.observe, local=LocalRule(pre, post)))
    in_pairs = post.endswith("difference")
    credit = rng.normal(size=(2 if in_pairs else 4, 3)).astype(np.float32)
    for layer, target in (
        ("hidden", "hidden_neurons"),
        ("back", "hidden_neurons"),
        ("readout", "readout_neurons"),
    ):
        keep = 1 - program.integers().neurons[target].dv / 4096
        after = post_of(post, reading.membranes[target], reading.spikes.get(target), keep)
        decay = 0.0 if pre == "spike" else keep
        before = trace_of(reading.inputs[layer][0::2] if in_pairs else reading.inputs[layer], decay)
        ones = trace_of(np.ones_like(after[..., :1]), decay)
        traces: Any = reading.eligibility[layer]
        for found, sent in (
            (traces.correlate(credit), before),
            (traces.correlate_bias(credit)[:, None], ones),
        ):
            expected = np.einsum("ps,psti,pstj->ij", credit, after, sent)
            assert np.allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())
        assert np.allclose(traces.power, (after**2).sum(axis=(2, 3)), rtol=1e-4)


def post_of(post: str, v: Array, fired: Array | None, keep: float) -> Array:
    if post == "drive_difference":
        left = v if fired is None else v * (fired == 0)
        v = v - keep * np.pad(left[:, :, :-1], ((0, 0), (0, 0), (1, 0), (0, 0)))
    if post.endswith("difference"):
        return v[0::2] - v[1::2]
    values = fired if post == "spike_excess" and fired is not None else v
    return np.asarray(values - values.mean(axis=0))


def trace_of(sent: Array, decay: float) -> Array:
    trace = sent.astype(np.float64)
    for t in range(1, sent.shape[2]):
        trace[:, :, t] += decay * trace[:, :, t - 1]
    return trace


def test_events_are_counted(rng: np.random.Generator) -> None:
    network = perceptron(rng)
    program, x = chip(network), spikes(rng, network)
    reading = program.run(x, ALL_SEEN)
    fired = int(reading.spikes["hidden_neurons"].sum())
    assert reading.events == {
        "reads": 240,
        "neuron_updates": 240 * 24,
        "spikes": fired,
        "synaptic_operations": int(x.sum()) * 20 + fired * 4,
    }
    assert reading.events == program.events


def test_the_backend_chooses_by_the_substrate(rng: np.random.Generator) -> None:
    program = backend.compile(perceptron(rng), loihi(), Stream(1), headroom=2.0)
    assert type(program).__name__ == "IntegerProgram"


def test_strict_names_layer_neuron_and_step(rng: np.random.Generator) -> None:
    network = perceptron(rng, bias=0.0)
    ones = {"hidden.weight": np.ones((20, 30), np.float32), "readout.weight": np.ones((4, 20), np.float32)}
    program = chip(network.with_parameters(ones), loihi(**{"fixed_point.strict": True}))
    x = np.zeros((2, 50, 30))
    program.run(x)
    x[1] = 1
    with pytest.raises(
        InputError, match=r"layer 'readout_neurons': neuron 0 leaves its bits in step \d+ of row 1"
    ):
        program.run(x)
    loose = chip(network.with_parameters(ones))
    loose.run(x)
    assert loose.losses["readout_neurons"] > 0


@pytest.mark.parametrize(
    ("x", "problem"),
    [
        (np.full((1, 4, 30), 0.5), "must be spikes, 0 or 1"),
        (np.zeros((1, 4, 29)), "which takes"),
        (np.zeros(30), "must be numbers"),
        (np.array([["a"]]), "must be numbers"),
        (np.full((1, 4, 30), np.nan), "must be spikes"),
    ],
)
def test_bad_inputs_are_refused(x: Array, problem: str, rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match=problem):
        chip(perceptron(rng)).run(x)


def test_payloads_need_message_bits(rng: np.random.Generator) -> None:
    network = perceptron(rng)
    program = chip(network, loihi(**{"fixed_point.message_bits": 4}))
    once, twice = (program.run(np.full((1, 5, 30), k), ALL_SEEN).nodes["hidden"] for k in (1, 2))
    bias = program.read_weights()["hidden.bias"]
    assert np.allclose(twice, 2 * once, atol=1e-6), bias
    for wrong in (16, 0.5):
        with pytest.raises(InputError, match="message_bits = 4"):
            program.run(np.full((1, 5, 30), wrong))


@pytest.mark.parametrize(
    ("probe", "error", "problem"),
    [
        (Probe(0), InputError, "passes >= 1"),
        (Probe(2, quiet_passes=(2,)), InputError, "quiet passes"),
        (Probe(observe=frozenset({"noise"})), MismatchError, "not noise"),
        (Probe(quiet_layers=("hidden",)), MismatchError, "single layers"),
        (Probe(3, local=LocalRule()), InputError, "in pairs"),
        (Probe(3, local=LocalRule(post="drive_difference")), InputError, "in pairs"),
        (Probe(2, local=LocalRule(decay=1.0)), InputError, "decay"),
        (Probe(2, local=LocalRule(), reset=False), MismatchError, "start from rest"),
    ],
)
def test_probes_that_cannot_be_answered(
    probe: Probe, error: type[Exception], problem: str, rng: np.random.Generator
) -> None:
    with pytest.raises(error, match=problem):
        chip(perceptron(rng)).run(np.zeros((1, 2, 30)), probe)


def test_a_bad_update_changes_nothing(rng: np.random.Generator) -> None:
    program = chip(perceptron(rng))
    before = program.read_weights()["hidden.weight"]
    good = np.ones((20, 30))
    for bad in ({"x.weight": good}, {"readout.bias": np.ones(5)}, {"readout.bias": np.full(4, np.inf)}):
        with pytest.raises(InputError):
            program.write({"hidden.weight": good, **bad})
    assert np.array_equal(program.read_weights()["hidden.weight"], before)


def test_traces_have_the_shapes_of_filters_too(rng: np.random.Generator) -> None:
    network = convolutional(rng)
    x = spikes(rng, network)
    traces = chip(network).run(x, Probe(2, local=LocalRule())).eligibility
    for name, found in traces.items():
        weight = network.parameters()[f"{name}.weight"]
        assert found.correlate(np.ones((1, len(x)), np.float32)).shape == weight.shape
        assert found.correlate_bias(np.ones((1, len(x)), np.float32)).shape == weight.shape[:1]


def test_a_substrate_without_integers_is_refused(rng: np.random.Generator) -> None:
    on = loihi()
    with pytest.raises(MismatchError, match="fixed_point"):
        chip(perceptron(rng), on.model_copy(update={"fixed_point": None}))
