"""Leaky neurons that are reset in their own step, and corrected in the next: snnTorch without delay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Floats = NDArray[np.float32]
ONE, NOTHING = np.float32(1), np.float32(0)


@kernel
def lif_corrected(
    x: Floats, neuron: Floats, keep: bool, v: Floats, spikes: Floats, membranes: Floats
) -> None:
    """Step neurons by a reset that is taken back where a membrane stays above threshold (eq:lif-corrected).

    Parameters
    ----------
    x : (rows, steps, n) float32
        Input of each step.
    neuron : (6, n) float32
        Decay, gain, offset, threshold, drop and v_reset (not used), as in ``lif.lif``.
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
    Oracle: ``oracles_neurons.lif_corrected``. Test: ``tests/unit/test_snntorch_parity.py``.
    """
    rows, steps, n = x.shape
    decay, gain, offset = neuron[0], neuron[1], neuron[2]
    threshold, drop = neuron[3], neuron[4]
    compared = np.empty(n, np.float32)
    for r in range(rows):
        state = v[r]
        for t in range(steps):
            given, sent = x[r, t], spikes[r, t]
            seen = membranes[r, t] if keep else compared
            for j in range(n):
                above = ONE if state[j] > threshold[j] else NOTHING
                p = decay[j] * state[j] + gain[j] * given[j] + offset[j] - above * drop[j]
                fired = ONE if p > threshold[j] else NOTHING
                seen[j] = p
                sent[j] = fired
                state[j] = p - (fired - above) * drop[j]
