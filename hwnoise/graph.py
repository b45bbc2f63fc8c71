"""Rules every network's graph obeys, and the order and shapes that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from hwnoise.errors import InputError
from hwnoise.nodes import Input, Node, Output, Shape, shape_text

Edge = tuple[str, str]


def check_graph(nodes: Mapping[str, Node], edges: Iterable[Edge]) -> None:
    """Refuse a graph that no backend could run.

    Raises
    ------
    InputError
        For a bad name, an edge that is unknown or given twice, more or fewer than one Input and
        one Output, a node off the way from Input to Output, or a loop without memory.
    """
    edges = list(edges)
    _check_names(nodes)
    _check_edges(nodes, edges)
    source, sink = _only(nodes, Input), _only(nodes, Output)
    _check_connected(nodes, edges, source, sink)
    _check_loops(nodes, edges)


def feed_forward_order(nodes: Mapping[str, Node], edges: Iterable[Edge]) -> tuple[str, ...]:
    """Return the node names from Input to Output, every node after the nodes that feed it.

    In a loop, the edge that closes it runs backwards in this order: it carries the value of the
    step before.
    """
    return _walk(_only(nodes, Input), edges)


def infer_shapes(
    nodes: Mapping[str, Node], edges: Iterable[Edge]
) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """Return the input shape and the output shape of every node; ``nodes`` are in order.

    Raises
    ------
    InputError
        If a node cannot take what it is fed, or is fed two different shapes.
    """
    takes: dict[str, Shape] = {}
    gives: dict[str, Shape] = {}
    edges = list(edges)
    successors = _successors(edges)
    for name, node in nodes.items():
        takes[name] = node.shape if isinstance(node, Input) else takes[name]
        try:
            gives[name] = node.output_shape(takes[name])
        except InputError as error:
            raise InputError(f"node {name!r}: {error}") from None
        for target in successors.get(name, []):
            takes.setdefault(target, gives[name])
    for source, target in edges:
        if gives[source] != takes[target]:
            raise InputError(
                f"edge {source!r} -> {target!r} carries {shape_text(gives[source])}, "
                f"but {target!r} is fed {shape_text(takes[target])} by another edge"
            )
    return takes, gives


def _check_names(nodes: Mapping[str, Node]) -> None:
    for name, node in nodes.items():
        if not (isinstance(name, str) and name.isprintable() and name not in ("", ".") and "/" not in name):
            raise InputError(f"node name {name!r} must be printable text without '/'")
        if not isinstance(node, Node):
            raise InputError(f"node {name!r} must be one of hwnoise.nodes, got {type(node).__name__}")


def _check_edges(nodes: Mapping[str, Node], edges: list[Edge]) -> None:
    seen = set()
    for source, target in edges:
        for name in (source, target):
            if name not in nodes:
                raise InputError(f"edge {source!r} -> {target!r} names an unknown node {name!r}")
        if (source, target) in seen:
            raise InputError(f"edge {source!r} -> {target!r} is given twice")
        if isinstance(nodes[source], Output) or isinstance(nodes[target], Input):
            raise InputError(f"edge {source!r} -> {target!r} leaves an Output or enters an Input")
        seen.add((source, target))


def _only(nodes: Mapping[str, Node], kind: type[Node]) -> str:
    found = [name for name, node in nodes.items() if isinstance(node, kind)]
    if len(found) != 1:
        raise InputError(f"a network needs exactly one {kind.__name__} node, got {len(found)}")
    return found[0]


def _check_connected(nodes: Mapping[str, Node], edges: list[Edge], source: str, sink: str) -> None:
    reached = set(_walk(source, edges)) & set(_walk(sink, [(b, a) for a, b in edges]))
    lost = [name for name in nodes if name not in reached]
    if lost:
        raise InputError(f"node {lost[0]!r} is not on a way from {source!r} to {sink!r}")


def _check_loops(nodes: Mapping[str, Node], edges: list[Edge]) -> None:
    """A value may return to its origin only through a node that holds it for some time."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for source, target in edges:
        if not (nodes[source].is_stateful or nodes[target].is_stateful):
            sorter.add(target, source)
    try:
        sorter.prepare()
    except CycleError as error:
        loop = " -> ".join(reversed(error.args[1]))
        raise InputError(f"loop {loop} has no neuron or delay in it") from None


def _walk(start: str, edges: Iterable[Edge]) -> tuple[str, ...]:
    """Depth-first search without recursion; return the nodes reached, in reverse postorder."""
    successors = _successors(edges)
    finished: list[str] = []
    seen, stack = {start}, [(start, iter(reversed(successors.get(start, []))))]
    while stack:
        name, ahead = stack[-1]
        target = next((t for t in ahead if t not in seen), None)
        if target is None:
            finished.append(name)
            stack.pop()
        else:
            seen.add(target)
            stack.append((target, iter(reversed(successors.get(target, [])))))
    return tuple(reversed(finished))


def _successors(edges: Iterable[Edge]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, target in edges:
        found.setdefault(source, []).append(target)
    return found
