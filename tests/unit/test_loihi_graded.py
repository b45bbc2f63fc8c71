"""Graded populations on the chip: scales, refusals, what they show, lose and keep, training included."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from loihi_networks import DT, chain, chip, dense, graded, lif, loihi, spikes
from numpy.typing import NDArray
from oracle_loihi_network import simulate

from hwnoise import Network, nir_io
from hwnoise.backends.base import LocalRule, Probe
from hwnoise.calibration import calibrate
from hwnoise.deploying.emulation import emulate
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import InputError, MismatchError
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses
from hwnoise.nodes import LI, Conv2d, GradedLIF, Input, Linear, Node, Output, SumPool2d
from hwnoise.quantization import check_ranges, dequantize, quantize

Array = NDArray[Any]
LOIHI = FixedPoint()
SEEN = Probe(observe=frozenset({"spikes", "membranes", "nodes"}))


def sending(*shape: int, threshold: float = 0.3, **changes: float) -> GradedLIF:
    values = {"tau": DT, "r": 1.0, "v_leak": 0.0, "v_threshold": threshold, "v_reset": 0.0} | changes
    return GradedLIF(**{key: value * np.ones(shape) for key, value in values.items()})


def one_layer(rng: np.random.Generator, bias: float = 0.0, **changes: float) -> Network:
    nodes: dict[str, Node] = {"input": Input((30,)), "a": dense(rng, 8, 30, bias), "n": sending(8, **changes)}
    return chain(nodes | {"output": Output((8,))})


def test_scales_thresholds_and_weights_are_the_pages(rng: np.random.Generator) -> None:
    """Check eq:quantize-graded through two layers, and what the report says of them."""
    network = graded(rng)
    held, report = quantize(network, LOIHI)
    first, second = held.neurons["n1"], held.neurons["n2"]
    assert (first.kind, first.du, first.dv) == ("graded", 4095, 4096)
    assert first.scale == held.synapses["a"].scale
    assert first.vth == np.floor(0.3 / first.scale)
    wanted = network.nodes["b"].parameters()["weight"] * first.scale
    assert (
        np.abs(held.synapses["b"].weight * held.synapses["b"].unit - wanted).max() <= held.synapses["b"].unit
    )
    assert [held.synapses[name].message_bits for name in "abcd"] == [0, 24, 24, 0]
    assert second.vth == np.floor(0.5 / second.scale)
    assert [layer.tau_error for layer in report.layers][:2] == [0, 0]
    assert max(layer.threshold_error for layer in report.layers) < 0.01
    check_ranges(held)


def test_the_largest_payload_measured_has_twelve_bits(rng: np.random.Generator) -> None:
    """Check eq:quantize-graded by calibration, and that spikes are then the float network's."""
    network = graded(rng)
    found = calibrate(network, loihi(noise=True), spikes(rng, network))
    assert found.losses == dict.fromkeys(("n1", "n2", "n3", "n4"), 0)
    assert min(found.agreement[name] for name in ("n1", "n2", "n3")) > 0.95
    reading = chip(found.network).run(spikes(rng, network), SEEN)
    unit = found.network.metadata["integers"]["n1"]["scale"]
    assert 2**9 < np.abs(reading.membranes["n1"]).max() / unit < 2**13


def test_a_reading_has_payloads_in_the_networks_units(rng: np.random.Generator) -> None:
    """Check eq:lif-graded: without noise the chip's layer is the float one's, up to rounding."""
    network = one_layer(rng)
    x, weight = spikes(rng, network), network.nodes["a"].parameters()["weight"]
    reading = chip(network).run(x, SEEN)
    exact = x @ weight.T
    sent = np.where(np.abs(exact) > 0.3, exact, 0)
    near = np.abs(np.abs(exact) - 0.3) < 0.02
    assert np.allclose(reading.membranes["n"][0], exact, atol=0.03)
    assert np.allclose(reading.output[0][~near], sent[~near], atol=0.03)
    assert np.array_equal(reading.spikes["n"], reading.output)


def test_layers_behind_see_payloads(rng: np.random.Generator) -> None:
    """Inputs and currents of a layer are in units of the float network, too."""
    network = graded(rng)
    reading = chip(network).run(spikes(rng, network), SEEN)
    assert np.array_equal(reading.inputs["b"], reading.spikes["n1"])
    weight = network.nodes["b"].parameters()["weight"]
    assert np.allclose(reading.nodes["b"][0], reading.inputs["b"][0] @ weight.T, atol=0.1)


