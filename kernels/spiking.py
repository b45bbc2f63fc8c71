"""Neurons beyond the plain LIF: refractory, adaptive, with signed or graded spikes (eq:lif-refractory).

Arguments that all have in common: ``x`` (rows, steps, n) float32, input of each step; ``neuron``
(6, n) float32 as in ``lif.lif``; ``reset`` ZERO, SUBTRACT or NONE; ``keep``: whether ``membranes``
are written; ``v`` (rows, n) float32, overwritten; ``spikes`` and ``membranes`` (rows, steps, n)
float32, overwritten. All are reset in the step in which they fire.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.lif import NOTHING, ONE, after_spike

Floats = NDArray[np.float32]
Counts = NDArray[np.int32]


@kernel
def refractory(
    x: Floats, neuron: Floats, period: Counts, reset: int, keep: bool,
    v: Floats, wait: Counts, spikes: Floats, membranes: Floats,
) -> None:  # fmt: skip
    """Step neurons whose membrane stands still for ``period`` steps after a spike (eq:lif-refractory).

    Parameters
    ----------
    x, neuron, reset, keep, v, spikes, membranes
        As the module says.
    period : (n,) int32, >= 0
    wait : (rows, n) int32
        Steps still to stand still; overwritten.

    Notes
    -----
    With decay 1 - dv, gain 1 and reset ZERO the rule of Lava's floating-point LIFRefractory.
    Oracle: ``oracles_neurons.refractory``. Test: ``tests/unit/test_spiking_kernels.py``.
    """
    rows, steps, n = x.shape
    decay, gain, offset = neuron[0], neuron[1], neuron[2]
    threshold, drop, v_reset = neuron[3], neuron[4], neuron[5]
    compared = np.empty(n, np.float32)
    for r in range(rows):
        state, left = v[r], wait[r]
        for t in range(steps):
            given, sent = x[r, t], spikes[r, t]
            seen = membranes[r, t] if keep else compared
            for j in range(n):
                waits = left[j] > 0
                p = state[j] if waits else decay[j] * state[j] + gain[j] * given[j] + offset[j]
                fired = (p > threshold[j]) & (not waits)
                seen[j] = p
                sent[j] = ONE if fired else NOTHING
                state[j] = after_spike(p, fired, drop[j], v_reset[j], reset)
                left[j] = period[j] if fired else max(left[j] - np.int32(1), np.int32(0))


@kernel
def adaptive(
    x: Floats, neuron: Floats, adaptation: Floats, reset: int, keep: bool,
    v: Floats, theta: Floats, spikes: Floats, membranes: Floats,
) -> None:  # fmt: skip
    """Step neurons whose threshold rises with each spike and falls back (eq:lif-adaptive).

    Parameters
    ----------
    x, neuron, reset, keep, v, spikes, membranes
        As the module says.
    adaptation : (2, n) float32
        What a step leaves of theta; what a spike adds to it.
    theta : (rows, n) float32
        By how much thresholds are raised; overwritten.

    Notes
    -----
    Source: G. Bellec, D. Salaj, A. Subramoney, R. Legenstein, W. Maass, Long short-term memory and
    learning-to-learn in networks of spiking neurons, NeurIPS 2018.
    Oracle: ``oracles_neurons.adaptive``. Test: ``tests/unit/test_spiking_kernels.py``.
    """
    rows, steps, n = x.shape
    decay, gain, offset = neuron[0], neuron[1], neuron[2]
    threshold, drop, v_reset = neuron[3], neuron[4], neuron[5]
    fades, rises = adaptation[0], adaptation[1]
    compared = np.empty(n, np.float32)
    for r in range(rows):
        state, raised = v[r], theta[r]
        for t in range(steps):
            given, sent = x[r, t], spikes[r, t]
            seen = membranes[r, t] if keep else compared
            for j in range(n):
                p = decay[j] * state[j] + gain[j] * given[j] + offset[j]
                fired = p > threshold[j] + raised[j]
                seen[j] = p
                sent[j] = ONE if fired else NOTHING
                state[j] = after_spike(p, fired, drop[j], v_reset[j], reset)
                raised[j] = fades[j] * raised[j] + (rises[j] if fired else NOTHING)


@kernel
def ternary(
    x: Floats, neuron: Floats, low: Floats, low_drop: Floats, reset: int, keep: bool,
    v: Floats, spikes: Floats, membranes: Floats,
) -> None:  # fmt: skip
    """Step neurons that send 1 above the threshold and -1 below a lower one (eq:lif-ternary).

    Parameters
    ----------
    x, neuron, reset, keep, v, membranes
        As the module says.
    low, low_drop : (n,) float32
        Lower threshold; what a reset by subtraction takes off after a spike of -1.
    spikes : (rows, steps, n) float32
        Overwritten with -1, 0 and 1.

    Notes
    -----
    With reset ZERO the rule of Lava's TernaryLIF.
    Oracle: ``oracles_neurons.ternary``. Test: ``tests/unit/test_spiking_kernels.py``.
    """
    rows, steps, n = x.shape
    decay, gain, offset = neuron[0], neuron[1], neuron[2]
    threshold, drop, v_reset = neuron[3], neuron[4], neuron[5]
    compared = np.empty(n, np.float32)
    for r in range(rows):
        state = v[r]
        for t in range(steps):
            given, sent = x[r, t], spikes[r, t]
            seen = membranes[r, t] if keep else compared
            for j in range(n):
                p = decay[j] * state[j] + gain[j] * given[j] + offset[j]
                above, below = p > threshold[j], p < low[j]
                seen[j] = p
                sent[j] = (ONE if above else NOTHING) - (ONE if below else NOTHING)
                state[j] = after_spike(p, above | below, drop[j] if above else low_drop[j], v_reset[j], reset)


@kernel
def graded(
    x: Floats, neuron: Floats, reset: int, keep: bool, v: Floats, spikes: Floats, membranes: Floats
) -> None:
    """Step neurons that send their membrane where it is beyond the threshold on either side (eq:lif-graded).

    Parameters
    ----------
    x, neuron, keep, v, membranes
        As the module says.
    reset : int
        ZERO: to v_reset; SUBTRACT: what was sent is taken off; NONE.
    spikes : (rows, steps, n) float32
        Overwritten with membranes and 0.

    Notes
    -----
    With decay 0, gain 1 and offset 0 the rule of Lava's GradedVec, which keeps nothing from step to step.
    Oracle: ``oracles_neurons.graded``. Test: ``tests/unit/test_spiking_kernels.py``.
    """
    rows, steps, n = x.shape
    decay, gain, offset = neuron[0], neuron[1], neuron[2]
    threshold, v_reset = neuron[3], neuron[5]
    compared = np.empty(n, np.float32)
    for r in range(rows):
        state = v[r]
        for t in range(steps):
            given, sent = x[r, t], spikes[r, t]
            seen = membranes[r, t] if keep else compared
            for j in range(n):
                p = decay[j] * state[j] + gain[j] * given[j] + offset[j]
                fired = abs(p) > threshold[j]
                seen[j] = p
                sent[j] = p if fired else NOTHING
                state[j] = after_spike(p, fired, p, v_reset[j], reset)
