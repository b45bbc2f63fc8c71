"""Images as rows of patches, one for each place of a filter (eq:patches)."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel


@kernel
def take_patches(
    image: NDArray[Any], stride: tuple[int, int], dilation: tuple[int, int], first: int, out: NDArray[Any]
) -> None:
    """Write what a filter sees at each of its places to ``out`` (eq:patches).

    Parameters
    ----------
    image : (rows, channels, height, width) float
        With its padding.
    stride, dilation : (int, int)
        Along height and width.
    first : int
        Which row of places is the first of ``out``.
    out : (rows, high, wide, channels, kernel_height, kernel_width) float
        Overwritten.

    Notes
    -----
    Test: ``tests/unit/test_timed_convolution.py``.
    """
    rows, high, wide, channels, tall, broad = out.shape
    for n in range(rows):
        for y in range(high):
            for x in range(wide):
                left = x * stride[1]
                for c in range(channels):
                    for i in range(tall):
                        line = image[n, c, (first + y) * stride[0] + i * dilation[0]]
                        for j in range(broad):
                            out[n, y, x, c, i, j] = line[left + j * dilation[1]]
