"""From a ``Network`` to torch and snnTorch modules, to go on with it there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import snntorch
import torch
from torch import Tensor, nn

from hwnoise.backends.snntorch.neurons import forget
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.nodes import (
    Affine,
    AvgPool2d,
    Conv2d,
    Flatten,
    Input,
    Linear,
    Neuron,
    Node,
    Output,
    Relu,
    Scale,
    Sigmoid,
    Softmax,
    Tanh,
)
from hwnoise.stepping import Step, step_of

_ACTIVATIONS: dict[type[Node], type[nn.Module]] = {Relu: nn.ReLU, Tanh: nn.Tanh, Sigmoid: nn.Sigmoid}


def from_network(network: Network) -> nn.Sequential:
    """Return ``network`` as a chain of torch and snnTorch modules with its weights, ready to be trained.

    Neurons keep their state (``init_hidden=True``): call ``snntorch.utils.reset(model)`` before a
    sequence, and the model once a step. The last neuron returns spikes and membrane; a leaky integrator is
    a ``Leaky`` without reset, whose membrane is the output.

    Raises
    ------
    MismatchError
        If the graph is no chain, or a node has no module that computes the same; it is named.

    Examples
    --------
    >>> from hwnoise import Network, Stream
    >>> [type(m).__name__ for m in from_network(Network.mlp("4-3-2", Stream(7)))]
    ['Linear', 'ReLU', 'Linear', 'Softmax']
    """
    chain = _chain(network)
    last = next((n for n in reversed(chain) if isinstance(network.nodes[n], Neuron)), None)
    modules = [
        _neuron(network, name, is_last=name == last)
        if isinstance(network.nodes[name], Neuron)
        else _module(name, network.nodes[name])
        for name in chain
    ]
    model = nn.Sequential(*modules)
    return model


def _chain(network: Network) -> list[str]:
    """Names of the nodes between input and output, those that lead from a neuron back to it apart."""
    back = {b for a, b in network.edges for c, d in network.edges if a == d and b == c and b != a}
    chain = [n for n, node in network.nodes.items() if not _leads_back(network, n)]
    for first, second in zip(chain, chain[1:], strict=False):
        if (first, second) not in network.edges:
            raise MismatchError(f"node {second!r} does not follow {first!r}: not a chain of modules")
    del back
    return chain[1:-1]


def _leads_back(network: Network, name: str) -> bool:
    """Whether ``name`` leads from one neuron back to the same."""
    sources = [a for a, b in network.edges if b == name]
    targets = [b for a, b in network.edges if a == name]
    return len(sources) == 1 and sources == targets and isinstance(network.nodes[sources[0]], Neuron)
