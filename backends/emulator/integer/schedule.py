"""In which order the parts of an integer network run, and how long spikes take round a loop."""

from __future__ import annotations

from dataclasses import dataclass

from hwnoise.errors import MismatchError
from hwnoise.graph import Edge
from hwnoise.integers import IntegerNetwork, IntegerSynapses


@dataclass(frozen=True)
class Schedule:
    """Stages one after another; each runs over all steps before the next begins.

    Attributes
    ----------
    stages : tuple of tuple of str
        Populations and poolings by name. More than one, or one that feeds itself: a loop, which runs
        step by step.
    loops : frozenset of (str, str)
        Synapses and the population they feed, where both lie in one loop.
    lags : dict of str to int
        By synapses that close a loop: steps that a spike takes through them.
    """

    stages: tuple[tuple[str, ...], ...]
    loops: frozenset[Edge]
    lags: dict[str, int]


def schedule(network: IntegerNetwork) -> Schedule:
    """Return the schedule of ``network``.

    On the chip every synapse takes a step. Where layers follow each other, the steps only shift a
    layer in time. An edge that runs back to a layer which lies ``d`` synapses before takes ``d + 1``
    steps of that layer's time: 1 for neurons that feed themselves.

    Raises
    ------
    MismatchError
        If a pooling lies in a loop.
    """
    reach = {name: _reached(network, name) for name in network.nodes}
    place = {name: i for i, name in enumerate(network.nodes)}
    depth = network.depths()
    stages, seen = [], set[str]()
    for name in network.nodes:
        mates = [m for m in network.nodes if m in reach[name] and name in reach[m]]
        for mate in mates:
            node = network.nodes[mate]
            if isinstance(node, IntegerSynapses) and node.is_relay:
                raise MismatchError(
                    f"pooling {mate!r} lies in a loop; on the chip only neurons and weights can"
                )
        if name not in seen and _runs(network, name):
            stages.append(tuple(m for m in mates or [name] if _runs(network, m)))
            seen.update(stages[-1])
    inside = frozenset((a, b) for a, b in network.edges if _runs(network, b) and a in reach.get(b, ()))
    back = {a: b for a, b in inside if place[network.sources(a)[0]] >= place[b]}
    lags = {a: 1 + depth[network.sources(a)[0]] - depth[b] for a, b in back.items()}
    return Schedule(tuple(stages), inside, lags)


def _runs(network: IntegerNetwork, name: str) -> bool:
    """Whether a node sends something of its own accord: a population or a pooling between synapses."""
    node = network.nodes.get(name)
    return node is not None and (not isinstance(node, IntegerSynapses) or _is_relay(network, name))


def _is_relay(network: IntegerNetwork, name: str) -> bool:
    return any(isinstance(network.nodes.get(b), IntegerSynapses) for a, b in network.edges if a == name)


def _reached(network: IntegerNetwork, name: str) -> set[str]:
    """What a spike of ``name`` can reach, itself only through a loop."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        here = ahead.pop()
        new = {b for a, b in network.edges if a == here} - found
        found |= new
        ahead += new
    return found
