"""A network without time as mathematics: no noise, no converters, float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from hwnoise.backends.base import Array
from hwnoise.errors import MismatchError
from hwnoise.nodes import (
    Affine,
    AvgPool2d,
    Conv1d,
    Conv2d,
    Flatten,
    Input,
    Linear,
    Node,
    Output,
    Relu,
    Shape,
    Sigmoid,
    Softmax,
    Tanh,
)
from hwnoise.nodes.convolution import Pool2d
from hwnoise.patches import Patches

if TYPE_CHECKING:
    from hwnoise.network import Network


def forward(network: Network, parameters: Mapping[str, Array], x: Array) -> Array:
    """The network without noise or converters, in float64.

    Parameters
    ----------
    network : Network
        Feed-forward, without time.
    parameters : mapping of str to array
        Weights and biases in place of the network's own.
    x : (samples, n_in) float

    Returns
    -------
    (samples, n_out) float64

    Raises
    ------
    MismatchError
        If a node has a memory, or none of these formulas.
    """
    values: dict[str, Array] = {}
    for name, node in network.nodes.items():
        fed = [values[a] for a, b in network.edges if b == name]
        given = np.asarray(sum(fed[1:], fed[0]) if fed else x, np.float64).reshape(len(x), -1)
        own = {
            key: parameters[f"{name}.{key}"] for key in ("weight", "bias") if f"{name}.{key}" in parameters
        }
        values[name] = _through(name, node, network.input_shapes[name], own, given)
    return values[name]


def _through(name: str, node: Node, shape: Shape, own: Mapping[str, Array], x: Array) -> Array:
    """What ``node`` makes of ``x`` (samples, n), flat per sample."""
    if isinstance(node, (Input, Output, Flatten)):
        return x
    if isinstance(node, (Affine, Linear)):
        return np.asarray(x @ own["weight"].T + own.get("bias", np.zeros(1)))
    if isinstance(node, (Conv1d, Conv2d)):
        patches = Patches.of(node, shape)
        filters = np.split(own["weight"].reshape(len(own["weight"]), -1), patches.groups)
        seen = zip(patches.split(patches.taken(x)), filters, strict=True)
        maps = np.concatenate([patch @ weight.T for patch, weight in seen], axis=1)
        return patches.channels_first(maps + own["bias"])
    if isinstance(node, Pool2d):
        return _pooled(node, x.reshape(-1, *shape)).reshape(len(x), -1)
    if type(node) in _ACTIVATIONS:
        return _ACTIVATIONS[type(node)](x)
    raise MismatchError(f"node {name!r} ({node.kind}) has no formula without time")


def _pooled(node: Pool2d, x: Array) -> Array:
    """Sum or mean of each window of ``x`` (samples, channels, height, width)."""
    (height, width), (down, right), (top, left) = node.kernel_size, node.stride, node.padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    rows, columns = padded.shape[2] - height + 1, padded.shape[3] - width + 1
    total = np.zeros_like(padded[:, :, :rows:down, :columns:right])
    for i, j in np.ndindex(height, width):
        total += padded[:, :, i : i + rows : down, j : j + columns : right]
    return np.asarray(total / (height * width) if isinstance(node, AvgPool2d) else total)


def _softmax(a: Array) -> Array:
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


_ACTIVATIONS: dict[type[Node], Callable[[Array], Array]] = {
    Relu: lambda a: np.asarray(np.maximum(a, 0)),
    Tanh: np.tanh,
    Sigmoid: lambda a: np.asarray(0.5 * (1 + np.tanh(0.5 * a))),
    Softmax: _softmax,
}
