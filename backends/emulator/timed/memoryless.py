"""Nodes that compute each step for itself, digitally: pooling, scaling, activations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hwnoise.backends.emulator.activations import relu, sigmoid, softmax
from hwnoise.backends.emulator.timed.stage import Floats, Memoryless, Moment, Outcome, State
from hwnoise.errors import MismatchError
from hwnoise.nodes import (
    AvgPool2d,
    Flatten,
    Input,
    Node,
    Output,
    Relu,
    Scale,
    Shape,
    Sigmoid,
    Softmax,
    Tanh,
    Threshold,
)
from hwnoise.nodes.convolution import Pool2d

Function = Callable[[Floats], Floats]
_ACTIVATIONS: dict[type[Node], Function] = {Relu: relu, Sigmoid: sigmoid, Tanh: np.tanh}


class Map(Memoryless):
    """A function of each step of each row, (rows, n_in) to (rows, n_out)."""

    def __init__(self, function: Function) -> None:
        self._function = function

    def run(self, x: Floats, state: State, moment: Moment) -> Outcome:
        """Apply the function to ``x`` (rows, steps, n)."""
        rows, steps, n = x.shape
        return Outcome(self._function(x.reshape(rows * steps, n)).reshape(rows, steps, -1))


def map_of(name: str, node: Node, shape: Shape) -> Map:
    """Return what ``node`` does to inputs of ``shape``.

    Raises
    ------
    MismatchError
        If the emulator cannot compute it.
    """
    if isinstance(node, (Input, Output, Flatten)):
        return Map(lambda x: x)
    if isinstance(node, Scale):
        scale = node.scale.ravel().astype(np.float32)
        return Map(lambda x: x * scale)
    if isinstance(node, Threshold):
        threshold = node.threshold.ravel().astype(np.float32)
        return Map(lambda x: (x > threshold).astype(np.float32))
    if isinstance(node, Softmax):
        return Map(lambda x: softmax(x.reshape(-1, *shape)))
    if isinstance(node, Pool2d):
        return Map(lambda x: pooled(node, x.reshape(-1, *shape)))
    if type(node) in _ACTIVATIONS:
        return Map(_ACTIVATIONS[type(node)])
    raise MismatchError(f"node {name!r}: the emulator has no {node.kind} in a network with time")


def pooled(node: Pool2d, x: Floats) -> Floats:
    """Sum or mean of each window of ``x`` (rows, channels, height, width), flat per row."""
    (height, width), (down, right), (top, left) = node.kernel_size, node.stride, node.padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    rows, columns = padded.shape[2] - height + 1, padded.shape[3] - width + 1
    found = np.zeros_like(padded[:, :, :rows:down, :columns:right])
    for i in range(height):
        for j in range(width):
            found += padded[:, :, i : i + rows : down, j : j + columns : right]
    if isinstance(node, AvgPool2d):
        found /= np.float32(height * width)
    return found.reshape(len(x), -1)
