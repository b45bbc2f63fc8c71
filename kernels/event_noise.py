"""Fresh read noise of inputs that are 0 or 1: of devices that are alike, a matter of counting."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.cache_line import from_cache_line
from hwnoise.kernels.gaussian import gaussian64

Floats = NDArray[np.float32]


@kernel
def are_alike(rows: Floats) -> bool:
    """Return whether all ``rows`` (n, n_out) float32 are the same."""
    first = rows[0]
    for r in range(1, len(rows)):
        row, other = rows[r], np.int32(0)
        for j in range(len(row)):
            other += np.int32(row[j] != first[j])
        if other:
            return False
    return True


@kernel
def add_event_noise(key: np.uint64, tick: np.uint64, times: Floats, variance: Floats, y: Floats) -> None:
    """Add ``sqrt(times[r] variance) z`` to row r of ``y`` (eq:read-noise-output).

    Parameters
    ----------
    key : uint64
        The array's read stream.
    tick : uint64
        Of the first row; row r uses tick + r, column j is element j.
    times : (rows,) float32, >= 0
        Where this is 0 nothing is drawn.
    variance : (rows, n) or (1, n) float32, >= 0
        Of each row, or of all.
    y : (rows, n) float32
        Added to.

    Notes
    -----
    With the draws of ``read_noise.add_output_noise``. Test: ``tests/unit/test_event_product.py``.
    """
    words, z = from_cache_line(64).view(np.uint32), from_cache_line(64)
    n = y.shape[1]
    for r in range(y.shape[0]):
        many, own = times[r], r if len(variance) > 1 else 0
        for chunk in range((n + 63) // 64 if many > 0 else 0):
            gaussian64(key, tick + np.uint64(r), np.uint64(chunk), words, z)
            first = 64 * chunk
            for i in range(min(64, n - first)):
                y[r, first + i] += math.sqrt(many * variance[own, first + i]) * z[i]
