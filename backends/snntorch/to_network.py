"""From torch and snnTorch modules to a ``Network``: the rules of the neurons travel along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import snntorch
from torch import nn

from hwnoise.backends.snntorch.convolutions import NoisyConv1d, NoisyConv2d
from hwnoise.backends.snntorch.folding import NORMALISATIONS, folded
from hwnoise.backends.snntorch.modules import NoisyLinear
from hwnoise.backends.snntorch.neuron_nodes import (
    SPIKING,
    Rule,
    array_of,
    integrator_node,
    neuron_node,
    recurrent_node,
    rule_of,
)
from hwnoise.errors import InputError
from hwnoise.graph import Edge
from hwnoise.network import Network
from hwnoise.nodes import (
    Affine,
    AvgPool2d,
    Conv1d,
    Conv2d,
    Flatten,
    Input,
    Linear,
    Node,
    Output,
    Relu,
    Shape,
    Sigmoid,
    Softmax,
    Tanh,
)

_ACTIVATIONS: dict[type[nn.Module], type[Node]] = {
    nn.ReLU: Relu, nn.Tanh: Tanh, nn.Sigmoid: Sigmoid, nn.Softmax: Softmax
}  # fmt: skip
_ONLY_IN_TRAINING = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Identity)


def to_network(
    model: nn.Sequential | Iterable[nn.Module],
    *,
    dt: float = 1e-4,
    input_shape: Shape | None = None,
    membranes: bool = False,
) -> Network:
    """Return the network that a chain of torch and snnTorch modules computes.

    Its nodes are named ``linear1``, ``leaky2``, ... by kind and place. Time constants are those that
    give snnTorch's decays at ``dt``; reset and its timing are stated in the network, so that every backend
    computes what snnTorch does.

    Parameters
    ----------
    model : nn.Sequential, or modules in the order in which they are applied
        Linear, Conv1d, Conv2d, AvgPool2d, Flatten, ReLU, Tanh, Sigmoid, Softmax, the noisy modules, and
        Leaky, RLeaky, Synaptic and Lapicque. A BatchNorm behind a linear map goes into its weights.
    dt : float
        Time step [s]; snnTorch has none, and writes 1e-4 to files.
    input_shape : tuple of int, optional
        Of one sample in one step; needed unless the first module is linear.
    membranes : bool
        The output is the membrane of the last neuron, a Leaky with reset "none", and not its spikes: a
        leaky integrator, as chips have it.

    Raises
    ------
    InputError
        For a module that has no place in a network; the sentence names it.

    Examples
    --------
    >>> to_network(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
    <Network 4-3-2: input, linear1, relu2, linear3, output>
    """
    modules = [m for m in _flat(model) if not isinstance(m, _ONLY_IN_TRAINING)]
    shape = input_shape or _first_shape(modules)
    nodes: dict[str, Node] = {"input": Input(shape)}
    edges: list[Edge] = []
    rules: dict[str, Rule] = {}
    last = "input"
    for place, module in enumerate(modules, 1):
        if isinstance(module, NORMALISATIONS):
            nodes[last] = folded(f"{type(module).__name__.lower()}{place}", module, nodes[last])
            continue
        name = f"{type(module).__name__.lower()}{place}"
        is_output = membranes and place == len(modules)
        nodes[name] = (
            integrator_node(name, module, shape, dt) if is_output else _node(name, module, shape, dt)
        )
        shape = nodes[name].output_shape(shape)
        edges.append((last, name))
        if isinstance(module, SPIKING) and not is_output:
            rules[name] = rule_of(module)
        if isinstance(module, snntorch.RLeaky):
            back = f"{name}_recurrent"
            nodes[back] = recurrent_node(name, module, shape)
            nodes[last] = _with_bias_of(name, module, nodes[last])
            edges += [(name, back), (back, name)]
        last = name
    nodes["output"] = Output(shape)
    return _network(nodes, (*edges, (last, "output")), rules, dt)


def _flat(model: nn.Module | Iterable[nn.Module]) -> Iterator[nn.Module]:
    """The modules of a chain, chains within chains opened."""
    if isinstance(model, nn.Module) and not isinstance(model, nn.Sequential):
        raise InputError(
            f"{type(model).__name__} has a forward of its own: give its modules in the order in which it "
            "applies them, for example to_network([net.fc1, net.lif1, net.fc2, net.lif2])"
        )
    for module in model:
        yield from _flat(module) if isinstance(module, nn.Sequential) else [module]


def _first_shape(modules: list[nn.Module]) -> Shape:
    """The shape of a sample, where the first module says it."""
    if modules and isinstance(modules[0], (nn.Linear, NoisyLinear)):
        return (modules[0].in_features,)
    raise InputError("input_shape is needed where the first module is not linear, for example (1, 28, 28)")


def _node(name: str, module: nn.Module, shape: Shape, dt: float) -> Node:
    """The node of one module, for inputs of ``shape``."""
    if isinstance(module, SPIKING):
        return neuron_node(name, module, shape, dt)
    if type(module) in _ACTIVATIONS:
        return _ACTIVATIONS[type(module)](shape)  # type: ignore[call-arg]  # every activation has a shape
    if isinstance(module, (nn.Linear, NoisyLinear)):
        weight = array_of(module.weight)
        return Linear(weight) if module.bias is None else Affine(weight, array_of(module.bias))
    if isinstance(module, (nn.Conv1d, nn.Conv2d, NoisyConv2d)):
        return _convolution(name, module)
    if isinstance(module, nn.AvgPool2d):
        return _pool(name, module)
    if isinstance(module, nn.Flatten) and (module.start_dim, module.end_dim) == (1, -1):
        return Flatten()
    raise InputError(f"{name}: a {type(module).__name__} has no place in a network")


def _with_bias_of(name: str, neuron: Any, before: Node) -> Node:
    """The node before an RLeaky, with the bias of its recurrence, which acts from the first step on."""
    bias = array_of(neuron.recurrent.bias) if neuron.all_to_all else np.zeros(0, np.float32)
    if not bias.any():
        return before
    if not isinstance(before, (Affine, Linear)):
        raise InputError(f"{name}: a recurrence with a bias needs a Linear before the neuron, to take it")
    return Affine(before.weight, bias + (before.bias if isinstance(before, Affine) else 0))


def _convolution(name: str, module: Any) -> Conv1d | Conv2d:
    if module.padding_mode != "zeros":
        raise InputError(f"{name}: a convolution in a network pads with zeros, not {module.padding_mode!r}")
    weight = array_of(module.weight)
    bias = np.zeros(len(weight), np.float32) if module.bias is None else array_of(module.bias)
    stride, padding, dilation = module.stride, module.padding, module.dilation
    if not isinstance(module, (nn.Conv1d, NoisyConv1d)):
        return Conv2d(weight, bias, stride, padding, dilation, module.groups)
    along = padding if isinstance(padding, str) else padding[-1]  # the last axis
    return Conv1d(weight, bias, stride[-1], along, dilation[-1], module.groups)


def _pool(name: str, module: nn.AvgPool2d) -> AvgPool2d:
    if module.ceil_mode or not module.count_include_pad or module.divisor_override:
        raise InputError(f"{name}: an AvgPool2d in a network counts padded zeros and divides by its window")
    size, stride, padding = (
        (n, n) if isinstance(n, int) else n for n in (module.kernel_size, module.stride, module.padding)
    )
    return AvgPool2d(size, stride, padding)


def _network(nodes: dict[str, Node], edges: tuple[Edge, ...], rules: dict[str, Rule], dt: float) -> Network:
    """The network, with what its neurons leave open stated: once for all, and where one differs."""
    if not rules:
        return Network(nodes, edges)
    first = next(iter(rules.values()))
    usual = {"reset": first.reset, "reset_timing": "next", "keeps_input": True}
    differences = {
        name: {key: value for key, value in rule._asdict().items() if value != usual[key]}
        for name, rule in rules.items()
    }
    own = {name: fields for name, fields in differences.items() if fields}
    metadata: dict[str, Any] = {"convention": "snntorch", **({"conventions": own} if own else {})}
    return Network(nodes, edges, dt=dt, reset=first.reset, metadata=metadata)
