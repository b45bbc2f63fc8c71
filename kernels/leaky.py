"""Leaky integrators and synaptic currents: linear filters in time (eq:li-membrane, eq:synapse-current)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Floats = NDArray[np.float32]

DECAY_ADD_USE, ADD_DECAY_USE, ADD_USE_DECAY, USE_DECAY_ADD = 0, 1, 2, 3  # order of a current's step


@kernel
def leak(x: Floats, neuron: Floats, v: Floats, membranes: Floats) -> None:
    """Step neurons that never fire (eq:li-membrane).

    Parameters
    ----------
    x : (rows, steps, n) float32
        Input of each step.
    neuron : (k, n) float32, k >= 3
        Decay, gain and offset of ``hwnoise.stepping.Step``.
    v : (rows, n) float32
        Membranes before the first step; overwritten with those after the last.
    membranes : (rows, steps, n) float32
        Overwritten.

    Notes
    -----
    Oracle: ``oracles_neurons.leak``. Test: ``tests/unit/test_lif_kernels.py``.
    """
    rows, steps, n = x.shape
    decay, gain, offset = neuron[0], neuron[1], neuron[2]
    for r in range(rows):
        state = v[r]
        for t in range(steps):
            given, seen = x[r, t], membranes[r, t]
            for j in range(n):
                p = decay[j] * state[j] + gain[j] * given[j] + offset[j]
                seen[j] = p
                state[j] = p


@kernel
def synapse_current(x: Floats, decay: Floats, gain: Floats, order: int, i: Floats, out: Floats) -> None:
    """Write the current that the membrane takes at each step (eq:synapse-current).

    Parameters
    ----------
    x : (rows, steps, n) float32
        Input of each step.
    decay, gain : (n,) float32
    order : int
        When the current decays, takes its input and is taken by the membrane: one of the four
        orders of ``hwnoise.convention.Convention.synapse``.
    i : (rows, n) float32
        Currents before the first step; overwritten with those after the last.
    out : (rows, steps, n) float32
        Overwritten.

    Notes
    -----
    Oracle: ``oracles_neurons.synapse_current``. Test: ``tests/unit/test_lif_kernels.py``.
    """
    rows, steps, n = x.shape
    for r in range(rows):
        state = i[r]
        for t in range(steps):
            given, taken = x[r, t], out[r, t]
            for j in range(n):
                before, added = state[j], gain[j] * given[j]
                decayed = decay[j] * before + added
                late = decay[j] * (before + added)
                if order == DECAY_ADD_USE:
                    taken[j] = decayed
                    state[j] = decayed
                elif order == ADD_DECAY_USE:
                    taken[j] = late
                    state[j] = late
                elif order == ADD_USE_DECAY:
                    taken[j] = before + added
                    state[j] = late
                else:
                    taken[j] = before
                    state[j] = decayed
