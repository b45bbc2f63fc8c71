"""The trainable numbers of a graph of nodes, by name: ``"<node>.weight"`` and ``"<node>.bias"``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hwnoise.dense_layers import with_bias
from hwnoise.errors import InputError
from hwnoise.nodes import Array, Linear, Node


def parameters_of(nodes: Mapping[str, Node]) -> dict[str, Array]:
    """Return every parameter in the order of the nodes; read-only arrays."""
    return {f"{name}.{key}": a for name, node in nodes.items() for key, a in node.parameters().items()}


def with_parameters(nodes: Mapping[str, Node], values: Mapping[str, Array]) -> dict[str, Node]:
    """Return ``nodes`` with some parameters replaced; see ``Network.with_parameters``."""
    found = dict(nodes)
    for name, value in values.items():
        owner, _, key = name.rpartition(".")
        node = found.get(owner)
        if isinstance(node, Linear) and key == "bias":
            node = with_bias(node)
        found[owner] = _with_parameter(node, name, key, value)
    return found


def _with_parameter(node: Node | None, name: str, key: str, value: Array) -> Node:
    old = node.parameters().get(key) if node is not None else None
    if node is None or old is None:
        raise InputError(f"the network has no parameter {name!r}")
    new = np.asarray(value)
    if new.shape != old.shape:
        raise InputError(f"parameter {name!r} must have shape {old.shape}, got {new.shape}")
    return replace(node, **{key: new.astype(old.dtype)})  # type: ignore[type-var]  # nodes are dataclasses
