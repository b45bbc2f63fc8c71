"""Multilayer perceptrons from a few sizes: ``64-64-10``."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from hwnoise.errors import InputError
from hwnoise.graph import Edge
from hwnoise.nodes import Activation, Affine, Input, Node, Output, Relu, Sigmoid, Softmax, Tanh
from hwnoise.nodes.base import brief

ACTIVATIONS: dict[str, type[Activation]] = {
    "relu": Relu,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "softmax": Softmax,
}
MAX_PARAMETERS = 2**31


def parse_sizes(sizes: str | Sequence[int]) -> tuple[int, ...]:
    """Read layer sizes, input first: ``"64-64-10"`` or ``[64, 64, 10]``.

    Raises
    ------
    InputError
        Unless there are at least two whole numbers >= 1 and at most 2**31 parameters.
    """
    found = _whole_numbers(sizes)
    if len(found) < 2 or min(found) < 1:
        raise InputError(
            f"network {brief(sizes)} must be at least two whole numbers >= 1 joined by '-', such as 64-64-10"
        )
    count = sum((n_in + 1) * n_out for n_in, n_out in pairwise(found))
    if count > MAX_PARAMETERS:
        raise InputError(f"network {brief(sizes)} has {count} parameters, more than {MAX_PARAMETERS}")
    return found


def draw_mlp(
    sizes: tuple[int, ...], generator: np.random.Generator, activation: str, readout: str, gain: float
) -> tuple[dict[str, Node], tuple[Edge, ...]]:
    """Return the nodes and edges of a perceptron with random weights and zero biases.

    See :meth:`hwnoise.network.Network.mlp`, the door to this.
    """
    hidden, last = _activation(activation, "activation"), _activation(readout, "readout")
    if not (math.isfinite(gain) and gain > 0):
        raise InputError(f"gain must be a finite number > 0, got {gain}")
    nodes: dict[str, Node] = {"input": Input((sizes[0],))}
    for layer, (n_in, n_out) in enumerate(pairwise(sizes), 1):
        is_last = layer == len(sizes) - 1
        name, kind = ("readout", last) if is_last else (f"hidden{layer}", hidden)
        weight = gain * draw_weight(generator, n_out, n_in, 2 if kind is Relu else 1)
        nodes[name] = Affine(weight.astype(np.float32), np.zeros(n_out, np.float32))
        if kind is not None:
            nodes["softmax" if kind is Softmax else f"{name}_activation"] = kind((n_out,))
    nodes["output"] = Output((sizes[-1],))
    names = list(nodes)
    return nodes, tuple(pairwise(names))


def _whole_numbers(sizes: str | Sequence[int]) -> tuple[int, ...]:
    """Return the numbers, or none where any is not a whole number."""
    if isinstance(sizes, str):
        matches = re.fullmatch(r"[0-9]{1,18}(-[0-9]{1,18})*", sizes)
        return tuple(map(int, sizes.split("-"))) if matches else ()
    try:
        return tuple(operator.index(n) for n in sizes)
    except TypeError:
        return ()


def draw_weight(
    generator: np.random.Generator, n_out: int, n_in: int, variance: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Draw uniform weights (n_out, n_in) that keep the scale of signals from layer to layer.

    Their variance is ``variance / n_in``: 2 before a relu or spikes (He et al., ICCV 2015), else 1
    (LeCun et al., Neural Networks: Tricks of the Trade, 1998). Uniform, because a chip's range is set
    by the largest weight: sqrt(3) standard deviations here, about four with a Gaussian.
    """
    bound = math.sqrt(3 * variance / n_in)
    return generator.uniform(-bound, bound, (n_out, n_in))


def _activation(name: str, what: str) -> type[Activation] | None:
    if name == "identity":
        return None
    if name not in ACTIVATIONS or (what == "activation" and name == "softmax"):
        known = "identity, relu, tanh, sigmoid" + (", softmax" if what == "readout" else "")
        raise InputError(f"{what} must be one of {known}, got {name!r}")
    return ACTIVATIONS[name]
