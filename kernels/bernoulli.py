"""Bernoulli draws: 1 with probability p, else 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.philox import words64


@kernel(inline=True)
def threshold_of(p: float) -> np.uint64:
    """Return ``floor(p 2**32)``: a word below it is a success, so p = 0 and p = 1 are exact."""
    return np.uint64(np.float64(p) * 4294967296.0)


@kernel
def fill_bernoulli(key: np.uint64, tick: np.uint64, p: float, out: NDArray[Any], first: int = 0) -> None:
    """Write ``word < floor(p 2**32)``: element ``first + j`` of tick ``tick + r`` (eq:bernoulli-map).

    Parameters
    ----------
    key : uint64
        The stream.
    tick : uint64
        Of row 0; one tick a row, modulo 2**64.
    p : float64
        Probability of a 1, in [0, 1]; realised within 2**-32.
    out : (rows, columns) uint8, bool or any number
        Overwritten with 0 and 1. At one address, a 1 stays a 1 when ``p`` grows.
    first : int
        Element of column 0, a multiple of 64, for callers that split columns.

    Notes
    -----
    Test: ``tests/statistical/test_bernoulli.py``.
    """
    threshold = threshold_of(p)
    words = np.empty(64, np.uint32)
    rows, columns = out.shape
    for r in range(rows):
        for start in range(0, columns, 64):
            words64(key, tick + np.uint64(r), np.uint64((first + start) >> 6), words)
            part = out[r, start : start + 64]  # also the ragged end of a row
            for i in range(len(part)):
                part[i] = np.uint64(words[i]) < threshold
