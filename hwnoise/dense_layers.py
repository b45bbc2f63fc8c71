"""The plain case: a chain of dense layers, each with a bias and an activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hwnoise.errors import MismatchError
from hwnoise.graph import Edge
from hwnoise.mlp import ACTIVATIONS
from hwnoise.nodes import Activation, Affine, Array, Flatten, Linear, Node

_ACTIVATION_NAMES = {kind: name for name, kind in ACTIVATIONS.items()}


@dataclass(frozen=True, slots=True, eq=False)
class DenseLayer:
    """One layer of a plain feed-forward network: activation(W x + b).

    Attributes
    ----------
    name : str
        The node that holds the weights.
    weight : (n_out, n_in) float
        W.
    bias : (n_out,) float
        b; zeros for a Linear node.
    activation : str
        ``"relu"``, ``"tanh"``, ``"sigmoid"``, ``"softmax"`` (last layer only) or ``"identity"``.
    """

    name: str
    weight: Array
    bias: Array
    activation: str


def dense_chain(nodes: Mapping[str, Node], edges: tuple[Edge, ...]) -> tuple[DenseLayer, ...]:
    """Return the layers of a plain feed-forward network; see ``Network.dense_layers``, the door to this."""
    layers: list[DenseLayer] = []
    for name, node in _chain(nodes, edges):
        if isinstance(node, (Affine, Linear)):
            layers.append(DenseLayer(name, node.weight, with_bias(node).bias, "identity"))
        elif isinstance(node, Activation) and layers and layers[-1].activation == "identity":
            layers[-1] = replace(layers[-1], activation=_ACTIVATION_NAMES[type(node)])
        elif not isinstance(node, Flatten):
            raise MismatchError(f"node {name!r} ({node.kind}) does not fit into a chain of dense layers")
    if not layers or any(layer.activation == "softmax" for layer in layers[:-1]):
        raise MismatchError("a chain of dense layers needs at least one, and a softmax only at its end")
    return tuple(layers)


def with_bias(node: Affine | Linear) -> Affine:
    """Return ``node`` with a bias, of zeros where it had none."""
    return node if isinstance(node, Affine) else Affine(node.weight, np.zeros_like(node.weight[:, 0]))


def _chain(nodes: Mapping[str, Node], edges: tuple[Edge, ...]) -> list[tuple[str, Node]]:
    """Return what lies between Input and Output, if nothing branches."""
    for end in (0, 1):
        used = [edge[end] for edge in edges]
        branching = next((name for name in used if used.count(name) > 1), None)
        if branching is not None:
            raise MismatchError(f"node {branching!r} branches: not a chain of dense layers")
    return list(nodes.items())[1:-1]
