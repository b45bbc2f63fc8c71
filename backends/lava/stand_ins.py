"""Which stock process stands for which node, and with what arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from hwnoise.backends.lava import layout
from hwnoise.backends.lava.plan import Process
from hwnoise.errors import MismatchError
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses

SPARSE_BELOW = 0.25  # share of weights other than 0 below which they are listed one by one


def synapses(name: str, node: IntegerSynapses, network: IntegerNetwork) -> Process:
    """Return the process for one set of synapses.

    Raises
    ------
    MismatchError
        For a geometry that no stock process has, or a convolution that Lava would compute otherwise.
    """
    kind = node.geometry.get("kind", "dense")
    if kind in ("conv", "pool"):  # a pooling is a convolution of each channel with ones
        return _convolution(name, node, network)
    if kind != "dense":
        raise MismatchError(f"node {name!r} ({kind}) has no counterpart among Lava's processes")
    return _dense(name, node, network)


def neurons(name: str, node: IntegerNeurons, reset: tuple[int, int] | None) -> Process:
    """Return the process for one population; ``reset`` is the interval and offset of its clearing."""
    shape = layout.lava_shape(node.shape)
    if node.kind == "graded":
        return Process(name, "GradedVec", {"shape": shape, "vth": node.vth}, shape, shape)
    settings: dict[str, Any] = {
        "shape": shape,
        "du": node.du,
        "dv": node.dv,
        "bias_mant": layout.lava_order(layout.full(node.bias_mant, node.shape)),
        "bias_exp": node.bias_exp,
    }
    if node.kind == "ternary":
        settings |= {"vth_hi": node.vth, "vth_lo": node.vth_low}
        return Process(name, "TernaryLIF", settings, shape, shape)
    settings["vth"] = node.vth
    if reset is None:
        return Process(name, "LIF", settings, shape, shape)
    settings |= {"reset_interval": reset[0], "reset_offset": reset[1]}
    return Process(name, "LIFReset", settings, shape, shape)


def _dense(name: str, node: IntegerSynapses, network: IntegerNetwork) -> Process:
    sources, targets = layout.source_shape(network, name), layout.target_shape(network, name)
    settings: dict[str, Any] = {
        "weights": layout.reordered(node.weight, sources, targets),
        "weight_exp": node.exponent,
        "num_weight_bits": node.bits,
        "num_message_bits": node.message_bits,
        "sign_mode": node.sign_mode.upper(),
    }
    n_out, n_in = node.weight.shape
    kind = "Dense"
    if node.delay is not None and node.delay.any():
        kind = "DelayDense"
        settings["delays"] = layout.reordered(node.delay, sources, targets)
    elif node.message_bits == 0 and np.count_nonzero(node.weight) < SPARSE_BELOW * node.weight.size:
        kind = "Sparse"
    return Process(name, kind, settings, (n_in,), (n_out,))


def _convolution(name: str, node: IntegerSynapses, network: IntegerNetwork) -> Process:
    if node.exponent < 0 or node.delay is not None:
        raise MismatchError(
            f"node {name!r}: Lava's Conv has neither delays nor an exponent, and one below 0 "
            f"({node.exponent}) cannot be taken into the weights"
        )
    geometry = node.geometry
    settings: dict[str, Any] = {
        "weight": layout.filters(node.weight) << node.exponent,
        "input_shape": layout.lava_shape(layout.taken_shape(node)),
        "num_message_bits": node.message_bits,
        "groups": int(geometry.get("groups", 1)),
    }
    for key, default in (("stride", 1), ("padding", 0), ("dilation", 1)):
        high, wide = np.broadcast_to(geometry.get(key, default), 2).tolist()
        settings[key] = (wide, high)
    gives = layout.lava_shape(layout.target_shape(network, name))
    return Process(name, "Conv", settings, settings["input_shape"], gives)
