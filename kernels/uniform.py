"""Uniform draws in the open interval (0, 1), float32."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.philox import words64

CELL = np.float32(2.0**-23)
HALF_CELL = np.float32(2.0**-24)


@kernel(inline=True)
def uniform_of(word: np.uint32) -> np.float32:
    """Return ``(floor(word / 2**9) + 1/2) 2**-23``: exact, symmetric about 1/2 (eq:uniform-map)."""
    return np.float32(np.uint32(word >> np.uint32(9))) * CELL + HALF_CELL


@kernel
def fill_uniform(key: np.uint64, tick: np.uint64, out: NDArray[np.float32], first: int = 0) -> None:
    """Write uniform draws: element ``first + j`` of tick ``tick + r`` to ``out[r, j]`` (eq:uniform-map).

    Parameters
    ----------
    key : uint64
        The stream.
    tick : uint64
        Of row 0; one tick a row, modulo 2**64.
    out : (rows, columns) float32
        Overwritten with values from 2**-24 to 1 - 2**-24.
    first : int
        Element of column 0, a multiple of 64, for callers that split columns.

    Notes
    -----
    Test: ``tests/statistical/test_uniform.py``.
    """
    words = np.empty(64, np.uint32)
    rows, columns = out.shape
    for r in range(rows):
        for start in range(0, columns, 64):
            words64(key, tick + np.uint64(r), np.uint64((first + start) >> 6), words)
            part = out[r, start : start + 64]  # also the ragged end of a row
            for i in range(len(part)):
                part[i] = uniform_of(words[i])
