"""The primitives of a network, one frozen dataclass each: NIR's, four activations, four neurons."""

from __future__ import annotations

from hwnoise.nodes.activations import Activation, Relu, Sigmoid, Softmax, Tanh
from hwnoise.nodes.base import Array, Node, Shape, shape_text
from hwnoise.nodes.convolution import AvgPool2d, Conv1d, Conv2d, Flatten, SumPool2d
from hwnoise.nodes.linear import Affine, Linear
from hwnoise.nodes.neurons import IF, LI, LIF, CubaLI, CubaLIF, Delay, Integrator, Neuron, Scale, Threshold
from hwnoise.nodes.ports import Input, Output
from hwnoise.nodes.spiking import AdaptiveLIF, GradedLIF, RefractoryLIF, TernaryLIF

# What NIR has no name for: files call them hwnoise.Relu and so on.
OWN_KINDS: tuple[type[Node], ...] = (
    *(Relu, Tanh, Sigmoid, Softmax),
    *(RefractoryLIF, AdaptiveLIF, TernaryLIF, GradedLIF),
)
_NIR_KINDS: tuple[type[Node], ...] = (
    *(Input, Output, Affine, Linear, Scale, Flatten),
    *(Conv1d, Conv2d, SumPool2d, AvgPool2d),
    *(Threshold, Delay, Integrator, IF, LI, LIF, CubaLI, CubaLIF),
)
KINDS: dict[str, type[Node]] = {kind.__name__: kind for kind in _NIR_KINDS + OWN_KINDS}

__all__ = [
    "IF",
    "KINDS",
    "LI",
    "LIF",
    "OWN_KINDS",
    "Activation",
    "AdaptiveLIF",
    "Affine",
    "Array",
    "AvgPool2d",
    "Conv1d",
    "Conv2d",
    "CubaLI",
    "CubaLIF",
    "Delay",
    "Flatten",
    "GradedLIF",
    "Input",
    "Integrator",
    "Linear",
    "Neuron",
    "Node",
    "Output",
    "RefractoryLIF",
    "Relu",
    "Scale",
    "Shape",
    "Sigmoid",
    "Softmax",
    "SumPool2d",
    "Tanh",
    "TernaryLIF",
    "Threshold",
    "shape_text",
]
