"""Trained networks come in from torch and snnTorch, and go out again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import snn_reference
import snntorch
import torch
from tiny import EXACT, Array
from torch import nn

from hwnoise import InputError, Network, Stream, nir_io
from hwnoise.backends.emulator import backend as emulator
from hwnoise.backends.snntorch import convert, from_network, read_state_dict, to_network, with_state_dict
from hwnoise.errors import MismatchError

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_torch_generator() -> Iterator[None]:
    """Give torch its generator, and snnTorch its list of neurons, back as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield
    snntorch.SpikingNeuron.init()


def test_a_perceptron_computes_the_same_both_ways() -> None:
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Dropout(0.3), nn.Linear(5, 3), nn.Softmax(-1)).eval()
    network, x = to_network(model), torch.randn(7, 6)
    assert list(network.nodes) == ["input", "linear1", "relu2", "linear3", "softmax4", "output"]
    expected = model(x).detach().numpy()
    found = emulator.compile(network, EXACT, Stream(1)).run(x.numpy()).output[0]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(from_network(network)(x).detach().numpy(), expected, atol=1e-6)
    assert to_network(from_network(network)) == network


def test_a_convolutional_network_goes_both_ways() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 4, 3, groups=2, bias=False),
        nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip
    network, x = to_network(model, input_shape=(1, 8, 8)), torch.randn(2, 1, 8, 8)
    assert network.sizes == "1x8x8-4x8x8-4x2x2-3"
    torch.testing.assert_close(from_network(network)(x), model(x))


def test_batch_normalisation_goes_into_the_layer_before_it() -> None:
    """As it is after training; a bias is made where there was none."""
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4, eps=0.1), nn.ReLU(), nn.Flatten(),
        nn.Linear(144, 5, bias=False), nn.BatchNorm1d(5, affine=False),
    )  # fmt: skip
    for _ in range(5):
        model(3 * torch.randn(20, 1, 8, 8) + 1)
    for parameter in model[1].parameters():
        nn.init.uniform_(parameter, -1, 1)
    model.eval()
    network, x = to_network(model, input_shape=(1, 8, 8)), torch.randn(4, 1, 8, 8)
    found = emulator.compile(network, EXACT, Stream(1)).run(x.flatten(1).numpy()).output[0]
    np.testing.assert_allclose(found, model(x).detach().numpy(), atol=1e-5)


def test_a_convolution_along_a_line_goes_both_ways() -> None:
    model = nn.Sequential(
        nn.Conv1d(2, 4, 3, stride=2, padding=1), nn.Tanh(), nn.Conv1d(4, 3, 3, padding="same"), nn.Flatten(),
        nn.Linear(12, 3),
    )  # fmt: skip
    network, x = to_network(model, input_shape=(2, 8)), torch.randn(4, 2, 8)
    assert network.sizes == "2x8-4x4-3x4-3"
    found = emulator.compile(network, EXACT, Stream(1)).run(x.flatten(1).numpy()).output[0]
    np.testing.assert_allclose(found, model(x).detach().numpy(), atol=1e-6)
    torch.testing.assert_close(from_network(network)(x), model(x))
    noisy = to_network(convert(model, EXACT), input_shape=(2, 8))
    assert noisy.sizes == network.sizes


@pytest.mark.parametrize("rule", snn_reference.RULES, ids=str)
def test_every_neuron_comes_back_as_it_went(rule: snn_reference.Rule, tmp_path: Path) -> None:
    """Through a NIR file as well, which holds neither dt nor reset of its own."""
    rng = np.random.default_rng(5)
    options = {"init_hidden": True, "output": True}
    neuron = snn_reference.neuron(rule, 3, 0.875, 0.75, **options)
    model = nn.Sequential(nn.Linear(4, 3), neuron)
    network = to_network(model, dt=1e-3)
    nir_io.write(tmp_path / "network.nir", network)
    back = from_network(nir_io.read(tmp_path / "network.nir"))
    assert not [n for n in snntorch.SpikingNeuron.instances if any(n is m for m in back.modules())]
    x = rng.normal(0.5, 1, (2, 30, 4)).astype(np.float32)
    for found, expected in zip(snn_reference.run(back, x), snn_reference.run(model, x), strict=True):
        np.testing.assert_allclose(found[0], expected[0], atol=1e-4)


