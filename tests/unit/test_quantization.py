"""From float networks to integers: scales, thresholds, decays, what is lost, what does not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from loihi_networks import ALL, DT, TAU, chain, chip, lif, perceptron, spikes
from tiny import EXACT

from hwnoise import Network, nir_io
from hwnoise.backends.base import Probe
from hwnoise.backends.emulator import backend
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import InputError
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses
from hwnoise.nodes import IF, LIF, Affine, Input, Linear, Output, Relu, Scale
from hwnoise.quantization import check_ranges, dequantize, quantize
from hwnoise.streams import Stream

LOIHI = FixedPoint()
SEEN = Probe(observe=frozenset({"spikes", "membranes"}))


def test_decays_scales_and_biases_are_the_pages(rng: np.random.Generator) -> None:
    """Check eq:quantize-decay, eq:quantize-scale and eq:quantize-bias on every layer."""
    network = perceptron(rng)
    held, _ = quantize(network, LOIHI)
    hidden, neurons = held.synapses["hidden"], held.neurons["hidden_neurons"]
    assert (neurons.du, neurons.dv) == (4095, round(4096 * DT / TAU))
    assert 2048 <= neurons.vth < 4096
    assert hidden.scale * neurons.vth == pytest.approx(1.0, rel=1e-12)  # threshold 1, gain 1
    assert neurons.scale == hidden.scale / 64
    assert np.abs(hidden.weight).max() == 254
    assert (
        np.abs(hidden.weight * hidden.unit - network.nodes["hidden"].parameters()["weight"]).max()
        <= hidden.unit
    )
    bias = neurons.bias_mant * 2.0**neurons.bias_exp * neurons.scale
    assert np.allclose(
        bias, network.nodes["hidden"].parameters()["bias"], atol=2.0**neurons.bias_exp * neurons.scale
    )
    assert neurons.bias_mant.dtype == np.int32
    assert held.neurons["readout_neurons"].vth == 131072


def test_a_current_has_its_own_decay(rng: np.random.Generator) -> None:
    """Check eq:quantize-decay and eq:quantize-bias behind a synaptic current, and a leak as a bias."""
    held, report = quantize(ALL["with_current"](rng), LOIHI)
    neurons = held.neurons["n"]
    assert neurons.du == round(4096 * DT / 5e-3) - 1
    drift = np.median(neurons.bias_mant) * 2.0**neurons.bias_exp * neurons.scale
    assert drift == pytest.approx(0.1 * DT / TAU, abs=0.02)
    assert report.layers[0].tau_synapse_error < 1e-3


@pytest.mark.parametrize("name", ["perceptron", "with_current", "delayed", "ternary", "adaptive"])
def test_the_chip_does_what_the_float_network_does(name: str, rng: np.random.Generator) -> None:
    """At least 96 % of spikes agree with the float emulator's, step by step."""
    network = ALL[name](rng)
    x = spikes(rng, network)
    ours, exact = chip(network).run(x, SEEN), backend.compile(network, EXACT, Stream(0)).run(x, SEEN)
    for population, fired in ours.spikes.items():
        assert fired.any()
        assert (fired == exact.spikes[population]).mean() > 0.96
    if name == "perceptron":
        assert np.corrcoef(ours.output.ravel(), exact.output.ravel())[0, 1] > 0.99


def test_headroom_and_percentile_move_the_grid(rng: np.random.Generator) -> None:
    network = perceptron(rng)
    weight = network.nodes["hidden"].parameters()["weight"].copy()
    weight[0, 0] = 100.0
    network = network.with_parameters({"hidden.weight": weight})
    units = [
        quantize(network, LOIHI, **k)[1].layers[0] for k in ({}, {"headroom": 2.0}, {"percentile": 99.0})
    ]
    assert units[1].unit == pytest.approx(2 * units[0].unit, rel=0.01)
    assert units[2].unit < units[0].unit / 20
    assert [u.clipped for u in units] == [0, 0, 6]


def test_measured_peaks_use_the_range_of_an_integrator(rng: np.random.Generator) -> None:
    network = perceptron(rng)
    for peak in (1.0, 30.0):
        held, _ = quantize(network, LOIHI, peaks={"readout_neurons": peak})
        most = 2**23 * held.neurons["readout_neurons"].scale
        assert peak <= most < 2.01 * peak or held.synapses["readout"].exponent == 7


