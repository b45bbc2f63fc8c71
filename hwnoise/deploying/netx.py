"""The HDF5 file that lava-dl's netx loads: a chain of dense layers of spiking neurons.

netx has no exponent on sums and always 6 on biases. A layer that needs another is written with its
weights as they are, and its threshold and biases divided by the power of two instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import MismatchError
from hwnoise.files import replacing
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses

Array = NDArray[Any]
BIAS_EXPONENT = 6
_PLAIN = ("lif", "li")
_THRESHOLD_NEVER = 1 << 17
_THRESHOLD_MAX = _THRESHOLD_NEVER - 1
_WEIGHTS = (-256, 254)
_BIASES = (-4096, 4095)


@dataclass(frozen=True, eq=False)
class Layer:
    """One dense layer as netx reads it.

    Attributes
    ----------
    name : str
    weight : (n_out, n_in) int
        Without an exponent.
    bias : (n_out,) int
        In units of 64.
    du, dv, vth : int
        As in :class:`~hwnoise.integers.IntegerNeurons`.
    grown : int
        Powers of two by which current and membrane are larger than in the network.
    """

    name: str
    weight: Array
    bias: Array
    du: int
    dv: int
    vth: int
    grown: int


def write(path: Path, network: IntegerNetwork) -> tuple[str, ...]:
    """Write ``network`` to a netx file; a file already there is replaced in one step.

    Returns
    -------
    tuple of str
        A sentence for each layer that netx will compute with finer rounding than the network.

    Raises
    ------
    MismatchError
        For what netx has no layer for, or no room.
    """
    import h5py

    layers = [_layer(name, node, neurons) for name, node, neurons in _chain(network)]
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        for index, layer in enumerate(layers):
            _write_layer(file.create_group(f"layer/{index}"), layer)
    return tuple(
        f"{layer.name}: netx files hold no exponent; currents and membranes there are 2^{layer.grown} times "
        "as large, are rounded otherwise, and single spikes may differ"
        for layer in layers
        if layer.grown
    )


def is_netx(path: Path) -> bool:
    """Tell whether ``path`` is an HDF5 file with layers, as ``write`` leaves one."""
    import h5py

    if not h5py.is_hdf5(path):
        return False
    with h5py.File(path) as file:
        return "layer/0" in file


def _chain(network: IntegerNetwork) -> list[tuple[str, IntegerSynapses, IntegerNeurons]]:
    """Return synapses and neurons in turn, or raise for the first node that netx has no layer for."""
    if network.edges != tuple(pairwise(("input", *network.nodes, "output"))):
        raise MismatchError("netx files hold chains of layers, and this network branches or has loops")
    nodes = list(network.nodes.items())
    found = []
    for (name, synapses), (after, neurons) in zip(nodes[::2], nodes[1::2], strict=True):
        if not isinstance(synapses, IntegerSynapses) or synapses.geometry or synapses.delay is not None:
            raise MismatchError(
                f"node {name!r}: only dense synapses without delays are written to netx files"
            )
        if not isinstance(neurons, IntegerNeurons) or neurons.kind not in _PLAIN or neurons.refractory:
            raise MismatchError(f"neurons {after!r}: netx has only plain LIF neurons")
        found.append((name, synapses, neurons))
    return found


def _layer(name: str, synapses: IntegerSynapses, neurons: IntegerNeurons) -> Layer:
    """Take the exponent into the weights, or where they have no room for it, out of all the rest."""
    _check_weights(name, synapses.weight)
    weight, grown = _scaled(synapses.weight, synapses.exponent), 0
    if np.any(weight % 1) or weight.min() < _WEIGHTS[0] or weight.max() > _WEIGHTS[1]:
        weight, grown = synapses.weight, -synapses.exponent
    bias = _scaled(np.broadcast_to(neurons.bias_mant, neurons.n), neurons.bias_exp - BIAS_EXPONENT + grown)
    vth = _THRESHOLD_NEVER
    if neurons.kind == "lif":
        vth = int(_rounded(name, "vth", _scaled(np.array([neurons.vth]), grown), (0, _THRESHOLD_MAX))[0])
    bias = _rounded(name, "bias", bias, _BIASES)
    return Layer(name, weight.astype(np.int64), bias, neurons.du, neurons.dv, vth, grown)


def _check_weights(name: str, weight: Array) -> None:
    """Refuse what netx's search for the fewest bits makes other weights of."""
    if not weight.any():
        raise MismatchError(f"node {name!r}: all its weights are 0, and netx divides by the largest")
    largest = int(-weight.min())
    if weight.max() <= 0 and largest & (largest - 1) == 0:
        raise MismatchError(
            f"node {name!r}: its weights only inhibit, and netx shifts the strongest, {-largest}, "
            "to -256, which Lava cuts off at -255"
        )


def _scaled(values: Array, exponent: int) -> Array:
    return np.asarray(values, np.float64) * 2.0**exponent


def _rounded(name: str, key: str, values: Array, limits: tuple[int, int]) -> Array:
    found, (low, high) = np.rint(values).astype(np.int64), limits
    if found.min() < low or found.max() > high:
        raise MismatchError(
            f"layer {name!r}: {key} in a netx file must be {low} to {high}, "
            f"and without an exponent it would be {found.min()} to {found.max()}"
        )
    return found


def _write_layer(group: Any, layer: Layer) -> None:
    """Write what ``lava.lib.dl.netx.hdf5.Network`` of lava-dl 0.6.0 asks for, in its types."""
    group["type"] = np.array([b"dense"])
    group["shape"] = np.array([len(layer.weight), 1, 1])
    group["weight"] = layer.weight.astype(np.float64)
    if layer.bias.any():
        group["bias"] = layer.bias.astype(np.float64)
    neuron = group.create_group("neuron")
    neuron["type"] = np.array([b"CUBA"])
    neuron["iDecay"] = layer.du + 1  # netx takes the 1 off again
    neuron["vDecay"] = layer.dv
    neuron["vThMant"] = layer.vth
    neuron["refDelay"] = 1
    neuron["gradedSpike"] = False