def test_floats_read_back_give_the_same_integers(rng: np.random.Generator, tmp_path: Any) -> None:
    program = chip(graded(rng))
    program.write({"b.weight": rng.normal(0, 0.05, (16, 20)), "c.bias": np.full(10, 0.02)})
    held = program.integers()
    nir_io.write(tmp_path / "n.nir", program.network.with_parameters(program.read_weights()))
    for network in (nir_io.read(tmp_path / "n.nir"), dequantize(held)):
        again, _ = quantize(network, LOIHI)
        for name, node in held.synapses.items():
            assert np.array_equal(again.synapses[name].weight, node.weight)
        assert [n.vth for n in again.neurons.values()] == [n.vth for n in held.neurons.values()]
        assert [n.scale for n in again.neurons.values()] == [n.scale for n in held.neurons.values()]


def test_a_bias_stays_zero(rng: np.random.Generator) -> None:
    program = chip(one_layer(rng))
    program.write({"a.bias": np.full(8, 0.5)})
    assert not program.read_weights()["a.bias"].any()
    assert not program.integers().neurons["n"].bias_mant.any()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tau": 4 * DT}, "neurons 'n' keep 0.75 of their membrane.*tau must be dt"),
        ({"v_leak": 0.1}, "no bias, so v_leak and v_reset must be 0, not 0.1 and 0"),
        ({"v_reset": -0.1}, "no bias, so v_leak and v_reset must be 0, not 0 and -0.1"),
        ({"bias": 0.1}, "the chip's graded neurons have no bias, and theirs are up to 0.[12]"),
        ({"r": 0.0}, "gain r .* must be > 0"),
    ],
)
def test_other_graded_neurons_are_refused(changes: dict[str, float], said: str) -> None:
    with pytest.raises((InputError, MismatchError), match=said):
        quantize(one_layer(np.random.default_rng(1), **changes), LOIHI)


def test_graded_spikes_run_back_or_into_a_pooling_for_others_nowhere(rng: np.random.Generator) -> None:
    nodes: dict[str, Node] = {"input": Input((30,)), "a": dense(rng, 8, 30), "n": sending(8)}
    nodes |= {"back": Linear(np.eye(8)), "output": Output((8,))}
    loop = (("n", "back"), ("back", "n"))
    network = Network(nodes, (*pairwise(("input", "a", "n", "output")), *loop), dt=DT, reset="zero")
    with pytest.raises(MismatchError, match="neurons 'n' send graded spikes back"):
        quantize(network, LOIHI)
    conv = [Conv2d(rng.normal(0, 1, (2, n, 3, 3)), np.zeros(2)) for n in (1, 2)]
    nodes = {
        "input": Input((1, 9, 9)),
        "a": conv[0],
        "n": sending(2, 7, 7),
        "pool": SumPool2d((2, 2), (2, 2)),
    }
    with pytest.raises(MismatchError, match="node 'pool' pools graded spikes"):
        quantize(chain(nodes | {"b": conv[1], "m": lif(2, 1, 1), "output": Output((2, 1, 1))}), LOIHI)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dv": 4095}, "dv must be 4096 to 4096, not 4095"),
        ({"du": 0}, "du must be 4095 to 4095, not 0"),
        ({"vth": -1}, "vth must be 0 to 8388607, not -1"),
        ({"bias_mant": np.ones(3, np.int32)}, "bias_mant must be 0 to 0, not 1"),
    ],
)
def test_numbers_of_another_neuron_are_refused(changes: dict[str, Any], said: str) -> None:
    node = replace(IntegerNeurons((3,), 4095, 4096, 7, 1.0, kind="graded"), **changes)
    synapses = IntegerSynapses(np.zeros((3, 2), np.int32), 1.0)
    names = ("input", "s", "n", "output")
    with pytest.raises(InputError, match=said):
        check_ranges(IntegerNetwork({"s": synapses, "n": node}, tuple(pairwise(names))))


