"""Images as rows of patches, one for each place of a filter (eq:patches)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

U = np.uint64  # of an index: others are asked whether they are negative


@kernel
def take_patches(
    image: NDArray[Any],
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    first: int,
    out: NDArray[Any],
) -> None:
    """Write what a filter sees at each of its places to ``out`` (eq:patches).

    Parameters
    ----------
    image : (rows, channels, height, width) float
        With its padding.
    kernel_size, stride, dilation : (int, int)
        Along height and width.
    first : int
        Which row of places is the first of ``out``.
    out : (rows, high, wide, size) float
        Overwritten; a patch in the order channel, height, width of the filter.

    Notes
    -----
    Test: ``tests/unit/test_timed_convolution.py``.
    """
    if dilation[1] == 1 and kernel_size[1] == 3:
        _take(image, kernel_size[0], 3, stride, dilation[0], 1, first, out)
    elif dilation[1] == 1 and kernel_size[1] == 5:
        _take(image, kernel_size[0], 5, stride, dilation[0], 1, first, out)
    else:
        _take(image, kernel_size[0], kernel_size[1], stride, dilation[0], dilation[1], first, out)


@kernel(inline=True)
def _take(
    image: NDArray[Any],
    tall: int,
    broad: int,
    stride: tuple[int, int],
    down: int,
    along: int,
    first: int,
    out: NDArray[Any],
) -> None:
    """Write all patches; where ``broad`` and ``along`` are known when compiling, a third to half faster."""
    rows, high, wide, _ = out.shape
    for n in range(rows):
        for y in range(high):
            for c in range(image.shape[1]):
                for i in range(tall):
                    line, at = U((first + y) * stride[0] + i * down), U((c * tall + i) * broad)
                    for x in range(wide):
                        left = U(x * stride[1])
                        for j in range(broad):
                            out[U(n), U(y), U(x), at + U(j)] = image[U(n), U(c), line, left + U(j * along)]


@kernel
def count_reads(x: NDArray[np.float32], times: NDArray[np.int64]) -> int:
    """Return how often a number other than zero is read, if number i of each row is read ``times[i]`` times.

    Parameters
    ----------
    x : (rows, n) float32
    times : (n,) int64

    Notes
    -----
    Test: ``tests/unit/test_timed_convolution.py``.
    """
    total = 0
    for r in range(x.shape[0]):
        for i in range(x.shape[1]):
            total += times[i] if x[r, i] != 0.0 else 0
    return total
