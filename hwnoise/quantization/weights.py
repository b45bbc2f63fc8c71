"""The float weights of synapses and poolings, in the form the chip's integers have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.nodes import AvgPool2d, Conv2d, Node
from hwnoise.nodes.spiking import GradedLIF, TernaryLIF
from hwnoise.quantization.graded import BITS_TO_FILTERS, MESSAGE_BITS, PAYLOAD_BITS
from hwnoise.quantization.wiring import POOLS, SYNAPSES, Wiring

Array = NDArray[Any]


def float_weight(network: Network, wiring: Wiring, name: str, numbers: Mapping[str, Any]) -> Array:
    """Return what a spike of 1 into the synapses ``name`` adds: (n_out, n_in) or filters, float64.

    ``numbers`` are those of the network's nodes, or the nodes on the chip: graded spikes are counted in
    the unit that their population has there.

    Raises
    ------
    MismatchError
        If that unit is not known yet, for graded spikes that run back.
    """
    node, feeds = network.nodes[name], wiring.feeds(name)[0]
    source = network.nodes.get(feeds)
    unit = 1.0
    if is_graded(network, feeds):
        if feeds not in numbers:
            raise MismatchError(
                f"neurons {feeds!r} send graded spikes back, which the chip's scales rule out"
            )
        unit = numbers[feeds].scale
    if isinstance(node, POOLS):
        return np.full((network.input_shapes[name][0], 1, *node.kernel_size), pool_factor(node) * unit)
    factor = pool_factor(source) if isinstance(source, POOLS) else unit
    return np.asarray(node.parameters()["weight"], np.float64) * factor


def pool_factor(node: Node) -> float:
    """Return what a pooling multiplies each of its inputs by."""
    return 1 / math.prod(node.kernel_size) if isinstance(node, AvgPool2d) else 1.0


def is_filter(network: Network, name: str) -> bool:
    """Whether the synapses ``name`` move a window over an image."""
    return isinstance(network.nodes[name], (Conv2d, *POOLS))


def is_relay(network: Network, wiring: Wiring, name: str) -> bool:
    """Whether ``name`` is a pooling whose sums feed other synapses."""
    feeds_synapses = any(isinstance(network.nodes.get(t), SYNAPSES) for t in wiring.fed_by(name))
    return isinstance(network.nodes[name], POOLS) and feeds_synapses


def largest_payload(network: Network, wiring: Wiring, name: str) -> int:
    """Return the largest spike expected of the node ``name`` (eq:quantize-graded); without payloads 1."""
    if not is_graded(network, name):
        return 1
    into_filters = any(is_filter(network, target) for target in wiring.fed_by(name) if target != "output")
    return 1 << (BITS_TO_FILTERS if into_filters else PAYLOAD_BITS)


def is_graded(network: Network, name: str) -> bool:
    """Whether the node ``name`` is a population whose spikes are its membrane."""
    return isinstance(network.nodes.get(name), GradedLIF)


def payload_bits(network: Network, wiring: Wiring, outer: int, most: int, name: str) -> int:
    """Return how many bits a spike into the synapses ``name`` carries; 0: it is there or not.

    ``outer`` is that number for spikes from outside, ``most`` how many a neuron sends in one step.
    """
    source = wiring.feeds(name)[0]
    if source == "input":
        return outer
    node = network.nodes[source]
    if isinstance(node, POOLS):
        return math.prod(node.kernel_size).bit_length() + max(outer, 1)
    if isinstance(node, TernaryLIF):
        return 2
    if isinstance(node, GradedLIF):
        return MESSAGE_BITS
    return most.bit_length() if most > 1 else 0


def geometry(network: Network, name: str) -> dict[str, Any]:
    """Return the geometry of a convolution or pooling; empty for dense synapses."""
    node, shape = network.nodes[name], network.input_shapes[name]
    if not isinstance(node, (Conv2d, *POOLS)):
        return {}
    return {
        "kind": "conv" if isinstance(node, Conv2d) else "pool",
        "input_shape": shape,
        "output_shape": network.output_shapes[name],
        "stride": node.stride,
        "padding": _padding(name, node),
        "dilation": node.dilation if isinstance(node, Conv2d) else (1, 1),
        "groups": node.groups if isinstance(node, Conv2d) else shape[0],
    }


def _padding(name: str, node: Any) -> tuple[int, int]:
    if node.padding == "valid":
        return (0, 0)
    if node.padding != "same":
        return (int(node.padding[0]), int(node.padding[1]))
    reach = [d * (k - 1) for d, k in zip(node.dilation, node.weight.shape[2:], strict=True)]
    if reach[0] % 2 or reach[1] % 2:
        raise MismatchError(
            f"node {name!r}: padding 'same' with an even kernel is not symmetric, as on the chip it must be"
        )
    return (reach[0] // 2, reach[1] // 2)
