"""From a ``Network`` to torch and snnTorch modules, to go on with it there."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from hwnoise.backends.snntorch.neurons import forget
from hwnoise.backends.snntorch.snn_neurons import snn_neuron
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.nodes import (
    Affine,
    AvgPool2d,
    Conv1d,
    Conv2d,
    Flatten,
    Linear,
    Neuron,
    Node,
    Relu,
    Sigmoid,
    Softmax,
    Tanh,
)
from hwnoise.stepping import step_of

_ACTIVATIONS: dict[type[Node], type[nn.Module]] = {Relu: nn.ReLU, Tanh: nn.Tanh, Sigmoid: nn.Sigmoid}


def from_network(network: Network) -> nn.Sequential:
    """Return ``network`` as a chain of torch and snnTorch modules with its weights, ready to be trained.

    Neurons keep their state (``init_hidden=True``): call ``snntorch.utils.reset(model)`` before a
    sequence, and the model once a step. A last neuron returns spikes and membrane; a leaky integrator is
    a ``Leaky`` without reset, whose membrane is the output.

    Raises
    ------
    MismatchError
        If the graph is no chain, or a node has no module that computes the same; it is named.

    Examples
    --------
    >>> from hwnoise import Stream
    >>> [type(m).__name__ for m in from_network(Network.mlp("4-3-2", Stream(7)))]
    ['Linear', 'ReLU', 'Linear', 'Softmax']
    """
    names = _chain(network)
    model = nn.Sequential(*(_module(network, name, is_last=name == names[-1]) for name in names))
    forget(model)
    return model


def _chain(network: Network) -> list[str]:
    """Names of the nodes between input and output, without those that lead from a neuron back to it."""
    chain = [name for name in network.nodes if _around(network, name) is None]
    for first, second in pairwise(chain):
        if (first, second) not in network.edges:
            raise MismatchError(f"node {second!r} does not follow {first!r}: not a chain of modules")
    links = len(chain) - 1 + 2 * (len(network.nodes) - len(chain))
    if len(network.edges) != links:
        raise MismatchError("the network branches: not a chain of modules")
    return chain[1:-1]


def _around(network: Network, name: str) -> str | None:
    """The neuron that ``name`` leads back to, if it leads from one neuron to the same and nowhere else."""
    sources = [a for a, b in network.edges if b == name]
    targets = [b for a, b in network.edges if a == name]
    is_loop = len(sources) == 1 and sources == targets
    return sources[0] if is_loop and isinstance(network.nodes[sources[0]], Neuron) else None


def _module(network: Network, name: str, is_last: bool) -> nn.Module:
    node = network.nodes[name]
    if isinstance(node, Neuron):
        back = next((network.nodes[n] for n in network.nodes if _around(network, n) == name), None)
        neuron: nn.Module = snn_neuron(name, step_of(network, name), back, is_last)
        return neuron
    if type(node) in _ACTIVATIONS:
        return _ACTIVATIONS[type(node)]()
    if isinstance(node, Softmax):
        return nn.Softmax(dim=-1)
    if isinstance(node, Flatten) and node.start_dim == 0:
        return nn.Flatten()
    if isinstance(node, AvgPool2d):
        return nn.AvgPool2d(node.kernel_size, node.stride, node.padding)
    if isinstance(node, (Affine, Linear)):
        outputs, inputs = node.weight.shape
        return filled(nn.Linear(inputs, outputs, bias=isinstance(node, Affine)), node.parameters())
    if isinstance(node, (Conv1d, Conv2d)):
        outputs, inputs, *kernel = node.weight.shape
        geometry: tuple[Any, ...] = (node.stride, node.padding, node.dilation, node.groups)
        make = nn.Conv1d if isinstance(node, Conv1d) else nn.Conv2d
        return filled(make(inputs * node.groups, outputs, tuple(kernel), *geometry), node.parameters())
    raise MismatchError(f"node {name!r}: no torch module computes a {node.kind}")


def filled(module: nn.Module, values: dict[str, NDArray[Any]]) -> nn.Module:
    """Return ``module`` with these parameters."""
    module.load_state_dict({key: torch.tensor(value, dtype=torch.float32) for key, value in values.items()})
    return module
