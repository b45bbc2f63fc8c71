"""From float weights and a layer's numbers to the integers on the chip: the same every time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses
from hwnoise.network import Network
from hwnoise.nodes import Neuron
from hwnoise.quantization.grid import nearest
from hwnoise.quantization.numbers import NeuronNumbers, Numbers, SynapseNumbers
from hwnoise.quantization.weights import float_weight, geometry, is_relay
from hwnoise.quantization.wiring import SYNAPSES, Wiring

Array = NDArray[Any]
MANTISSA = (-4096, 4095)


def fill(network: Network, wiring: Wiring, numbers: Numbers) -> IntegerNetwork:
    """Return the integer network that ``network`` is with these ``numbers``.

    Raises
    ------
    InputError
        If the numbers are of other nodes than the network's.
    """
    wanted = [n for n, node in network.nodes.items() if isinstance(node, (*SYNAPSES, Neuron))]
    if set(wanted) != set(numbers):
        raise InputError("metadata 'integers' is of other nodes than those of the network")
    nodes: dict[str, IntegerSynapses | IntegerNeurons] = {}
    for name in wanted:
        entry = numbers[name]
        if isinstance(entry, SynapseNumbers):
            nodes[name] = _synapses(network, wiring, name, entry, numbers)
        else:
            nodes[name] = _neurons(network, wiring, name, entry, numbers)
    return IntegerNetwork(nodes, wiring.edges, network.dt)


def bias_mantissas(bias: Array, unit: float, n: int) -> Array:
    """Return the mantissas nearest to ``bias``, one per neuron; a bias per channel is repeated."""
    wide = np.repeat(np.asarray(bias, np.float64), n // len(bias))
    return np.clip(np.rint(wide / unit), *MANTISSA).astype(np.int32)


def _synapses(
    network: Network, wiring: Wiring, name: str, entry: SynapseNumbers, numbers: Numbers
) -> IntegerSynapses:
    weight = float_weight(network, wiring, name, numbers)
    unit = entry.scale * 2.0**entry.exponent
    passes_on = is_relay(network, wiring, name)
    delays = wiring.delays.get(name)
    return IntegerSynapses(
        weight=np.ones(weight.shape, np.int32)
        if passes_on
        else nearest(weight / unit, entry.bits, entry.sign_mode),
        scale=entry.scale,
        exponent=entry.exponent,
        bits=entry.bits,
        message_bits=entry.message_bits,
        sign_mode=entry.sign_mode,
        delay=None if delays is None else np.tile(delays, (len(weight), 1)),
        geometry=geometry(network, name),
    )


def _neurons(
    network: Network, wiring: Wiring, name: str, entry: NeuronNumbers, numbers: Mapping[str, Any]
) -> IntegerNeurons:
    shape = network.output_shapes[name]
    n = int(np.prod(shape))
    mantissa = np.full(n, entry.rest, np.int32)
    for source in wiring.feeds(name):
        bias = network.nodes[source].parameters().get("bias")
        if bias is not None:
            mantissa += bias_mantissas(bias, entry.bias_unit(numbers[source].scale), n)
    return IntegerNeurons(
        shape=shape,
        du=entry.du,
        dv=entry.dv,
        vth=entry.vth,
        scale=entry.scale,
        offset=entry.offset,
        bias_mant=np.clip(mantissa, *MANTISSA),
        bias_exp=entry.bias_exp,
        kind=entry.kind,
        vth_low=entry.vth_low,
        refractory=entry.refractory,
        dtheta=entry.dtheta,
        theta_step=entry.theta_step,
        arithmetic=entry.arithmetic,
    )
