"""Stuck devices: one uniform draw per device decides its fate, once and for all (eq:stuck)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.philox import word_at, words64
from hwnoise.kernels.uniform import uniform_of


@kernel
def fill_fates(key: np.uint64, tick: np.uint64, edges: NDArray[np.uint64], out: NDArray[np.uint8]) -> None:
    """Write ``k + 1`` where the word lies in ``[edges[k - 1], edges[k])``, and 0 above them all (eq:stuck).

    Parameters
    ----------
    key : uint64
        The chip's fault stream.
    tick : uint64
        Of row 0; row r uses tick + r, column j is element j.
    edges : (kinds,) uint64
        Cumulative rates times 2**32, not falling, at most 2**32: rates of 0 and 1 are exact.
    out : (rows, n) uint8
        Overwritten: 0 is a good device.

    Notes
    -----
    Oracle: ``oracles_array.fate``. Test: ``tests/statistical/test_faults.py``.
    """
    words = np.empty(64, np.uint32)
    rows, n = out.shape
    for r in range(rows):
        for first in range(0, n, 64):
            words64(key, tick + np.uint64(r), np.uint64(first >> 6), words)
            part = out[r, first : first + 64]  # also the ragged end of a row
            for i in range(len(part)):
                fate = 0
                for k in range(len(edges) - 1, -1, -1):
                    fate = k + 1 if np.uint64(words[i]) < edges[k] else fate
                part[i] = fate


@kernel
def fill_uniform_at(key: np.uint64, elements: NDArray[np.int64], out: NDArray[np.float32]) -> None:
    """Write the uniform draw of each of ``elements`` at tick 0 (eq:stuck, eq:uniform-map).

    Parameters
    ----------
    key : uint64
    elements : (n,) int64
    out : (n,) float32
        Overwritten: what ``fill_uniform`` writes at those elements.
    """
    for i in range(len(elements)):
        out[i] = uniform_of(word_at(key, np.uint64(0), elements[i]))
