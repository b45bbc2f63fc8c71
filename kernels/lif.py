"""Leaky integrate-and-fire neurons, a block of rows and steps at a time (eq:lif-membrane).

Products and sums are plain float32 in the order written: where a simulator computes in the same order,
bits are the same. Rows are independent; within a row, steps follow each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Floats = NDArray[np.float32]

ZERO, SUBTRACT, NONE, ZERO_KEEPING = 0, 1, 2, 3  # what a spike does to the membrane
ONE, NOTHING = np.float32(1), np.float32(0)


@kernel(inline=True)
def after_spike(p: np.float32, fired: bool, drop: np.float32, v_reset: np.float32, reset: int) -> np.float32:
    """Return what is left of the membrane ``p`` at the end of a step (eq:lif-reset)."""
    left = v_reset if reset == ZERO else (p - drop if reset == SUBTRACT else p)
    return left if fired else p


@kernel
def lif(
    x: Floats, neuron: Floats, reset: int, keep: bool, v: Floats, spikes: Floats, membranes: Floats
) -> None:
    """Step neurons that are reset in the step in which they fire (eq:lif-membrane, eq:lif-reset).

    Parameters
    ----------
    x : (rows, steps, n) float32
        Input of each step.
    neuron : (6, n) float32
        Decay, gain, offset, threshold, drop and v_reset of ``hwnoise.stepping.Step``.
    reset : int
        ZERO, SUBTRACT or NONE.
    keep : bool
        Whether ``membranes`` are written.
    v : (rows, n) float32
        Membranes before the first step; overwritten with those after the last.
    spikes : (rows, steps, n) float32
        Overwritten with 0 and 1.
    membranes : (rows, steps, n) float32
        Overwritten, if kept, with what was compared with the threshold.

    Notes
    -----
    Oracle: ``oracles_neurons.lif``. Test: ``tests/unit/test_lif_kernels.py``.
    """
    rows, steps, n = x.shape
    decay, gain, offset = neuron[0], neuron[1], neuron[2]  # unpacking at once would not vectorise
    threshold, drop, v_reset = neuron[3], neuron[4], neuron[5]
    compared = np.empty(n, np.float32)
    for r in range(rows):
        state = v[r]
        for t in range(steps):
            given, sent = x[r, t], spikes[r, t]
            seen = membranes[r, t] if keep else compared
            for j in range(n):
                p = decay[j] * state[j] + gain[j] * given[j] + offset[j]
                fired = p > threshold[j]
                seen[j] = p
                sent[j] = ONE if fired else NOTHING
                state[j] = after_spike(p, fired, drop[j], v_reset[j], reset)


@kernel
def lif_next(
    x: Floats, neuron: Floats, reset: int, keep: bool, v: Floats, spikes: Floats, membranes: Floats
) -> None:
    """Step neurons that are reset in the step after the one in which they fire (eq:lif-reset-next).

    Parameters
    ----------
    x, neuron, keep, spikes, membranes
        As in ``lif``.
    reset : int
        ZERO (the input of the step is lost), ZERO_KEEPING, SUBTRACT or NONE.
    v : (rows, n) float32
        Membranes before the first step, not yet reset; overwritten with those after the last.

    Notes
    -----
    With an offset of 0 and a gain of 1 in the order of snnTorch's Leaky: equal bits.
    Oracle: ``oracles_neurons.lif_next``. Test: ``tests/unit/test_lif_kernels.py``.
    """
    rows, steps, n = x.shape
    decay, gain, offset = neuron[0], neuron[1], neuron[2]  # unpacking at once would not vectorise
    threshold, drop, v_reset = neuron[3], neuron[4], neuron[5]
    compared = np.empty(n, np.float32)
    for r in range(rows):
        state = v[r]
        for t in range(steps):
            given, sent = x[r, t], spikes[r, t]
            seen = membranes[r, t] if keep else compared
            for j in range(n):
                before = state[j]
                fired = before > threshold[j]
                before = v_reset[j] if fired and reset == ZERO_KEEPING else before
                p = decay[j] * before + gain[j] * given[j] + offset[j]
                taken = p - drop[j] if reset == SUBTRACT else (v_reset[j] if reset == ZERO else p)
                p = taken if fired else p
                seen[j] = p
                sent[j] = ONE if p > threshold[j] else NOTHING
                state[j] = p


@kernel
def lif_several(
    x: Floats, neuron: Floats, reset: int, keep: bool, v: Floats, spikes: Floats, membranes: Floats
) -> None:
    """Step neurons that send as many spikes as thresholds fit into the membrane (eq:lif-several).

    Parameters
    ----------
    x, neuron, reset, keep, v, membranes
        As in ``lif``; thresholds > 0. A reset by subtraction takes ``drop`` off for each spike.
    spikes : (rows, steps, n) float32
        Overwritten with whole numbers >= 0.

    Notes
    -----
    Oracle: ``oracles_neurons.lif_several``. Test: ``tests/unit/test_lif_kernels.py``.
    """
    rows, steps, n = x.shape
    decay, gain, offset = neuron[0], neuron[1], neuron[2]  # unpacking at once would not vectorise
    threshold, drop, v_reset = neuron[3], neuron[4], neuron[5]
    compared = np.empty(n, np.float32)
    for r in range(rows):
        state = v[r]
        for t in range(steps):
            given, sent = x[r, t], spikes[r, t]
            seen = membranes[r, t] if keep else compared
            for j in range(n):
                p = decay[j] * state[j] + gain[j] * given[j] + offset[j]
                fired = p > threshold[j]
                count = max(ONE, np.floor(p / threshold[j])) if fired else NOTHING
                seen[j] = p
                sent[j] = count
                state[j] = after_spike(p, fired, count * drop[j], v_reset[j], reset)
