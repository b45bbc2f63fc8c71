"""Convolution of spikes in integers: each active pixel adds its kernel to what lies under it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Integers = NDArray[np.int32]
Spikes = NDArray[np.int8] | NDArray[np.int32]


@kernel(inline=True)
def as_24_bits(x: np.int64) -> np.int32:
    """Return ``x`` modulo 2**24 in ``[-2**23, 2**23)`` (eq:loihi-convolution)."""
    return np.int32(((x + np.int64(2**23)) & np.int64(2**24 - 1)) - np.int64(2**23))


@kernel
def add_pixel(
    payload: np.int64, weight: Integers, place: Integers, origin: tuple[int, int, int], sums: Integers
) -> None:
    """Add one active pixel to every sum that its kernel reaches (eq:loihi-convolution).

    Parameters
    ----------
    payload : int64
    weight : (n_in / groups, kernel_height, kernel_width, n_out) int32
    place : (6,) int32
        Stride, padding and dilation, each down and across.
    origin : (int, int, int)
        Row and column of the pixel, and its channel within its group.
    sums : (height, width, channels) int32
        Of the pixel's group: added to.
    """
    y, x, c = origin
    height, width, channels = sums.shape
    for ky in range(weight.shape[1]):
        oy = y + place[2] - ky * place[4]
        if oy < 0 or oy % place[0] or oy // place[0] >= height:
            continue
        for kx in range(weight.shape[2]):
            ox = x + place[3] - kx * place[5]
            if ox < 0 or ox % place[1] or ox // place[1] >= width:
                continue
            under, brings = sums[oy // place[0], ox // place[1]], weight[c, ky, kx]
            for o in range(channels):
                under[o] += np.int32(payload * brings[o])


@kernel
def add_convolution(
    spikes: Spikes, weight: Integers, place: Integers, groups: int, graded: bool, current: Integers
) -> int:
    """Add the convolution of every step's spikes to ``current`` (eq:loihi-convolution).

    Parameters
    ----------
    spikes : (rows, n_in, height, width) int8 or int32
    weight : (n_in / groups, kernel_height, kernel_width, n_out) int32
        In the order of a correlation: not flipped.
    place : (6,) int32
        See ``add_pixel``.
    groups : int
    graded : bool
        Whether values count as payloads; else all that are not 0 count as one.
    current : (rows, n_out, height, width) int32
        Added to: the sum of each row modulo 2**24.

    Returns
    -------
    int
        Active pixels.

    Notes
    -----
    Equals Lava 0.10.0's Conv with flipped kernels and the axes in its order (width, height, channels).
    Test: ``tests/bit_exact/test_loihi_convolution.py``.
    """
    rows, n_in, height, width = spikes.shape
    _, n_out, out_height, out_width = current.shape
    sums = np.empty((out_height, out_width, n_out), np.int32)
    inner, outer, events = n_in // groups, n_out // groups, 0
    for r in range(rows):
        sums[:] = 0
        for c in range(n_in):
            first = (c // inner) * outer
            reach, kernels = sums[:, :, first : first + outer], weight[:, :, :, first : first + outer]
            for y in range(height):
                for x in range(width):
                    payload = np.int64(spikes[r, c, y, x])
                    if payload:
                        events += 1
                        add_pixel(
                            payload if graded else np.int64(1), kernels, place, (y, x, c % inner), reach
                        )
        for o in range(n_out):
            for y in range(out_height):
                for x in range(out_width):
                    current[r, o, y, x] += as_24_bits(np.int64(sums[y, x, o]))
    return events
