"""How a float network maps to populations and the synapses between them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError, MismatchError
from hwnoise.graph import Edge
from hwnoise.network import Network
from hwnoise.nodes import (
    Affine,
    AvgPool2d,
    Conv2d,
    Delay,
    Flatten,
    Input,
    Linear,
    Neuron,
    Node,
    Output,
    SumPool2d,
)

Array = NDArray[Any]
Synapses = Affine | Linear | Conv2d | SumPool2d | AvgPool2d
SYNAPSES = (Affine, Linear, Conv2d, SumPool2d, AvgPool2d)
POOLS = (SumPool2d, AvgPool2d)


@dataclass(frozen=True)
class Wiring:
    """Edges between neurons and synapses alone, and the steps of delay on each synapse's inputs.

    Attributes
    ----------
    edges : tuple of (str, str)
        ``"input"`` and ``"output"`` are the ends; nodes that only reshape or delay are gone.
    delays : dict of str to (n_in,) int32
        By synapses that a Delay feeds.
    """

    edges: tuple[Edge, ...]
    delays: dict[str, Array]

    def fed_by(self, name: str) -> tuple[str, ...]:
        """What the node ``name`` feeds."""
        return tuple(b for a, b in self.edges if a == name)

    def feeds(self, name: str) -> tuple[str, ...]:
        """What feeds the node ``name``."""
        return tuple(a for a, b in self.edges if b == name)


def wire(network: Network) -> Wiring:
    """Return the wiring of ``network``.

    Raises
    ------
    MismatchError
        If a node has no counterpart on the chip, or stands where none can; the sentence names it.
    """
    for name, node in network.nodes.items():
        if not isinstance(node, (*SYNAPSES, Neuron, Input, Output, Flatten, Delay)):
            raise MismatchError(f"node {name!r} ({node.kind}) has no counterpart on a chip of integers")
    delays: dict[str, Array] = {}
    edges = []
    for name, node in network.nodes.items():
        if isinstance(node, (*SYNAPSES, Neuron, Output)):
            for source, delay in _sources(network, name):
                edges.append((_end(network, source), _end(network, name)))
                if delay is not None:
                    _check_delay(node, name)
                    delays[name] = delay
    wiring = Wiring(tuple(edges), delays)
    for name, node in network.nodes.items():
        _check_place(wiring, network, name, node)
    return wiring


def _sources(network: Network, name: str) -> Iterator[tuple[str, Array | None]]:
    """Walk back over what only reshapes or delays; yield each source and the steps in between."""
    for source in (a for a, b in network.edges if b == name):
        node = network.nodes[source]
        if isinstance(node, Flatten):
            yield from _sources(network, source)
        elif isinstance(node, Delay):
            for further, delay in _sources(network, source):
                steps = _steps(network, source, node)
                yield further, steps if delay is None else steps + delay
        else:
            yield source, None


def _steps(network: Network, name: str, node: Delay) -> Array:
    if network.dt is None:
        raise InputError(f"node {name!r}: a delay needs the network's dt, its time step in seconds")
    steps = np.rint(node.delay.astype(np.float64) / network.dt).astype(np.int32).ravel()
    if steps.max() > 63:
        raise InputError(f"node {name!r}: a delay must be 0 to 63 steps on the chip, not {steps.max()}")
    return steps


def _end(network: Network, name: str) -> str:
    node = network.nodes[name]
    return "input" if isinstance(node, Input) else "output" if isinstance(node, Output) else name


def _check_delay(node: Node, name: str) -> None:
    if not isinstance(node, (Affine, Linear)):
        raise MismatchError(f"node {name!r} ({node.kind}) is delayed; on the chip only dense synapses can be")


def _check_place(wiring: Wiring, network: Network, name: str, node: Node) -> None:
    """Synapses stand between populations; only a pooling may feed other synapses."""
    feeds = wiring.feeds(_end(network, name))
    kinds = [network.nodes[s] for s in feeds if s != "input"]
    if isinstance(node, SYNAPSES):
        if len(feeds) > 1:
            raise MismatchError(
                f"node {name!r} is fed by {len(feeds)} nodes; on the chip synapses have one source"
            )
        if any(isinstance(k, SYNAPSES) and not isinstance(k, POOLS) for k in kinds):
            raise MismatchError(
                f"node {name!r} follows other synapses; on the chip neurons have to lie between"
            )
    elif isinstance(node, Neuron) and ("input" in feeds or not all(isinstance(k, SYNAPSES) for k in kinds)):
        raise MismatchError(f"neurons {name!r} are fed by no weights; on the chip only synapses feed neurons")
    elif isinstance(node, Output) and (
        len(feeds) != 1 or not isinstance(network.nodes.get(feeds[0]), Neuron)
    ):
        raise MismatchError("the output must be one population of neurons")


def size(network: Network, name: str) -> int:
    """Return how many numbers the node ``name`` gives."""
    return math.prod(network.output_shapes[name])
