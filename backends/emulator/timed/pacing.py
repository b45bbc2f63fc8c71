"""How long a step of a network takes on a chip whose arrays hold filters: one read for each place."""

from __future__ import annotations

from math import prod

from hwnoise.devices.clock import Clock
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.nodes import Conv1d, Conv2d
from hwnoise.substrate import Substrate


def places(network: Network) -> int:
    """Reads that the largest layer takes for one step, or for one sample of a network without time."""
    filters = (n for n, node in network.nodes.items() if isinstance(node, (Conv1d, Conv2d)))
    return max((prod(network.output_shapes[name][1:]) for name in filters), default=1)


def paced(substrate: Substrate, network: Network) -> Substrate:
    """``substrate`` with a clock on which every layer of ``network`` has the time that its reads take.

    No array is read faster than ``clock.read_period``, for which its noise was fitted; the period of a
    network of convolutions is as many of them as its largest layer needs.

    Raises
    ------
    MismatchError
        If its drift or slow noise has no fit for steps so far apart.
    """
    reads = places(network)
    if reads == 1:
        return substrate
    period = substrate.clock.read_period * reads
    for effect in (substrate.one_over_f, substrate.drift):
        problem = next(iter(effect.problems(period)), None) if effect is not None else None
        if problem is not None:
            each = "step" if network.is_timed else "sample"
            raise MismatchError(f"'{substrate.name}' would read a layer {reads} times a {each}: {problem}")
    return substrate.model_copy(update={"clock": Clock(read_period=period)})
