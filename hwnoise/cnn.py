"""Convolutional networks from a few sizes: ``1x28x28-c8k5-p2-c16k5-p2-10``."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np

from hwnoise.errors import InputError
from hwnoise.graph import Edge
from hwnoise.mlp import MAX_PARAMETERS, draw_weight
from hwnoise.nodes import Affine, AvgPool2d, Conv2d, Flatten, Input, Node, Output, Relu, Softmax
from hwnoise.nodes.base import Shape, brief

_NUMBER = r"[1-9][0-9]{0,8}"
_IMAGE = re.compile(rf"({_NUMBER})x({_NUMBER})x({_NUMBER})")
_FILTERS = re.compile(rf"c({_NUMBER})k({_NUMBER})(?:s({_NUMBER}))?")
_POOL = re.compile(rf"p({_NUMBER})")
_DENSE = re.compile(_NUMBER)
_FORM = (
    "an image, filters, pools and dense layers joined by '-', such as 1x28x28-c8k5-p2-10 "
    "(8 filters of 5 x 5, then means over 2 x 2, then 10 nodes)"
)


def is_cnn(sizes: str) -> bool:
    """Whether ``sizes`` begins as those of a convolutional network do."""
    return _IMAGE.match(sizes) is not None


def draw_cnn(
    sizes: str, generator: np.random.Generator, gain: float
) -> tuple[dict[str, Node], tuple[Edge, ...]]:
    """Return the nodes and edges of a convolutional network with random weights and zero biases.

    See :meth:`hwnoise.network.Network.cnn`, the door to this.
    """
    if not (math.isfinite(gain) and gain > 0):
        raise InputError(f"gain must be a finite number > 0, got {gain}")
    first, *words = sizes.split("-")
    image = _IMAGE.fullmatch(first)
    if image is None or not words or not _DENSE.fullmatch(words[-1]):
        raise InputError(f"network {brief(sizes)} must be {_FORM}")
    shape: Shape = tuple(map(int, image.groups()))
    nodes: dict[str, Node] = {"input": Input(shape)}
    for number, word in enumerate(words, 1):
        shape = _add(nodes, word, shape, generator, gain, number == len(words))
    nodes["output"] = Output(shape)
    return nodes, tuple(pairwise(nodes))


def _add(
    nodes: dict[str, Node], word: str, shape: Shape, generator: np.random.Generator, gain: float, last: bool
) -> Shape:
    """Add what ``word`` says to ``nodes``, behind an output of ``shape``; return the new one."""
    filters, pool, dense = (form.fullmatch(word) for form in (_FILTERS, _POOL, _DENSE))
    if dense is not None:
        return _add_dense(nodes, int(word), shape, generator, gain, last)
    if len(shape) != 3 or (filters is None and pool is None):
        raise InputError(f"network: {brief(word)} cannot stand there; it must be {_FORM}")
    if filters is not None:
        channels, kernel, stride = (int(n or 1) for n in filters.groups())
        fan_in = shape[0] * kernel**2
        _check_size(channels * fan_in)
        drawn = gain * draw_weight(generator, channels, fan_in, 2)
        weight = drawn.astype(np.float32).reshape(channels, shape[0], kernel, kernel)
        name = _next(nodes, "conv")
        nodes[name] = Conv2d(weight, np.zeros(channels, np.float32), stride=(stride, stride))
        shape = nodes[name].output_shape(shape)
        nodes[f"{name}_activation"] = Relu(shape)
        return shape
    side = int(word[1:])
    node = AvgPool2d((side, side), (side, side))
    nodes[_next(nodes, "pool")] = node
    return node.output_shape(shape)


def _add_dense(
    nodes: dict[str, Node], n_out: int, shape: Shape, generator: np.random.Generator, gain: float, last: bool
) -> Shape:
    if len(shape) > 1:
        nodes["flatten"] = Flatten()
    n_in = math.prod(shape)
    _check_size(n_in * n_out)
    weight = gain * draw_weight(generator, n_out, n_in, 1 if last else 2)
    name = "readout" if last else _next(nodes, "hidden")
    nodes[name] = Affine(weight.astype(np.float32), np.zeros(n_out, np.float32))
    nodes["softmax" if last else f"{name}_activation"] = (Softmax if last else Relu)((n_out,))
    return (n_out,)


def _next(nodes: dict[str, Node], stem: str) -> str:
    """``conv1``, ``conv2``, ...: the first name of its kind that is free."""
    number = 1
    while f"{stem}{number}" in nodes:
        number += 1
    return f"{stem}{number}"


def _check_size(weights: int) -> None:
    if weights > MAX_PARAMETERS:
        raise InputError(f"a layer of the network has {weights} weights, more than {MAX_PARAMETERS}")
