"""Quantization against data: scales from what was seen, and what became of spikes and answers."""

from __future__ import annotations

import numpy as np
import pytest
from loihi_networks import DT, chain, chip, loihi, perceptron, spikes
from tiny import EXACT

from hwnoise import Network
from hwnoise.calibration import calibrate
from hwnoise.convention import TOOLS
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import InputError
from hwnoise.nodes import CubaLIF, Input, Linear, Node, Output
from hwnoise.quantization import quantize


def test_data_say_what_was_lost(rng: np.random.Generator) -> None:
    network = perceptron(rng)
    x, labels = spikes(rng, network, samples=40), rng.integers(0, 4, 40)
    found = calibrate(network, loihi(noise=True), x, labels)
    assert found.agreement["hidden_neurons"] > 0.98
    assert found.same_answers > 0.9
    assert found.accuracy is not None
    assert found.float_accuracy is not None
    assert abs(found.accuracy - found.float_accuracy) <= 1 - found.same_answers + 1e-9
    assert set(found.losses.values()) == {0}
    assert found.quantization.layers[0].name == "hidden"


@pytest.mark.parametrize("tool", ["norse", "rockpool", "sinabs"])
def test_an_input_enters_as_the_tool_has_it(tool: str, rng: np.random.Generator) -> None:
    """By the gain or the order of another tool, 4 to 12 % of the steps would be others."""
    ones = np.ones(16)
    w_in = 1 if tool == "sinabs" else 4
    neurons = CubaLIF(4 * DT * ones, 8 * DT * ones, 8 * ones, 0 * ones, 2 * ones, w_in=w_in * ones)
    nodes: dict[str, Node] = {"input": Input((30,)), "w": Linear(rng.normal(0, 0.1, (16, 30)))}
    made = chain({**nodes, "n": neurons, "output": Output((16,))})
    rule = {**TOOLS[tool].convention.as_metadata(), "spikes": "one"}
    network = Network(made.nodes, made.edges, DT, "zero", metadata={"convention": rule})
    x = (rng.random((20, 40, 30)) < 0.2).astype(np.float32)
    assert calibrate(network, loihi(), x).agreement["n"] > 0.98


def test_an_integrator_gets_the_range_it_needs(rng: np.random.Generator) -> None:
    network = perceptron(rng)
    x = spikes(rng, network, samples=20)
    found = calibrate(network, loihi(), x)
    peak = np.abs(chip(network).run(x).output).max()
    range_ = 2**23 * quantize(found.network, FixedPoint())[0].neurons["readout_neurons"].scale
    assert 1.4 * peak < range_ < 3.2 * peak
    doubled = {name: 2 * value for name, value in found.network.parameters().items()}
    again = calibrate(found.network.with_parameters(doubled), loihi(), x)
    assert again.network.metadata["integers"] != found.network.metadata["integers"]


def test_coarse_weights_lose_more(rng: np.random.Generator) -> None:
    network = perceptron(rng)
    x = spikes(rng, network, samples=20)
    fine, coarse = (calibrate(network, loihi(**{"fixed_point.weight_bits": bits}), x) for bits in (8, 2))
    assert coarse.agreement["hidden_neurons"] < fine.agreement["hidden_neurons"] - 0.01


def test_a_chip_without_integers_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="fixed_point"):
        calibrate(perceptron(rng), EXACT, np.zeros((1, 2, 30)))
