"""Networks as NIR's plain dictionaries, and back.

The dictionary of a graph is ``{"type": "NIRGraph", "nodes": {...}, "edges": [...], "metadata": {...}}``;
that of a node holds its ``type`` and its fields. NIR says nothing about dt and reset, so they travel
in ``metadata["hwnoise"]``; activations and neurons that NIR lacks get types of our own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from itertools import product
from typing import Any

import numpy as np

from hwnoise.errors import InputError
from hwnoise.graph import Edge
from hwnoise.network import Network
from hwnoise.nodes import (
    KINDS,
    OWN_KINDS,
    Affine,
    Conv1d,
    Conv2d,
    Flatten,
    Input,
    Linear,
    Neuron,
    Node,
    Output,
    Shape,
)
from hwnoise.nodes.base import brief

Tree = Mapping[str, Any]

FORMAT = 1  # of metadata["hwnoise"]
_OWN = "hwnoise."
_NEEDS = "needs hwnoise for "
_GRAPH = "NIRGraph"
_TYPE_OF = {
    kind: f"{_OWN}{name}" if kind in OWN_KINDS else {"Integrator": "I"}.get(name, name)
    for name, kind in KINDS.items()
}
_KIND_OF = {name: kind for kind, name in _TYPE_OF.items()}


def to_tree(network: Network) -> dict[str, Any]:
    """Return ``network`` in NIR's dictionary form.

    If NIR lacks some of its nodes, Input carries one more field that names them: it is the first
    node a reader meets, and NIR's own stops there with exactly that name in its error.
    """
    nodes = {name: _node_tree(node, network.input_shapes[name]) for name, node in network.nodes.items()}
    foreign = own_types(network)
    if foreign:
        next(iter(nodes.values()))[_NEEDS + ", ".join(foreign)] = True
    notes = json.dumps(dict(network.metadata))
    own = {"format": FORMAT, "dt": network.dt, "reset": network.reset, "json": notes}
    return {
        "type": _GRAPH,
        "nodes": nodes,
        "edges": list(network.edges),
        "metadata": {"hwnoise": {key: value for key, value in own.items() if value is not None}},
    }


def from_tree(tree: Tree) -> Network:
    """Return the network that NIR's dictionary form describes; nested graphs are unfolded.

    Raises
    ------
    InputError
        If it describes none: an unknown type or field, a missing field, a graph no backend can run.
    """
    nodes, edges = _unfold(tree)
    own = _own_metadata(tree)
    network = Network(
        _settled({name: _node(name, node) for name, node in nodes.items()}, edges),
        tuple(edges),
        dt=own.get("dt"),
        reset=own.get("reset"),
        metadata=_own_values(own),
    )
    for name, node in nodes.items():
        _check_stated_shape(name, node, network.input_shapes[name])
    return network


def is_foreign(tree: Tree) -> bool:
    """Whether another program wrote this graph."""
    return not _own_metadata(tree)


def own_types(network: Network) -> list[str]:
    """Return the types in ``network`` that NIR has no name for, each once."""
    found = (_TYPE_OF[type(node)] for node in network.nodes.values())
    return sorted({name for name in found if name.startswith(_OWN)})


def _node_tree(node: Node, input_shape: Shape) -> dict[str, Any]:
    values = {f.name: getattr(node, f.name) for f in fields(node)}  # type: ignore[arg-type]
    tree = {k: np.array(v, np.int64) if isinstance(v, tuple) else v for k, v in values.items()}
    if isinstance(node, Conv1d):
        tree["input_shape"] = input_shape[1]
    elif isinstance(node, Conv2d):
        tree["input_shape"] = np.array(input_shape[1:], np.int64)
    elif isinstance(node, Flatten):
        tree["input_type"] = np.array(input_shape, np.int64)
    return {"type": _TYPE_OF[type(node)], **tree}


def _node(name: str, tree: Tree) -> Node:
    kind = _KIND_OF.get(_type(name, tree))
    if kind is None:
        raise InputError(f"node {name!r} has the type {_type(name, tree)!r}, which hwnoise does not know")
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    given = {key: value for key, value in tree.items() if not _is_extra(kind, key)}
    unknown = [key for key in given if key not in known]
    missing = [
        key for key, f in known.items() if key not in given and f.default is f.default_factory is MISSING
    ]
    if unknown or missing:
        problem = f"has an unknown field {unknown[0]!r}" if unknown else f"lacks the field {missing[0]!r}"
        raise InputError(f"node {name!r} ({kind.__name__}) {problem}")
    try:
        return kind(**given)
    except InputError as error:
        raise InputError(f"node {name!r}: {error}") from None


def _settled(nodes: dict[str, Node], edges: Iterable[Edge]) -> dict[str, Node]:
    """Return ``nodes``, with Input and Output of the shape beside them where files add axes of 1."""
    found = dict(nodes)
    for source, target in edges:
        before, after = nodes.get(source), nodes.get(target)
        if isinstance(before, Input) and isinstance(after, (Affine, Linear)):
            inputs = after.weight.shape[1:]
            found[source] = Input(inputs) if _is_same(before.shape, inputs) else before
        elif isinstance(before, Neuron) and isinstance(after, Output):
            found[target] = Output(before.shape) if _is_same(before.shape, after.shape) else after
    return found


def _is_same(one: Shape, other: Shape) -> bool:
    """Whether two shapes differ by axes of 1 at most."""
    return [n for n in one if n > 1] == [n for n in other if n > 1]


def _is_extra(kind: type[Node], key: str) -> bool:
    """Whether a field beside the node's own is expected: what NIR adds, or our mark on Input."""
    added = {Conv1d: "input_shape", Conv2d: "input_shape", Flatten: "input_type"}.get(kind)
    return key in ("type", "metadata", added) or (kind is Input and key.startswith(_NEEDS))


