"""Synapses that release with a probability: which did is a pure function of (key, tick, synapse).

Synapse ``j`` of input line ``i`` is element ``64 c g + n (i - l g) + j``: lines come in groups ``g = i // l``
of ``l`` lines that fill ``c`` chunks of random words (eq:release-layout). A line on which nothing
arrives is not drawn, and how rows are split over calls or threads changes nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.philox import words64

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
WHOLE = np.float64(2.0**32)


@kernel
def lines_in_group(synapses: int) -> int:
    """How many lines of so many ``synapses`` share a chunk of words, at least 1 (eq:release-layout)."""
    return max(1, 64 // synapses)


@kernel
def group_words(key: np.uint64, tick: np.uint64, group: int, words: Words) -> None:
    """Write the words of one group of lines to ``words``, whose length is a multiple of 64."""
    chunks = len(words) // 64
    for c in range(chunks):
        words64(key, tick, np.uint64(group * chunks + c), words[64 * c : 64 * c + 64])


@kernel
def fill_last(probability: NDArray[np.float64], out: Words) -> None:
    """Write the last word that means release, ``floor(p 2**32) - 1`` (eq:release-event).

    Parameters
    ----------
    probability : (n_in, n) float64
        In [2**-32, 1]; 1 is exact, all else is realised within 2**-32.
    out : (n_in, n) uint32
        Overwritten.
    """
    for i in range(probability.shape[0]):
        for j in range(probability.shape[1]):
            out[i, j] = np.uint32(np.uint64(probability[i, j] * WHOLE) - np.uint64(1))


@kernel
def release(
    x: Floats, amplitude: Floats, last: Words, keys: NDArray[np.uint64], tick: np.uint64, y: Floats
) -> None:
    """Write what the synapses transmit, ``y_j = sum_k sum_i x_i b_kij a_ij`` (eq:release-read).

    Parameters
    ----------
    x : (rows, n_in) float32
    amplitude : (n_in, n) float32
        Transmitted by one event that is released.
    last : (n_in, n) uint32
        Last word that means release, see ``fill_last``.
    keys : (events,) uint64
        One stream per event of a read.
    tick : uint64
        Of the first row; row r uses tick + r.
    y : (rows, n) float32
        Overwritten.

    Notes
    -----
    Mean ``events x @ (p a)`` and variance ``events x**2 @ (p (1 - p) a**2)`` (eq:release-moments).
    Oracle: ``oracles_synapse.release``. Test: ``tests/statistical/test_stochastic_synapse.py``.
    """
    n_in, n = last.shape
    lines = lines_in_group(n)
    words = np.empty((lines * n + 63) // 64 * 64, np.uint32)
    y[:] = np.float32(0)
    for r in range(x.shape[0]):
        for first in range(0, n_in, lines):
            stop = min(first + lines, n_in)
            if not x[r, first:stop].any():
                continue
            for key in keys:
                group_words(key, tick + np.uint64(r), first // lines, words)
                for i in range(first, stop):
                    if x[r, i] != 0:
                        _add_released(x[r, i], words[(i - first) * n :], last[i], amplitude[i], y[r])


@kernel
def correlate(
    credit: Floats,
    arrived: NDArray[np.bool_],
    last: Words,
    keys: NDArray[np.uint64],
    tick: np.uint64,
    out: Floats,
    first_line: int = 0,
) -> None:
    """Write ``sum_r credit_r sum_k (b_rkij - p_ij)`` over rows in which an input arrived (eq:eligibility).

    The releases are drawn once more from their counters: nothing was stored when they happened.

    Parameters
    ----------
    credit : (rows,) float32
    arrived : (rows, lines) bool
        Whether the input of that row and line was not 0.
    last : (lines, n) uint32
    keys : (events,) uint64
    tick : uint64
        Of the first row, as in ``release``.
    out : (lines, n) float32
        Overwritten.
    first_line : int
        Line of row 0 of ``last``, a multiple of ``lines_in_group(n)``, for callers that split lines.
    """
    n_lines, n = last.shape
    lines = lines_in_group(n)
    words = np.empty((lines * n + 63) // 64 * 64, np.uint32)
    out[:] = np.float32(0)
    for first in range(0, n_lines, lines):
        stop = min(first + lines, n_lines)
        group = (first_line + first) // lines
        for r in range(len(credit)):
            if credit[r] == 0 or not arrived[r, first:stop].any():
                continue
            for key in keys:
                group_words(key, tick + np.uint64(r), group, words)
                for i in range(first, stop):
                    if arrived[r, i]:
                        _add_credit(credit[r], words[(i - first) * n :], last[i], out[i])


@kernel(inline=True)
def _add_released(x: np.float32, words: Words, last: Words, amplitude: Floats, y: Floats) -> None:
    for j in range(len(y)):
        y[j] += x * amplitude[j] if words[j] <= last[j] else np.float32(0)


@kernel(inline=True)
def _add_credit(credit: np.float32, words: Words, last: Words, out: Floats) -> None:
    """Add ``credit (b - p)``."""
    for j in range(len(out)):
        p = np.float32((np.float64(last[j]) + 1.0) / WHOLE)
        out[j] += credit * (np.float32(1) - p) if words[j] <= last[j] else -credit * p
