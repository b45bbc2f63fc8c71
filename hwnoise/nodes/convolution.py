"""Nodes over images and sequences: convolutions, pools and Flatten."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hwnoise.errors import InputError
from hwnoise.nodes.base import Array, Node, Shape, brief, shape_text, store, store_array, to_array

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Conv1d(Node):
    """y_o(n) = b_o + sum_ck W_ock x_c(s n + d k - p), zero outside the input.

    Parameters
    ----------
    weight : (n_out, n_in / groups, k) float32 or float64
        W.
    bias : (n_out,) float32 or float64
        b.
    stride, dilation, groups : int, >= 1
        s, d, and the number of blocks into which the channels are split.
    padding : int >= 0, ``"same"`` or ``"valid"``
        p; ``"same"`` keeps the length (stride 1), ``"valid"`` is 0.
    """

    weight: Array
    bias: Array
    stride: int = 1
    padding: int | str = 0
    dilation: int = 1
    groups: int = 1

    def __post_init__(self) -> None:
        for name, least in (("stride", 1), ("padding", 0), ("dilation", 1)):
            _store_sizes(self, name, 1, least)
        _check_filters(self, ndim=3)

    def output_shape(self, shape: Shape) -> Shape:
        """Return ``(n_out, length)`` for ``(n_in, length)``."""
        padding = self.padding if isinstance(self.padding, str) else (self.padding,)
        return _filtered_shape(self, shape, (self.stride,), padding, (self.dilation,))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Conv2d(Node):
    """The convolution of :class:`Conv1d` over the two axes of an image.

    Parameters
    ----------
    weight : (n_out, n_in / groups, height, width) float32 or float64
        W.
    bias : (n_out,) float32 or float64
        b.
    stride, dilation : (int, int), >= 1
        Along height and width; one number stands for both.
    padding : (int, int) >= 0, ``"same"`` or ``"valid"``
        As in :class:`Conv1d`.
    groups : int, >= 1
        The number of blocks into which the channels are split.
    """

    weight: Array
    bias: Array
    stride: Pair = (1, 1)
    padding: Pair | str = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        for name, least in (("stride", 1), ("padding", 0), ("dilation", 1)):
            _store_sizes(self, name, 2, least)
        _check_filters(self, ndim=4)

    def output_shape(self, shape: Shape) -> Shape:
        """Return ``(n_out, height, width)`` for ``(n_in, height, width)``."""
        return _filtered_shape(self, shape, self.stride, self.padding, self.dilation)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pool2d(Node):
    """A window of ``kernel_size`` that moves over each channel for itself.

    Parameters
    ----------
    kernel_size, stride : (int, int), >= 1
        Height and width of the window, and s; one number stands for both.
    padding : (int, int), >= 0
        p.
    """

    kernel_size: Pair
    stride: Pair
    padding: Pair = (0, 0)

    def __post_init__(self) -> None:
        for name, least in (("kernel_size", 1), ("stride", 1), ("padding", 0)):
            _store_sizes(self, name, 2, least)
        if isinstance(self.padding, str):
            raise InputError(f"{self.kind}.padding must be whole numbers >= 0, got {self.padding!r}")

    def output_shape(self, shape: Shape) -> Shape:
        """Return ``(channels, height, width)`` for an image of as many channels."""
        if len(shape) != 3:
            raise InputError(f"{self.kind} takes (channels, height, width), gets {shape_text(shape)}")
        return shape[:1] + _windows(self, shape[1:], self.kernel_size, self.stride, self.padding, (1, 1))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SumPool2d(Pool2d):
    """y_c(n) = sum_k x_c(s n + k - p); symbols as in :class:`Pool2d`."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AvgPool2d(Pool2d):
    """The mean instead of the sum of :class:`SumPool2d`; padded zeros count."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Flatten(Node):
    """Join the axes ``start_dim`` to ``end_dim`` of a sample (counted without the batch) into one.

    Parameters
    ----------
    start_dim, end_dim : int
        First and last axis joined; by default all of them. Negative counts from the end.
    """

    start_dim: int = 0
    end_dim: int = -1

    def __post_init__(self) -> None:
        for name in ("start_dim", "end_dim"):
            store(self, name, _as_sizes(getattr(self, name), f"{self.kind}.{name}", 1, None)[0])

    def output_shape(self, shape: Shape) -> Shape:
        """Return ``shape`` with the axes joined."""
        first, last = (d + len(shape) if d < 0 else d for d in (self.start_dim, self.end_dim))
        if not 0 <= first <= last < len(shape):
            raise InputError(
                f"Flatten joins axes {self.start_dim} to {self.end_dim}, gets {shape_text(shape)}"
            )
        return (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])


def _as_sizes(value: object, what: str, count: int, least: int | None) -> tuple[int, ...]:
    """Return ``count`` whole numbers; one number stands for all of them."""
    sizes = tuple(np.atleast_1d(to_array(value, what)).tolist())
    sizes = sizes * count if len(sizes) == 1 else sizes
    if len(sizes) != count or not all(type(n) is int and (least is None or n >= least) for n in sizes):
        bound = "" if least is None else f" >= {least}"
        raise InputError(f"{what} must be {count} whole number{'s' * (count > 1)}{bound}, got {brief(value)}")
    return sizes


def _store_sizes(node: Node, name: str, count: int, least: int) -> None:
    value = getattr(node, name)
    if name == "padding" and isinstance(value, str):
        if value not in ("same", "valid"):
            raise InputError(f"{node.kind}.padding must be numbers, 'same' or 'valid', got {value!r}")
        return
    sizes = _as_sizes(value, f"{node.kind}.{name}", count, least)
    store(node, name, sizes if count > 1 else sizes[0])


def _check_filters(node: Conv1d | Conv2d, ndim: int) -> None:
    weight, bias = store_array(node, "weight", ndim), store_array(node, "bias")
    store(node, "groups", _as_sizes(node.groups, f"{node.kind}.groups", 1, 1)[0])
    if bias.shape != weight.shape[:1]:
        raise InputError(f"{node.kind}.bias must have shape {weight.shape[:1]}, got {bias.shape}")
    if weight.shape[0] % node.groups:
        raise InputError(f"{node.kind}.groups = {node.groups} does not divide {weight.shape[0]} filters")
    if node.padding == "same" and np.any(np.asarray(node.stride) != 1):
        raise InputError(f"{node.kind}.padding 'same' needs stride 1, got {node.stride}")


def _filtered_shape(
    node: Conv1d | Conv2d, shape: Shape, stride: Shape, padding: Shape | str, dilation: Shape
) -> Shape:
    n_out, per_group, *kernel = node.weight.shape
    n_in = per_group * node.groups
    if len(shape) != len(kernel) + 1 or shape[0] != n_in:
        raise InputError(f"{node.kind} takes {n_in} channels x {len(kernel)} axes, gets {shape_text(shape)}")
    if padding == "same":
        return (n_out, *shape[1:])
    amount = (0,) * len(kernel) if isinstance(padding, str) else padding
    return (n_out, *_windows(node, shape[1:], tuple(kernel), stride, amount, dilation))


def _windows(node: Node, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Shape:
    """Count the windows that fit along each axis."""
    axes = zip(size, kernel, stride, padding, dilation, strict=True)
    counts = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in axes)
    if min(counts) < 1:
        raise InputError(
            f"{node.kind} has a window of {shape_text(kernel)}, larger than its input {shape_text(size)}"
        )
    return counts
