"""Conductance levels: a target moves to one that the device has (eq:nearest-level)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bernoulli import threshold_of
from hwnoise.kernels.bits import halves
from hwnoise.kernels.philox import philox

Floats = NDArray[np.float64]


@kernel
def interval_of(levels: Floats, x: float) -> int:
    """Return k with ``levels[k] <= x < levels[k + 1]``, the first or last interval beyond the ends."""
    low, high = 0, len(levels) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if x < levels[middle]:
            high = middle
        else:
            low = middle
    return low


@kernel
def to_nearest_level(x: Floats, levels: Floats, out: Floats) -> None:
    """Write the level nearest to each ``x``, the upper one half-way (eq:nearest-level).

    Parameters
    ----------
    x : (n,) float64
    levels : (m,) float64
        Rising, m >= 2.
    out : (n,) float64
        Overwritten; may be ``x``.

    Notes
    -----
    Oracle: ``oracles_array.nearest_level``. Test: ``tests/statistical/test_levels.py``.
    """
    for i in range(len(x)):
        k = interval_of(levels, x[i])
        up = x[i] - levels[k] >= levels[k + 1] - x[i]
        out[i] = levels[k + 1] if up else levels[k]


@kernel
def to_level_beside(x: Floats, levels: Floats, words: NDArray[np.uint32], out: Floats) -> None:
    """Write one of the two levels beside each ``x``, with mean ``x`` (eq:stochastic-level).

    Parameters
    ----------
    x : (n,) float64
        Clipped to the range of the levels.
    levels : (m,) float64
        Rising, m >= 2.
    words : (n,) uint32
        Uniform words (``write_words``).
    out : (n,) float64
        Overwritten; may be ``x``.

    Notes
    -----
    A target that is a level stays. Test: ``tests/statistical/test_levels.py``.
    """
    for i in range(len(x)):
        k = interval_of(levels, x[i])
        below, above = levels[k], levels[k + 1]
        fraction = min(max((x[i] - below) / (above - below), 0.0), 1.0)
        out[i] = above if np.uint64(words[i]) < threshold_of(fraction) else below


@kernel
def write_words(
    elements: NDArray[np.int64],
    generations: NDArray[np.uint32],
    plane: int,
    key: np.uint64,
    out: NDArray[np.uint32],
) -> None:
    """Draw the uniform word that one programming of a device consumes (eq:stochastic-level).

    Parameters
    ----------
    elements : (n,) int64
        Which weights are programmed.
    generations : (n,) uint32
        How often each was programmed, this time included.
    plane : int
        Which of a weight's devices.
    key : uint64
        The array's stream for levels.
    out : (n,) uint32
        Overwritten.

    Notes
    -----
    A pure function of (key, element, generation, plane): Philox counter (element, generation, plane, 0).
    """
    k0, k1 = halves(key)
    for i in range(len(elements)):
        word, _, _, _ = philox(np.uint32(elements[i]), generations[i], np.uint32(plane), np.uint32(0), k0, k1)
        out[i] = word
