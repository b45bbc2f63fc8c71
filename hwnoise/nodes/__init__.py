"""The primitives of a network, one frozen dataclass each: NIR's, and four activations."""

from __future__ import annotations

from hwnoise.nodes.activations import Activation, Relu, Sigmoid, Softmax, Tanh
from hwnoise.nodes.base import Array, Node, Shape, shape_text
from hwnoise.nodes.convolution import AvgPool2d, Conv1d, Conv2d, Flatten, SumPool2d
from hwnoise.nodes.linear import Affine, Linear
from hwnoise.nodes.neurons import IF, LI, LIF, CubaLI, CubaLIF, Delay, Integrator, Neuron, Scale, Threshold
from hwnoise.nodes.ports import Input, Output

KINDS: dict[str, type[Node]] = {
    kind.__name__: kind
    for kind in (
        *(Input, Output, Affine, Linear, Scale, Flatten),
        *(Conv1d, Conv2d, SumPool2d, AvgPool2d),
        *(Threshold, Delay, Integrator, IF, LI, LIF, CubaLI, CubaLIF),
        *(Relu, Tanh, Sigmoid, Softmax),
    )
}

__all__ = [
    "IF",
    "KINDS",
    "LI",
    "LIF",
    "Activation",
    "Affine",
    "Array",
    "AvgPool2d",
    "Conv1d",
    "Conv2d",
    "CubaLI",
    "CubaLIF",
    "Delay",
    "Flatten",
    "Input",
    "Integrator",
    "Linear",
    "Neuron",
    "Node",
    "Output",
    "Relu",
    "Scale",
    "Shape",
    "Sigmoid",
    "Softmax",
    "SumPool2d",
    "Tanh",
    "Threshold",
    "shape_text",
]
