"""Images as rows of patches, one for each place of a filter (eq:patches)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel


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
    rows, high, wide, _ = out.shape
    tall, broad = kernel_size
    for n in range(rows):
        for y in range(high):
            patches = out[n, y]
            for c in range(image.shape[1]):
                for i in range(tall):
                    line = image[n, c, (first + y) * stride[0] + i * dilation[0]]
                    for j in range(broad):
                        # a column of all places at a time: rows of a filter are short, those of an image long
                        at, left = np.uint64((c * tall + i) * broad + j), np.uint64(j * dilation[1])
                        for x in range(wide):
                            patches[np.uint64(x), at] = line[left + np.uint64(x * stride[1])]
