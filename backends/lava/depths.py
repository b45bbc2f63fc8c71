"""How many steps each node lags behind the input in Lava, and whether the graph has loops."""

from __future__ import annotations

from hwnoise.errors import MismatchError
from hwnoise.integers import IntegerNetwork, IntegerSynapses


def depths(network: IntegerNetwork) -> tuple[dict[str, int], bool]:
    """Return each node's lag behind the input in steps, and whether spikes run back anywhere.

    Every set of synapses takes one step, so a population sees a step of the input as many steps
    later as there are synapses on its way.

    Raises
    ------
    MismatchError
        If two ways to a node are not equally long: one step of the input would reach it in two.
    """
    lags = network.depths()
    place = {name: i for i, name in enumerate(("input", *network.nodes))}
    has_loops = False
    for before, after in network.edges:
        if after == "output":
            continue
        if place[before] >= place[after]:
            has_loops = True
        elif lags[before] + isinstance(network.nodes[after], IntegerSynapses) != lags[after]:
            raise MismatchError(
                f"what {before!r} sends to {after!r} lags {lags[before]} steps behind the input, by another "
                f"way {lags[after]}: Lava's synapses take a step each, so all ways must be equally long"
            )
    return lags, has_loops
