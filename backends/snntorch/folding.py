"""Batch normalisation as it is after training: a gain and an offset per channel, for the layer before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn

from hwnoise.backends.snntorch.neuron_nodes import array_of
from hwnoise.errors import InputError
from hwnoise.nodes import Affine, Conv1d, Conv2d, Linear, Node

NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d)


def folded(name: str, module: Any, before: Node) -> Node:
    """Return ``before`` with the normalisation behind it in its weights and biases.

    With the running mean m and variance v of a channel: y -> gain (y - m) / sqrt(v + eps) + offset.

    Parameters
    ----------
    name : str
    module : BatchNorm1d or BatchNorm2d
    before : Node
        What feeds it.

    Raises
    ------
    InputError
        Unless the normalisation stands behind a linear map and has running statistics.

    Notes
    -----
    S. Ioffe and C. Szegedy, ICML 2015 (arXiv:1502.03167): the statistics used after training.
    """
    kind = type(module).__name__
    if not isinstance(before, (Affine, Linear, Conv1d, Conv2d)):
        raise InputError(f"{name}: a {kind} has a place in a network only behind a Linear or a convolution")
    if module.running_mean is None:
        raise InputError(f"{name}: a {kind} without running statistics has no place in a network")
    mean, variance = array_of(module.running_mean), array_of(module.running_var)
    gain = 1 / np.sqrt(variance + np.float32(module.eps))
    offset = np.zeros_like(mean)
    if module.affine:
        gain, offset = gain * array_of(module.weight), array_of(module.bias)
    weight = before.weight * gain.reshape(-1, *(1,) * (before.weight.ndim - 1))
    bias = gain * ((0 if isinstance(before, Linear) else before.bias) - mean) + offset
    return Affine(weight, bias) if isinstance(before, Linear) else replace(before, weight=weight, bias=bias)
