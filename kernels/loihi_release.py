"""What spikes bring through synapses that release at random, in Loihi's integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.loihi_synapses import ROOM, Integers, Spikes, add_shifted, find_active
from hwnoise.kernels.stochastic_synapse import group_words, lines_in_group

Weights = NDArray[np.int8] | NDArray[np.int16] | NDArray[np.int32]
Words = NDArray[np.uint32]


@kernel
def add_released(
    spikes: Spikes,
    weight: Weights,
    exponents: tuple[int, int],
    last: np.uint32,
    keys: NDArray[np.uint64],
    ticks: NDArray[np.uint64],
    quiet: NDArray[np.bool_],
    graded: bool,
    current: NDArray[np.int32],
) -> int:
    """Add what dense synapses bring that release at random (eq:loihi-release, eq:release-layout).

    Parameters
    ----------
    spikes : (rows, steps, n_in) int8 or int32
        With ``graded`` their values are payloads; else all that are not 0 count as one.
    weight : (n_in, width) int8, int16 or int32
        Input by input, ``width`` at least n_out; see ``hwnoise.kernels.loihi_synapses.add_dense``.
    exponents : (int, int)
        Powers of two on each sum, floored: of certain synapses, and of those that release.
    last : uint32
        Last random word that means release, ``2**32 p - 1``.
    keys : (events,) uint64
        One stream per event of a spike.
    ticks : (rows,) uint64
        Of each row's first step; step t draws at tick + t.
    quiet : (rows, steps) bool
        Where every synapse transmits its mean.
    graded : bool
    current : (rows, steps, n_out) int32
        Added to.

    Returns
    -------
    int
        Synaptic operations: active inputs times n_out.

    Notes
    -----
    Oracle: ``oracles_synapse.released_currents``. Test: ``tests/statistical/test_loihi_release.py``.
    """
    rows, steps, n_in = spikes.shape
    n_out = current.shape[2]
    active, total = np.empty(n_in + ROOM, np.int32), np.empty(n_out, np.int32)
    words = np.empty((lines_in_group(n_out) * n_out + 63) // 64 * 64, np.uint32)
    events = 0
    for r in range(rows):
        for t in range(steps):
            count = find_active(spikes[r, t], active)
            events += count
            if count == 0:
                continue
            total[:] = 0
            sent = spikes[r, t]
            if quiet[r, t]:
                for i in active[:count]:
                    _add(weight[i], np.int32(sent[i] if graded else 1), total)
            else:
                for key in keys:
                    tick = ticks[r] + np.uint64(t)
                    _add_lines(sent, weight, active[:count], (key, tick), last, graded, words, total)
            add_shifted(total, exponents[0] if quiet[r, t] else exponents[1], current[r, t])
    return int(events * n_out)


@kernel(inline=True)
def _add_lines(
    sent: Spikes,
    weight: Weights,
    active: Integers,
    draw: tuple[np.uint64, np.uint64],
    last: np.uint32,
    graded: bool,
    words: Words,
    total: Integers,
) -> None:
    """Add one event of every active line; the lines of a group share their words."""
    n, drawn = len(total), -1
    lines = lines_in_group(n)
    for i in active:
        if i // lines != drawn:
            drawn = i // lines
            group_words(draw[0], draw[1], drawn, words)
        start = (i - drawn * lines) * n
        _add_where(weight[i], np.int32(sent[i] if graded else 1), words[start : start + n], last, total)


@kernel(inline=True)
def _add(row: Weights, payload: np.int32, total: Integers) -> None:
    for j in range(len(total)):
        total[j] += np.int32(payload * row[j])


@kernel(inline=True)
def _add_where(row: Weights, payload: np.int32, words: Words, last: np.uint32, total: Integers) -> None:
    """Add a row where its word means release."""
    for j in range(len(total)):
        total[j] += np.int32(payload * row[j]) if words[j] <= last else np.int32(0)