def _check_stated_shape(name: str, tree: Tree, shape: Shape) -> None:
    """Files repeat what follows from the graph; a contradiction means that one of them is wrong."""
    for key, expected in (("input_shape", shape[1:]), ("input_type", shape)):
        stated = tree.get(key)
        if stated is not None and np.atleast_1d(stated).tolist() != list(expected):
            raise InputError(f"node {name!r} states {key} {brief(stated)}, but is fed {expected}")


def _unfold(tree: Tree) -> tuple[dict[str, Tree], list[Edge]]:
    """Return nodes and edges with every nested graph replaced by its nodes, ``<graph>.<node>``."""
    nodes, edges = _nodes_of(tree), _edges_of(tree)
    for name in [name for name, node in nodes.items() if _type(name, node) == _GRAPH]:
        inner, inner_edges = _unfold(nodes.pop(name))
        first, last = (f"{name}.{_port(name, inner, kind)}" for kind in ("Input", "Output"))
        if any(f"{name}.{key}" in nodes for key in inner):
            raise InputError(f"a node of the nested graph {name!r} has the name of another node")
        nodes |= {f"{name}.{key}": node for key, node in inner.items()}
        edges = [(last if a == name else a, first if b == name else b) for a, b in edges]
        edges += [(f"{name}.{a}", f"{name}.{b}") for a, b in inner_edges]
        for port in (first, last):
            del nodes[port]
            edges = _bypass(port, edges)
    return nodes, edges


def _bypass(port: str, edges: Iterable[Edge]) -> list[Edge]:
    """Lead the edges through ``port`` directly from before it to behind it."""
    edges = list(edges)
    before, behind = [a for a, b in edges if b == port], [b for a, b in edges if a == port]
    return [edge for edge in edges if port not in edge] + list(product(before, behind))


def _port(graph: str, nodes: Mapping[str, Tree], kind: str) -> str:
    found = [name for name, node in nodes.items() if _type(name, node) == kind]
    if len(found) != 1:
        raise InputError(f"nested graph {graph!r} needs exactly one {kind} node, got {len(found)}")
    return found[0]


def _type(name: str, tree: Tree) -> str:
    found = tree.get("type") if isinstance(tree, Mapping) else None
    if not isinstance(found, str):
        raise InputError(f"node {name!r} has no type")
    return found


def _nodes_of(tree: Tree) -> dict[str, Tree]:
    nodes = tree.get("nodes")
    if not isinstance(nodes, Mapping):
        raise InputError("a NIR graph without nodes")
    return dict(nodes)


def _edges_of(tree: Tree) -> list[Edge]:
    edges = tree.get("edges")
    pairs = [tuple(edge) for edge in edges] if isinstance(edges, list) else []
    if not pairs or not all(len(pair) == 2 and all(isinstance(n, str) for n in pair) for pair in pairs):
        raise InputError("a NIR graph whose edges are not pairs of node names")
    return [(a, b) for a, b in pairs]


def _own_metadata(tree: Tree) -> Mapping[str, Any]:
    metadata = tree.get("metadata")
    own = metadata.get("hwnoise", {}) if isinstance(metadata, Mapping) else {}
    if not isinstance(own, Mapping) or not np.array_equal(own.get("format", FORMAT), FORMAT):
        raise InputError(f"metadata 'hwnoise' is not of format {FORMAT}, the one this version reads")
    return own


def _own_values(own: Mapping[str, Any]) -> dict[str, Any]:
    try:
        values = json.loads(own.get("json", "{}"))
    except (TypeError, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise InputError("metadata 'hwnoise/json' is not a JSON object")
    return values
