"""In which order a network with time is computed: node after node, loops step by step."""

from __future__ import annotations

from dataclasses import dataclass

from hwnoise.network import Network


@dataclass(frozen=True)
class Part:
    """One node, or the nodes of a loop (or of loops that share nodes), in feed-forward order."""

    names: tuple[str, ...]
    is_loop: bool


def parts_of(network: Network) -> tuple[Part, ...]:
    """Return the parts in an order in which each comes after those that feed it."""
    after = {name: [b for a, b in network.edges if a == name] for name in network.nodes}
    reach = {name: _reached(name, after) for name in network.nodes}
    parts, done = [], set()
    for name in network.nodes:
        if name in done:
            continue
        names = tuple(n for n in network.nodes if n == name or (n in reach[name] and name in reach[n]))
        done |= set(names)
        parts.append(Part(names, name in reach[name]))
    return tuple(parts)


def sources_of(network: Network) -> dict[str, tuple[str, ...]]:
    """Return which nodes feed each node, in the order of the edges."""
    return {name: tuple(a for a, b in network.edges if b == name) for name in network.nodes}


def _reached(start: str, after: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    ahead = list(after[start])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += after[name]
    return found
