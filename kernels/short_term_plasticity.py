"""Synapses that tire and warm up with the events that arrive (eq:plasticity-use, eq:plasticity-resources)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.stochastic_synapse import group_words, lines_in_group

Floats = NDArray[np.float32]
State = NDArray[np.float64]
Words = NDArray[np.uint32]


@kernel
def advance(
    x: Floats,
    use: float,
    recovery: float,
    facilitation: float,
    tick: np.uint64,
    used: State,
    left: State,
    last: NDArray[np.uint64],
    factor: Floats,
) -> None:
    """Write by what each line's probability of release is multiplied, and let its state follow.

    Parameters
    ----------
    x : (rows, n_in) float32
        An input other than 0 is an event.
    use : float64
        U, the probability of release at rest, in (0, 1].
    recovery, facilitation : float64
        Time constants in reads; 0 for at once.
    tick : uint64
        Of the first row; row r is read at tick + r.
    used, left : (n_in,) float64
        u of the line's last event, and the share of its resources that this event left; overwritten.
    last : (n_in,) uint64
        Tick of the last event; overwritten.
    factor : (rows, n_in) float32
        Overwritten: ``u R / U`` (eq:plasticity-use, eq:plasticity-resources); 0 without an event.

    Notes
    -----
    Oracle: ``oracles_synapse.plasticity``. Test: ``tests/statistical/test_short_term_plasticity.py``.
    """
    for r in range(x.shape[0]):
        now = tick + np.uint64(r)
        for i in range(x.shape[1]):
            factor[r, i] = 0
            if x[r, i] != 0:
                since = np.float64(now - last[i])
                u = used[i] * _decay(since, facilitation)
                u += use * (1.0 - u)
                resources = 1.0 - (1.0 - left[i]) * _decay(since, recovery)
                factor[r, i] = u * resources / use
                used[i], left[i], last[i] = u, resources * (1.0 - u), now


@kernel
def _decay(reads: float, constant: float) -> float:
    return math.exp(-reads / constant) if constant > 0 else 0.0


@kernel
def release_scaled(
    x: Floats,
    factor: Floats,
    amplitude: Floats,
    last: Words,
    keys: NDArray[np.uint64],
    tick: np.uint64,
    y: Floats,
) -> None:
    """As ``stochastic_synapse.release``, each line's probabilities multiplied by ``factor`` (rows, n_in)."""
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
                    _add(x[r, i], factor[r, i], words[(i - first) * n :], last[i], amplitude[i], y[r])


@kernel
def _add(x: np.float32, factor: np.float32, words: Words, last: Words, amplitude: Floats, y: Floats) -> None:
    for j in range(len(y)):
        below = (np.float64(last[j]) + 1.0) * np.float64(factor)
        y[j] += x * amplitude[j] if np.float64(words[j]) < below else np.float32(0)