def test_the_report_names_what_was_lost(rng: np.random.Generator) -> None:
    network = ALL["two_layer_loop"](rng)
    _, report = quantize(network, LOIHI)
    assert [layer.name for layer in report.layers] == ["a", "back", "b"]
    assert all(0 < layer.weight_error < 0.01 for layer in report.layers)
    assert report.notes == ("back: leads back over 2 synapses, which takes the chip 2 steps, not one",)
    text = str(report)
    assert "tau_syn" in text.splitlines()[0]
    assert len({len(line) for line in text.splitlines()[:4]}) == 1


def test_conventions_that_the_chip_lacks_are_noted(rng: np.random.Generator) -> None:
    network = replace(perceptron(rng), metadata={"convention": {"reset_timing": "next", "spikes": "several"}})
    notes = quantize(network, LOIHI)[1].notes
    assert "drops its input" in notes[0]
    assert "several spikes" in notes[1]


def test_a_nir_file_gives_the_same_integers(rng: np.random.Generator, tmp_path: Any) -> None:
    """A run's network, written and read, is the same on the chip, bit for bit."""
    for name in ("perceptron", "with_current", "convolutional", "recurrent", "adaptive"):
        program = chip(ALL[name](rng), headroom=1.7)
        path = tmp_path / f"{name}.nir"
        nir_io.write(path, program.network.with_parameters(program.read_weights()))
        again = quantize(nir_io.read(path), LOIHI)[0]
        for node, held in program.integers().nodes.items():
            for key in held.__dataclass_fields__:
                assert np.array_equal(getattr(held, key), getattr(again.nodes[node], key)), (node, key)
        json.dumps(dict(program.network.metadata))


@pytest.mark.parametrize("name", ALL)
def test_integers_become_floats_and_the_same_integers(name: str, rng: np.random.Generator) -> None:
    """Networks of every shape, through floats, a file and back: the same bits, and the same spikes."""
    held = quantize(ALL[name](rng), LOIHI)[0]
    network = dequantize(held)
    again = quantize(network, LOIHI)[0]
    assert set(again.edges) == set(held.edges)
    for node, was in held.nodes.items():
        for key in was.__dataclass_fields__:
            assert np.array_equal(getattr(was, key), getattr(again.nodes[node], key)), (node, key)
    fresh = quantize(replace(network, metadata={"convention": network.metadata["convention"]}), LOIHI)[0]
    for node, neurons in held.neurons.items():
        other = fresh.neurons[node]
        assert (other.du, other.dv, other.vth) == (neurons.du, neurons.dv, neurons.vth)


def of(**nodes: Any) -> Network:
    return chain({"input": Input((3,)), **nodes, "output": Output((2,))})