def test_images_of_payloads_convolve_and_pool(rng: np.random.Generator) -> None:
    """Check eq:loihi-convolution with payloads."""
    first, second = Conv2d(rng.normal(0, 0.4, (3, 1, 3, 3)), np.zeros(3)), SumPool2d((2, 2), (2, 2))
    nodes: dict[str, Node] = {"input": Input((1, 8, 8)), "a": first, "n": sending(3, 6, 6), "pool": second}
    nodes["m"] = LI(DT * np.ones((3, 3, 3)), np.ones((3, 3, 3)), np.zeros((3, 3, 3)))
    network = chain(nodes | {"output": Output((3, 3, 3))})
    x = (rng.random((4, 20, 1, 8, 8)) < 0.3).astype(np.float32)
    measured = calibrate(network, loihi(), x.reshape(4, 20, 64)).network
    reading = chip(measured).run(x, SEEN)
    sums = reading.spikes["n"].reshape(4, 20, 3, 3, 2, 3, 2).sum(axis=(4, 6))
    assert np.allclose(reading.membranes["m"].reshape(sums.shape), sums, atol=0.02 * np.abs(sums).max())


def test_loops_delays_and_plain_spikes_of_graded_neurons_equal_the_oracle(rng: np.random.Generator) -> None:
    """Check eq:loihi-graded and eq:loihi-delay in a graph that leads payloads every way."""

    def synapses(n_out: int, n_in: int, **options: Any) -> IntegerSynapses:
        return IntegerSynapses(2 * rng.integers(-60, 61, (n_out, n_in)).astype(np.int32), 1.0, **options)

    nodes: dict[str, Any] = {
        "in": synapses(10, 12),
        "g": IntegerNeurons((10,), 4095, 4096, 90, 1.0, kind="graded"),
    }
    nodes["back"] = synapses(10, 10, message_bits=24, exponent=-8)
    nodes["late"] = synapses(6, 10, message_bits=24, exponent=-5, delay=rng.integers(0, 4, (6, 10)))
    nodes["n"] = IntegerNeurons((6,), 900, 250, 200, 1.0)
    nodes |= {"plain": synapses(6, 10), "m": IntegerNeurons((6,), 900, 250, 300, 1.0)}
    edges = (("input", "in"), ("in", "g"), ("g", "back"), ("back", "g"), ("g", "late"), ("late", "n"))
    network = IntegerNetwork(nodes, (*edges, ("g", "plain"), ("plain", "m"), ("n", "output")))
    x = (rng.random((5, 20, 12)) < 0.4).astype(np.int64)
    for found, expected in zip(emulate(network, x), simulate(network, x), strict=True):
        for name, values in expected.items():
            assert np.array_equal(found[name], values), name
            assert values.any() or name == "g"


def test_strict_names_what_leaves_24_bits(rng: np.random.Generator) -> None:
    network = one_layer(rng)
    program = chip(network, loihi(**{"fixed_point.strict": True, "fixed_point.message_bits": 24}))
    program.run(np.ones((2, 3, 30)))
    x = np.zeros((2, 3, 30))
    x[1, 2] = 2**19
    with pytest.raises(InputError, match=r"layer 'n': neuron \d leaves its bits in step 2 of row 1"):
        program.run(x)
    counting = chip(network, loihi(**{"fixed_point.message_bits": 24}))
    counting.run(x)
    assert counting.losses["n"] > 0


@pytest.mark.parametrize("threads", ["1", "3"])
def test_a_restored_chip_goes_on_bit_for_bit(
    threads: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    network = graded(rng)
    program, other = (chip(network, loihi(noise=True)) for _ in range(2))
    x = spikes(rng, network, samples=7)
    program.run(x)
    other.restore(program.state())
    outputs = [program.run(x).output, other.run(x[:3]).output, other.run(x[3:]).output]
    assert np.array_equal(outputs[0], np.concatenate(outputs[1:], axis=1))
    assert (outputs[0] != chip(network).run(x).output).any()  # the chip's noise reaches payloads


def test_local_rules_pair_payloads(rng: np.random.Generator) -> None:
    network = graded(rng)
    rule = LocalRule("trace", "membrane_difference", None)
    reading = chip(network, loihi(noise=True)).run(
        spikes(rng, network), Probe(2, local=rule, observe=SEEN.observe)
    )
    found = reading.eligibility["b"].correlate(np.ones((1, 6)))
    difference = reading.membranes["n2"][0] - reading.membranes["n2"][1]
    traces = reading.inputs["b"][0]  # nothing is kept: a trace is its spike
    expected = np.einsum("sto,sti->oi", difference, traces)
    assert np.allclose(found, expected, rtol=1e-4, atol=1e-4)