def test_a_network_of_ours_is_trained_on_in_snntorch() -> None:
    """An integrator becomes a Leaky without reset, whose membrane is the output."""
    network = Network.spiking("6-5-3", Stream(3))
    x = (Stream(4, "x").generator().random((4, 9, 6)) < 0.4).astype(np.float32)
    model = from_network(network)
    with torch.no_grad():
        membranes = torch.stack([model(now)[1] for now in torch.tensor(x).unbind(1)], 1).numpy()
    found = emulator.compile(network, EXACT, Stream(1)).run(x).output[0]
    np.testing.assert_allclose(found, membranes, atol=1e-5)


def test_noisy_modules_come_in_with_their_weights() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    found = to_network(convert(model, "pcm")).parameters()
    for values, expected in zip(found.values(), model.parameters(), strict=True):
        assert np.array_equal(values, expected.detach().numpy())


class Own(nn.Module):
    """A module with a forward of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 3), snntorch.Leaky(0.9)


def test_modules_may_be_listed_in_the_order_of_a_forward() -> None:
    net = Own()
    assert to_network([net.first, net.second]).sizes == "4-3"
    with pytest.raises(InputError, match="Own has a forward of its own"):
        to_network(net)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        ([nn.Conv2d(1, 2, 3)], "input_shape is needed"),
        ([nn.Linear(4, 3), nn.LayerNorm(3)], "layernorm2: a LayerNorm has no place"),
        ([nn.Linear(4, 3), nn.ReLU(), nn.BatchNorm1d(3)], "batchnorm1d3: a BatchNorm1d has a place .* only"),
        ([nn.Linear(4, 3), nn.BatchNorm1d(3, track_running_stats=False)], "without running statistics"),
        ([nn.Linear(4, 3), snntorch.Leaky(0.9, graded_spikes_factor=2.0)], "graded_spikes_factor must be 1"),
        ([nn.Linear(4, 3), snntorch.Leaky(0.9, state_quant=lambda v: v)], "state_quant has no node"),
        ([nn.Linear(4, 3), snntorch.Leaky(torch.tensor([0.5, 1.0, 0.9]))], "beta must be below 1"),
        ([nn.Linear(4, 3), snntorch.Synaptic(1.0, 0.5)], "alpha must be below 1"),
        ([nn.Linear(4, 4), nn.ReLU(), snntorch.RLeaky(0.9, linear_features=4)], "needs a Linear before"),
    ],
)
def test_modules_that_are_no_nodes_are_refused_by_name(modules: list[nn.Module], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        to_network(modules)
    assert "\n" not in str(caught.value)


def test_nodes_that_are_no_modules_are_refused_by_name() -> None:
    physical = Network.spiking("4-3-2", Stream(3), readout="lif")
    text = {"hidden1_neurons": {"reset": "subtract"}}
    at_once = Network(physical.nodes, physical.edges, physical.dt, "zero", {"conventions": text})
    with pytest.raises(MismatchError, match="node 'hidden1_neurons': snnTorch has no neuron that subtracts"):
        from_network(at_once)


# Weights in files


def saved(values: Any, folder: Path) -> Path:
    path = folder / "weights.pt"
    torch.save(values, path)
    return path


def test_a_state_dict_gives_a_network_its_weights(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    path = saved(model.state_dict(), tmp_path)
    assert list(read_state_dict(path)) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    network = with_state_dict(Network.mlp("6-5-3", Stream(1)), path)
    values: list[Array] = list(network.parameters().values())
    for found, expected in zip(values, model.parameters(), strict=True):
        assert np.array_equal(found, expected.detach().numpy())


def test_files_that_are_no_state_dict_are_refused(tmp_path: Path) -> None:
    """A pickled module would run code: it is not loaded."""
    network = Network.mlp("6-5-3", Stream(1))
    model = nn.Sequential(nn.Linear(6, 5))
    cases: list[tuple[Any, str]] = [
        (model, r"save one with torch.save\(model.state_dict"),
        ({"epoch": 3}, "no tensors by name"),
        (model.state_dict(), "has weights of 1 layer, the network of 2"),
        (nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 3)).state_dict(), "0.weight has shape"),
    ]
    for values, words in cases:
        with pytest.raises(InputError, match=words):
            with_state_dict(network, saved(values, tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        read_state_dict(tmp_path / "nothing.pt")
    (tmp_path / "text.pt").write_text("weights")
    with pytest.raises(InputError, match="not the state_dict"):
        read_state_dict(tmp_path / "text.pt")