W = np.array([[1.0, 0.5, -1.0], [0.2, -0.3, 0.4]])
LINEAR = Linear(W)


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        (of(a=LINEAR, n=lif(2), r=Relu((2,))), r"'r' \(Relu\) has no counterpart"),
        (of(a=LINEAR, s=Scale(np.ones(2)), n=lif(2)), "'s'"),
        (of(a=LINEAR, b=Linear(np.eye(2)), n=lif(2)), "neurons have to lie between"),
        (of(n0=lif(3), a=LINEAR, n=lif(2)), "fed by no weights"),
        (of(a=LINEAR), "must be one population"),
        (of(a=LINEAR, n=LIF([0.01, 0.02], [1, 1], [0, 0], [1, 1])), "tau is 0.01 to 0.02"),
        (of(a=LINEAR, n=lif(2, threshold=-1.0)), "above v_reset"),
        (of(a=LINEAR, n=lif(2, tau=1e-4)), "shorter than dt"),
        (of(a=LINEAR, n=lif(2, tau=100.0)), "longer than the chip"),
        (of(a=LINEAR, n=IF([-1.0, -1.0], [1, 1])), "gain r"),
        (of(a=Linear(1e9 * W), n=lif(2)), "more than the chip's exponent"),
        (replace(of(a=LINEAR, n=lif(2)), reset="subtract"), "reset is 'subtract'"),
        (replace(of(a=LINEAR, n=lif(2)), reset=None), "does not state its reset"),
        (replace(of(a=LINEAR, n=lif(2)), dt=None), "does not state dt"),
        (replace(of(a=LINEAR, n=lif(2)), metadata={"integers": 3}), "metadata 'integers'"),
        (replace(of(a=LINEAR, n=lif(2)), metadata={"integers": {"a": {"scale": 1.0}}}), "other nodes"),
    ],
)
def test_networks_that_do_not_fit(network: Network, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        quantize(network, LOIHI)


@pytest.mark.parametrize("bad", [{"percentile": 20.0}, {"headroom": 0.5}])
def test_settings_out_of_range(bad: dict[str, float]) -> None:
    with pytest.raises(InputError, match="percentile must be from 50"):
        quantize(of(a=LINEAR, n=lif(2)), LOIHI, **bad)  # type: ignore[arg-type]  # one of its keywords


def test_too_much_for_one_chip() -> None:
    network = of(a=LINEAR, n=lif(2))
    for limit, problem in (
        ({"neurons": 1}, "2 neurons, and one chip has room for 1"),
        ({"synapses": 5}, "6 synapses"),
    ):
        with pytest.raises(InputError, match=problem):
            quantize(network, FixedPoint(**limit))


def integers(synapses: dict[str, Any], neurons: dict[str, Any]) -> IntegerNetwork:
    numbers: dict[str, Any] = {"shape": (2,), "du": 4095, "dv": 10, "vth": 100, "scale": 1.0}
    nodes = {
        "a": IntegerSynapses(**{"weight": np.array([[2, 4], [0, -2]], np.int32), "scale": 1.0, **synapses}),
        "n": IntegerNeurons(**{**numbers, **neurons}),
    }
    return IntegerNetwork(nodes, (("input", "a"), ("a", "n"), ("n", "output")), DT)  # type: ignore[arg-type]  # of both kinds


@pytest.mark.parametrize(
    ("synapses", "neurons", "problem"),
    [
        ({}, {"du": -1}, "layer 'n': du must be 0 to 4095, not -1"),
        ({}, {"dv": 4096}, "layer 'n': dv must be 0 to 4095, not 4096"),
        ({}, {"vth": 131072}, "layer 'n': vth must be 0 to 131071"),
        ({}, {"kind": "li"}, "layer 'n': vth must be 131072 to 131072, not 100"),
        ({}, {"kind": "ternary", "vth_low": 101}, "vth_low must be -131071 to 100"),
        ({}, {"bias_mant": np.array([0, 4096])}, "bias_mant must be -4096 to 4095, not 4096"),
        ({}, {"bias_exp": 8}, "bias_exp must be 0 to 7"),
        ({}, {"refractory": 64}, "refractory must be 0 to 63"),
        ({}, {"kind": "adaptive", "dtheta": 4096}, "dtheta must be 0 to 4095, not 4096"),
        ({}, {"kind": "adaptive", "theta_step": 131072}, "theta_step must be -131071 to 131071, not 131072"),
        ({"weight": np.array([[255, 0]])}, {}, "layer 'a': weight must be -256 to 254, not 255"),
        ({"weight": np.array([[3, 0]])}, {}, "must be a multiple of 2, not 3"),
        ({"weight": np.array([[2.0, 0]])}, {}, "weight must be whole numbers, not float64"),
        ({"exponent": 8}, {}, "exponent must be -8 to 7"),
        ({"bits": 9}, {}, "bits must be 1 to 8"),
        ({"message_bits": 25}, {}, "message_bits must be 0 to 24"),
        ({"delay": np.array([[64]])}, {}, "delay must be 0 to 63, not 64"),
        ({"sign_mode": "excitatory"}, {}, "weight must be 0 to 255, not -2"),
    ],
)
def test_every_number_is_checked(synapses: dict[str, Any], neurons: dict[str, Any], problem: str) -> None:
    check_ranges(integers({}, {}))
    with pytest.raises(InputError, match=problem):
        check_ranges(integers(synapses, neurons))


def test_fewer_bits_and_signs_by_layer(rng: np.random.Generator) -> None:
    """Check eq:loihi-grid: four bits leave multiples of 32; a layer of one sign keeps its last bit."""
    network = perceptron(rng)
    coarse = quantize(network, FixedPoint(weight_bits=4))[0].synapses["hidden"]
    assert not (coarse.weight % 32).any()
    assert np.abs(coarse.weight).max() == 224
    positive = network.with_parameters({"hidden.weight": np.abs(network.parameters()["hidden.weight"])})
    found = quantize(positive, FixedPoint(sign_mode="auto"))[0].synapses
    assert (found["hidden"].sign_mode, found["hidden"].weight.max()) == ("excitatory", 255)
    assert found["readout"].sign_mode == "mixed"
    negative = network.with_parameters({"hidden.weight": -np.abs(network.parameters()["hidden.weight"])})
    inhibitory = quantize(negative, FixedPoint(sign_mode="auto"))[0].synapses["hidden"]
    assert (inhibitory.sign_mode, inhibitory.weight.min()) == ("inhibitory", -255)


def test_a_layer_of_zeros_is_quantized() -> None:
    network = of(a=Affine(0 * W, np.array([0.4, 0.0])), n=lif(2))
    reading = chip(network).run(np.zeros((1, 9, 3)), SEEN)
    assert reading.spikes["n"][0, 0].sum(axis=0).tolist() == [3, 0]
