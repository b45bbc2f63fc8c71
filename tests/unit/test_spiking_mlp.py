"""Random spiking perceptrons: names, scale, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from timed import on_chip, spikes

from hwnoise import Network, Stream
from hwnoise.errors import InputError
from hwnoise.nodes import LI, LIF


def test_layers_and_names() -> None:
    network = Network.spiking("12-8-6-3", Stream(1))
    assert network.order()[1:-1] == (
        *("hidden1", "hidden1_neurons", "hidden2", "hidden2_neurons"),
        *("readout", "readout_neurons"),
    )
    assert network.is_timed
    assert network.is_spiking
    assert (network.dt, network.reset) == (1e-3, "zero")
    assert isinstance(network.nodes["readout_neurons"], LI)
    assert isinstance(Network.spiking("4-2", Stream(1), readout="lif").nodes["readout_neurons"], LIF)
    assert not Network.mlp("4-2", Stream(1)).is_timed


def test_weights_follow_stream_and_gain() -> None:
    first, again = (Network.spiking("200-100-10", Stream(1)).parameters() for _ in range(2))
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    assert first["hidden1.weight"].std() == pytest.approx((2 / 200) ** 0.5, rel=0.02)
    louder = Network.spiking("200-100-10", Stream(1), gain=3.0).parameters()
    np.testing.assert_allclose(louder["hidden1.weight"], 3 * first["hidden1.weight"], rtol=1e-6)


def test_neurons_fire_at_moderate_input() -> None:
    network = Network.spiking("100-80-5", Stream(2))
    reading = on_chip(network).run(spikes(8, 50, 100, activity=0.1))
    rate = reading.events["spikes"] / (8 * 50 * 80)
    assert 0.01 < rate < 0.3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tau": 0.0}, "tau must be a finite number > 0"),
        ({"dt": float("nan")}, "dt must be a finite number > 0"),
        ({"gain": -1.0}, "gain must be a finite number > 0"),
        ({"tau": 1e-4}, "tau must be at least dt"),
        ({"readout": "softmax"}, "readout must be one of li, lif"),
    ],
)
def test_what_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Network.spiking("4-2", Stream(1), **options)
