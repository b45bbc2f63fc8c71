"""Images as rows of patches, one for each place of a filter (eq:patches)."""

from __future__ import annotations

from typing import Any

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
            for c in range(image.shape[1]):
                for i in range(tall):
                    line = image[n, c, (first + y) * stride[0] + i * dilation[0]]
                    at = (c * tall + i) * broad
                    for x in range(wide):
                        patch, left = out[n, y, x], x * stride[1]
                        for j in range(broad):
                            patch[at + j] = line[left + j * dilation[1]]
