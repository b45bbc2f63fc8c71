"""A network of numbers as a network of spikes: relu layers become integrate-and-fire neurons.

Threshold balancing after Diehl et al., IJCNN 2015, with the percentile of Rueckauer et al.,
Frontiers in Neuroscience 11:682, 2017: each layer is scaled by what its neurons reach on training
data. Their neurons keep what a spike leaves over; the chip's forget it with their reset to zero,
so that rates come out as 1, 1/2, 1/3, ... of the steps. Thresholds therefore lie higher than theirs,
where these are close together, and the more so the more steps there are to count spikes in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import MismatchError
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses
from hwnoise.network import DenseLayer, Network

Array = NDArray[Any]
PAYLOAD = 127  # a graded spike of this size stands for an input of 1
PERCENTILE = 99.9
_LARGEST_SUM = 1 << 17  # beyond it, 64 times the sum leaves the 24 bits of the current
_LARGEST_WEIGHT = 254  # of signed weights with eight bits
_LARGEST_BIAS = 4095
_ONE_STEP, _FOR_EVER = 4095, 0  # decays: the current lasts one step, the membrane for ever


@dataclass(frozen=True, eq=False)
class Converted:
    """A rate-coded network, and what the conversion did.

    Attributes
    ----------
    integers : IntegerNetwork
    steps : int
        Of one presentation.
    peaks : tuple of float
        What one spike a step would stand for, by hidden layer.
    """

    integers: IntegerNetwork
    steps: int
    peaks: tuple[float, ...]

    def encode(self, x: Array) -> Array:
        """Return the input at every step, (samples, steps, n_in) int32: ``x`` in units of 1/127."""
        payload = np.rint(np.clip(x, -1, 1) * PAYLOAD).astype(np.int32)
        return np.ascontiguousarray(np.broadcast_to(payload[:, None], (len(x), self.steps, x.shape[1])))


def convert(network: Network, data: Array, steps: int, percentile: float = PERCENTILE) -> Converted:
    """Return ``network`` with its relus as spiking neurons and its last layer as integrators.

    Parameters
    ----------
    network : Network
        A chain of dense layers with relu between them.
    data : (samples, n_in) float
        Training data, by which layers are scaled.
    steps : int
        Of one presentation, >= 1; the longer, the finer the rates.
    percentile : float
        Of a layer's outputs on ``data``, in (0, 100]: what its neurons are taken to reach.

    Raises
    ------
    MismatchError
        If there is another activation than relu.
    """
    layers = network.dense_layers()
    _require_relu(layers)
    room = max(1.0, math.sqrt(steps) / 2)  # measured: least is lost when resets and counting lose alike
    peaks = [room * peak for peak in _peaks(layers, data, percentile)]
    nodes: dict[str, IntegerSynapses | IntegerNeurons] = {}
    for layer, before, after in zip(layers, (1.0, *peaks), (*peaks, 1.0), strict=True):
        is_first, is_last = layer is layers[0], layer is layers[-1]
        payload, longest = PAYLOAD if is_first else 1, steps if is_last else 1
        synapses = _synapses(layer.weight * (before / after), layer.bias / after, payload, longest)
        nodes[layer.name] = replace(synapses, message_bits=8 if is_first else 0)
        nodes[f"{layer.name}_neurons"] = _neurons(layer.bias / after, synapses, payload, is_last)
    path = ("input", *nodes, "output")
    integers = IntegerNetwork(nodes, tuple(pairwise(path)))
    return Converted(integers, steps, tuple(peaks))


def _require_relu(layers: Sequence[DenseLayer]) -> None:
    for layer in layers[:-1]:
        if layer.activation != "relu":
            raise MismatchError(
                f"layer {layer.name!r} ({layer.activation}) cannot become spikes: only relu is a rate"
            )
    if layers[-1].activation not in ("identity", "softmax"):
        raise MismatchError(
            f"layer {layers[-1].name!r} ({layers[-1].activation}): the last layer must be linear or a softmax"
        )


def forward(layers: Sequence[DenseLayer], x: Array) -> Array:
    """Return what the last of ``layers`` gives on ``x`` (samples, n_in), before any softmax: float64."""
    values = np.asarray(x, np.float64)
    for layer in layers:
        values = values @ layer.weight.T + layer.bias
        values = np.maximum(values, 0) if layer.activation == "relu" else values
    return values


def _peaks(layers: Sequence[DenseLayer], data: Array, percentile: float) -> list[float]:
    """Return the percentile of what each hidden layer gives on ``data``."""
    hidden = (forward(layers[: n + 1], data) for n in range(len(layers) - 1))
    return [float(np.percentile(values, percentile)) or 1.0 for values in hidden]


def _synapses(weight: Array, bias: Array, payload: int, steps: int) -> IntegerSynapses:
    """Fill the grid of weights, and shift the sums until sums, threshold and bias fit their bits.

    Not even ``steps`` of the largest sums overflow.
    """
    fine = _LARGEST_WEIGHT / (float(np.abs(weight).max()) or 1.0)
    grid = np.clip(2 * np.rint(weight * fine / 2), -256, _LARGEST_WEIGHT).astype(np.int32)
    needs = (
        payload * steps * float(np.abs(grid).sum(axis=1).max()) / _LARGEST_SUM,
        payload * fine / _LARGEST_SUM,
        payload * fine * float(np.abs(bias).max(initial=0)) / _LARGEST_BIAS,
    )
    exponent = min(0, -math.floor(math.log2(max(needs)) + 1))
    return IntegerSynapses(grid, 1 / fine, exponent)


def _neurons(bias: Array, synapses: IntegerSynapses, payload: int, is_last: bool) -> IntegerNeurons:
    """Return integrators whose threshold is a value of 1 (none for the last layer)."""
    unit = payload / synapses.scale * 2.0**synapses.exponent  # the sum of one step that stands for 1
    return IntegerNeurons(
        shape=bias.shape,
        du=_ONE_STEP,
        dv=_FOR_EVER,
        vth=1 << 17 if is_last else round(unit),
        scale=1 / (64 * unit),
        bias_mant=np.rint(unit * bias).astype(np.int32),
        bias_exp=6,  # the membrane counts 64ths of a sum
        kind="li" if is_last else "lif",
    )
