"""Rademacher draws: -1 or +1, each with probability 1/2."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import as_float
from hwnoise.kernels.philox import words64

SIGN = np.uint32(0x80000000)
ONE = np.uint32(0x3F800000)  # the bits of 1.0


@kernel(inline=True)
def rademacher_of(word: np.uint32) -> np.float32:
    """Return -1 where bit 31 of ``word`` is set, else +1: that bit is the sign (eq:rademacher-map)."""
    return as_float((word & SIGN) | ONE)


@kernel
def fill_rademacher(key: np.uint64, tick: np.uint64, out: NDArray[Any], first: int = 0) -> None:
    """Write signs: element ``first + j`` of tick ``tick + r`` to ``out[r, j]`` (eq:rademacher-map).

    Parameters
    ----------
    key : uint64
        The stream.
    tick : uint64
        Of row 0; one tick a row, modulo 2**64.
    out : (rows, columns) float32, or any signed type
        Overwritten with -1 and +1.
    first : int
        Element of column 0, a multiple of 64, for callers that split columns.

    Notes
    -----
    Test: ``tests/statistical/test_rademacher.py``.
    """
    words = np.empty(64, np.uint32)
    rows, columns = out.shape
    for r in range(rows):
        for start in range(0, columns, 64):
            words64(key, tick + np.uint64(r), np.uint64((first + start) >> 6), words)
            part = out[r, start : start + 64]  # also the ragged end of a row
            for i in range(len(part)):
                part[i] = rademacher_of(words[i])
