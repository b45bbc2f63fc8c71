"""The arithmetic that is public of Xylo: shifts, subtraction, several spikes a step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loihi_networks import DT, chain, chip, dense, li
from numpy.typing import NDArray

from hwnoise import Network, substrate
from hwnoise.backends.base import Probe
from hwnoise.errors import InputError, MismatchError
from hwnoise.kernels.xylo_lif import run_xylo
from hwnoise.nodes import CubaLIF, Input, Node, Output
from hwnoise.quantization import check_ranges, dequantize, quantize

Array = NDArray[Any]
ORACLE = Path(__file__).parents[1] / "golden" / "xylosim.json"
XYLO = substrate.load("xylo")


def network(rng: np.random.Generator, reset: str = "subtract", threshold: float = 1.0) -> Network:
    """30-16-4 with synaptic currents, time constants of 4 and 16 steps, and integrators at the end."""
    ones = np.ones(16)
    cuba = CubaLIF(4 * DT * ones, 16 * DT * ones, 16 * ones, 0 * ones, threshold * ones, w_in=4 * ones)
    nodes: dict[str, Node] = {"input": Input((30,)), "hidden": dense(rng, 16, 30, 0.05), "n": cuba}
    made = chain(nodes | {"readout": dense(rng, 4, 16), "m": li(4, 16 * DT), "output": Output((4,))})
    convention = {"convention": {"spikes": "several"}}
    return Network(made.nodes, made.edges, DT, reset, metadata=convention)


def left(x: int, shift: int) -> int:
    """What a step leaves of a state (eq:xylo-decay)."""
    lost = x // 2**shift
    return x - (1 if lost == 0 and x > 0 else lost)


def plain(current: Array, bias: int, rule: tuple[int, int, int, int]) -> tuple[Array, Array]:
    """Spikes and membranes of one neuron, by the equations (eq:xylo-decay, eq:xylo-spike)."""
    u = v = 0
    spikes, membranes = [], []
    for a in current.tolist():
        u = left(min(max(u + a, -32768), 32767), rule[0])
        v = min(max(left(v, rule[1]) + u + bias, -32768), 32767)
        spikes.append(min(max(v // rule[2], 0), rule[3]))
        membranes.append(v)
        v -= spikes[-1] * rule[2]
    return np.array(spikes), np.array(membranes)


@pytest.mark.parametrize("rule", [(0, 4, 100, 31), (3, 0, 1, 31), (2, 5, 700, 1), (15, 15, 32767, 31)])
def test_neurons_follow_the_equations(rule: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """Check eq:xylo-decay and eq:xylo-spike, saturation included, step by step."""
    current = rng.integers(-900, 1200, (2, 60, 5)).astype(np.int32)
    current[0, 20] = 40_000
    u, v = np.zeros((2, 2, 5), np.int32)
    spikes, membranes = np.empty((2, 60, 5), np.int8), np.empty((2, 60, 5), np.int32)
    bias = np.arange(-2, 3, dtype=np.int32)
    lost, first = run_xylo(current, bias, np.array(rule, np.int32), u, v, spikes, membranes)
    for s in range(2):
        for i in range(5):
            expected = plain(current[s, :, i], int(bias[i]), rule)
            assert np.array_equal(spikes[s, :, i], expected[0])
            assert np.array_equal(membranes[s, :, i], expected[1])
    assert lost >= 5
    assert first // 5 <= 20


@pytest.mark.parametrize("changed", [{}, {"shifts": 1}, {"bias": 1}, {"threshold": 1}, {"current": 1}])
def test_neurons_are_those_of_the_vendors_simulator(changed: dict[str, int]) -> None:
    """Check eq:xylo-decay and eq:xylo-spike on what xylosim gave; a number off by 1 is noticed."""
    differs = 0
    for neuron in json.loads(ORACLE.read_text(encoding="utf-8"))["neurons"]:
        given = {key: np.array(values) + changed.get(key, 0) for key, values in neuron.items()}
        current = given["current"].astype(np.int32).reshape(1, -1, 1)
        u, v = np.zeros((2, 1, 1), np.int32)
        spikes, membranes = np.empty(current.shape, np.int8), np.empty(current.shape, np.int32)
        rule = np.array([*given["shifts"], given["threshold"], 31], np.int32)
        run_xylo(current, given["bias"].astype(np.int32).reshape(1), rule, u, v, spikes, membranes)
        after = membranes.ravel() - spikes.ravel().astype(np.int32) * rule[2]
        differs += int((spikes.ravel() != neuron["spikes"]).sum() + (after != neuron["v"]).sum())
        differs += int(u[0, 0] != neuron["u"][-1])
    assert (differs > 100) == bool(changed)
    assert changed or not differs


def test_a_small_state_goes_by_ones() -> None:
    """Check eq:xylo-decay, three steps of it: of 7 a share is nothing, so it loses 1; of -16 it is 2."""
    for start, end in ((7, 4), (8, 5), (100, 68), (1, 0), (-7, -4), (-16, -10)):
        u, v = np.zeros((1, 1), np.int32), np.full((1, 1), start, np.int32)
        none, rule = np.zeros((0, 0, 0), np.int32), np.array([1, 3, 1000, 31], np.int32)
        nothing = np.zeros((1, 3, 1), np.int32)
        run_xylo(nothing, np.zeros(1, np.int32), rule, u, v, np.empty((1, 3, 1), np.int8), none)
        assert v[0, 0] == end


def test_a_network_is_quantized_to_shifts(rng: np.random.Generator) -> None:
    """Check eq:xylo-decay as a target of quantization: shifts, 8-bit weights, 16-bit thresholds."""
    held, report = quantize(network(rng), XYLO.fixed_point)  # type: ignore[arg-type]  # the preset has one
    neurons = held.neurons["n"]
    assert (neurons.du, neurons.dv, neurons.arithmetic) == (2, 4, "xylo")
    assert held.synapses["hidden"].sign_mode == "signed"
    assert 126 <= np.abs(held.synapses["hidden"].weight).max() <= 127
    assert held.synapses["hidden"].message_bits == 4
    assert held.synapses["readout"].message_bits == 5
    assert held.neurons["m"].vth == 32768
    assert report.layers[0].tau_error == report.layers[0].tau_synapse_error == 0
    with pytest.raises(MismatchError, match="Loihi's arithmetic"):
        dequantize(held)
    with pytest.raises(InputError, match="layer 'n' has the arithmetic of xylo, not loihi"):
        check_ranges(held)


def test_a_chip_runs_close_to_the_float_network(rng: np.random.Generator) -> None:
    float_net = network(rng)
    program = chip(float_net, XYLO)
    x = (rng.random((5, 40, 30)) < 0.3).astype(np.float32)
    reading = program.run(x, Probe(observe=frozenset({"spikes", "membranes"})))
    current, v, weight = np.zeros((5, 16)), np.zeros((5, 16)), float_net.parameters()
    expected = np.zeros((5, 40, 16))
    for t in range(40):
        current = current * 0.75 + x[:, t] @ weight["hidden.weight"].T + weight["hidden.bias"]
        v = v * 15 / 16 + current
        fired = np.maximum(np.floor(v), 0)
        v -= fired
        expected[:, t] = fired
    assert reading.spikes["n"].max() > 1
    assert (reading.spikes["n"][0] == expected).mean() > 0.8
    counts = reading.spikes["n"][0].sum(axis=1), expected.sum(axis=1)
    assert np.corrcoef(counts[0].ravel(), counts[1].ravel())[0, 1] > 0.99


@pytest.mark.parametrize(
    ("made", "problem"),
    [({"reset": "zero"}, "the chip resets by 'subtract'"), ({"threshold": -1.0}, "above v_reset")],
)
def test_what_does_not_fit(made: dict[str, Any], problem: str, rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match=problem):
        chip(network(rng, **made), XYLO)


def test_noise_of_loihi_has_no_place_there() -> None:
    with pytest.raises(InputError, match="loihi_noise is that of Loihi"):
        substrate.load("xylo", {"loihi_noise.exponent": 10})
    with pytest.raises(InputError, match=r"there is no \[fixed_point\] table"):
        substrate.load("loihi2", {"fixed_point": "off"})
    with pytest.raises(InputError, match="computes with whole numbers"):
        substrate.load("loihi2", {"node_noise.sigma": 0.1})
