"""Weights that another tool saved by name, matched to the layers of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from hwnoise import InputError, Network, Stream, nir_io, tasks
from hwnoise.foreign_weights import sizes_of, with_foreign_weights
from hwnoise.nodes import Softmax
from hwnoise.training.starting import read_weights, require_network, with_readout, with_weights_of

Array = NDArray[Any]
NETWORK = Network.mlp("5-4-4-3", Stream(1))
SHAPES = [(4, 5), (4, 4), (3, 4)]


def saved(*names: str, bias: bool = True) -> dict[str, Array]:
    """Weights of three layers by these names, in this order: layer n is full of n + 1."""
    found: dict[str, Array] = {}
    for number, (name, shape) in enumerate(zip(names, SHAPES, strict=True), 1):
        found[f"{name}.weight"] = np.full(shape, number, np.float32)
        if bias:
            found[f"{name}.bias"] = np.full(shape[:1], -number, np.float32)
    return found


def numbers(network: Network) -> list[float]:
    """What each layer is full of."""
    weights = [a for name, a in network.parameters().items() if name.endswith(".weight")]
    assert all(np.ptp(a) == 0 for a in weights)
    return [float(a.flat[0]) for a in weights]


def test_names_differ_and_the_order_does_not() -> None:
    found = with_foreign_weights(NETWORK, saved("fc_in", "body", "a_last"), "w.pt")
    assert numbers(found) == [1, 2, 3]
    assert found.parameters()["readout.bias"].tolist() == [-3] * 3


def test_a_layer_without_bias_gets_zeros() -> None:
    found = with_foreign_weights(NETWORK, saved("0", "2", "4", bias=False), "w.pt")
    assert numbers(found) == [1, 2, 3]
    assert not found.parameters()["readout.bias"].any()


def test_names_of_the_network_itself_stand_over_the_order() -> None:
    own = saved("hidden1", "hidden2", "readout")
    assert numbers(with_foreign_weights(NETWORK, dict(reversed(own.items())), "w.pt")) == [1, 2, 3]


@pytest.mark.parametrize(
    "names", [("0", "2", "10"), ("layers.1", "layers.3", "layers.11"), ("first", "mid", "last")]
)
def test_a_file_that_sorts_by_name_is_put_in_order(names: tuple[str, ...], tmp_path: Path) -> None:
    """By the numbers in the names; else by shape, where every shape is there once."""
    save_file(saved(*names), tmp_path / "w.safetensors")
    assert numbers(with_weights_of(NETWORK, str(tmp_path / "w.safetensors"))) == [1, 2, 3]


def test_an_order_that_cannot_be_seen_is_not_guessed() -> None:
    twins = Network.mlp("4-4-4", Stream(1))
    arrays = {f"{name}.weight": np.zeros((4, 4), np.float32) for name in ("up", "down")}
    with pytest.raises(InputError, match="no order of up, down can be seen"):
        with_foreign_weights(twins, arrays, "w.safetensors", in_order=False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"6.weight": np.zeros((2, 3))}, "has weights of 4 layers, the network of 3"),
        ({"2.weight": np.zeros((4, 7))}, r"2.weight has shape \(4, 7\), and hidden2.weight .* \(4, 4\)"),
        ({"2.bias": np.zeros(7)}, r"2.bias has shape \(7,\), and hidden2.bias of the network \(4,\)"),
        ({"1.running_mean": np.zeros(4)}, "'1.running_mean' is neither a weight nor a bias"),
        ({"1.beta": np.array(0.9)}, r"nir_io.write\(path, hwnoise.backends.snntorch.to_network\(model\)\)"),
        ({"7.bias": np.zeros(3)}, "'7.bias' has no weight beside it"),
        ({"4.weight": np.full((3, 4), np.nan)}, "w.pt: 4.weight holds numbers that are not finite"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_sentence(changes: dict[str, Array], words: str) -> None:
    with pytest.raises(InputError, match=words) as told:
        with_foreign_weights(NETWORK, saved("0", "2", "4") | changes, "w.pt")
    assert "\n" not in str(told.value)


def test_which_chip_a_noisy_module_was_on_is_no_weight() -> None:
    arrays = saved("0", "2", "4") | {"0.chip": np.array(3), "0.tick": np.array(9)}
    assert numbers(with_foreign_weights(NETWORK, arrays, "w.pt")) == [1, 2, 3]


def test_sizes_are_those_of_a_chain_of_matrices() -> None:
    assert sizes_of(saved("0", "2", "4")) == "5-4-4-3"
    assert sizes_of({"0.weight": np.zeros((8, 1, 5, 5))}) is None
    assert sizes_of({"0.weight": np.zeros((4, 5)), "1.weight": np.zeros((3, 7))}) is None


# Files


def test_a_state_dict_of_torch_is_read_without_running_code(tmp_path: Path) -> None:
    path = str(tmp_path / "w.pt")
    torch.save({name: torch.tensor(a) for name, a in saved("0", "2", "4").items()}, path)
    assert numbers(with_weights_of(NETWORK, path)) == [1, 2, 3]
    torch.save({name: torch.tensor(a).bfloat16() for name, a in saved("0", "2", "4").items()}, path)
    assert numbers(with_weights_of(NETWORK, path)) == [1, 2, 3]
    torch.save(torch.nn.Linear(5, 3), path)
    with pytest.raises(InputError, match=r"convert\(model, substrate\)"):
        read_weights(path)


def test_weights_alone_need_a_network_and_a_network_needs_none(tmp_path: Path) -> None:
    weights, network = str(tmp_path / "w.safetensors"), str(tmp_path / "n.nir")
    save_file(saved("0", "2", "4"), weights)
    nir_io.write(network, NETWORK)
    with pytest.raises(InputError, match="as by --network 5-4-4-3"):
        require_network(weights, None)
    with pytest.raises(InputError, match="leave out either --network 5-3 or --from"):
        require_network(network, "5-3")
    require_network(weights, "5-4-4-3")
    require_network(network, None)


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_a_file_that_is_missing_or_damaged_is_one_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(InputError, match=name):
        read_weights(str(path))
    path.write_bytes(b"nonsense" * 9)
    with pytest.raises(InputError, match=name) as told:
        read_weights(str(path))
    assert "\n" not in str(told.value)


# The read-out


def test_logits_get_the_softmax_that_their_loss_brought_along() -> None:
    logits, task = Network.mlp("64-5-10", Stream(1), readout="identity"), tasks.load("digits")
    found = with_readout(logits, task)
    assert isinstance(found.nodes[found.order()[-2]], Softmax)
    assert found.parameters().keys() == logits.parameters().keys()
    assert with_readout(found, task) == found
    spiking = Network.spiking("64-5-10", Stream(1))
    assert with_readout(spiking, task) == spiking
