"""Quantization against data: scales from what was seen, and what became of spikes and answers."""

from __future__ import annotations

import numpy as np
import pytest
from loihi_networks import chip, loihi, perceptron, spikes
from tiny import EXACT

from hwnoise.calibration import calibrate
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import InputError
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
