"""What a network with time leaves open, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hwnoise.network import Network


def assumptions_of(network: Network) -> Iterator[str]:
    """Yield a sentence for all that ``network`` does not state, or that was filled in when it was read."""
    if network.is_timed and network.dt is None:
        yield "the network does not state dt, its time step in seconds (dt=..., --dt)"
    if network.is_spiking and network.reset is None:
        yield "the network does not state reset, one of zero, subtract, none (reset=..., --reset)"
    tool, assumed = network.metadata.get("convention"), network.metadata.get("assumed", ())
    taken = {
        "convention": f"that of {tool}",
        "dt": f"{network.dt} s, as {tool} has it",
        "reset": f"{network.reset}, the default of {tool}",
    }
    yield from (f"the file does not state {key}; taken is {taken[key]}" for key in taken if key in assumed)
