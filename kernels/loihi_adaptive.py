"""Neurons whose threshold rises at a spike and falls back, in the integers of the chip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.loihi_lif import NONE, ONE, Integers, fill_pushes, keep_share, saturate, step_lif


@kernel
def compare_and_raise(
    threshold: Integers,
    v: Integers,
    wait: Integers,
    theta: Integers,
    lost: NDArray[np.int8],
    spikes: NDArray[np.int8],
) -> int:
    """Let neurons fire above their threshold, and move it (eq:loihi-adaptive).

    Parameters
    ----------
    threshold : (4,) int32
        The lowest, in units of the membrane; decay of what it was raised by in 1/4096 (0 to 4096); what a
        spike adds, in units of the membrane; refractory steps.
    v, wait : (n,) int32
        Membrane, steps still to wait: changed where a neuron fires.
    theta : (n,) int32
        By how much thresholds are raised (24 bits): changed.
    lost : (n,) int8
        Set to 1 where theta was cut off.
    spikes : (n,) int8
        0 or 1. Overwritten.

    Returns
    -------
    int
        How many neurons lost something that had not before.
    """
    lowest, kept, rise, period = threshold[0], np.uint32(4096 - threshold[1]), threshold[2], threshold[3]
    total = 0
    for i in range(len(v)):
        fires = v[i] > lowest + theta[i]
        raised = np.int32(keep_share(theta[i], kept) + (rise if fires else 0))
        theta[i] = saturate(raised)
        if theta[i] != raised and lost[i] == NONE:
            lost[i] = ONE
            total += 1
        if fires:
            v[i], wait[i] = 0, period
        spikes[i] = ONE if fires else NONE
    return total


@kernel
def run_adaptive(
    current: NDArray[np.int32],
    noise: NDArray[np.int32],
    on_membrane: bool,
    bias: Integers,
    rule: Integers,
    threshold: Integers,
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    wait: NDArray[np.int32],
    theta: NDArray[np.int32],
    spikes: NDArray[np.int8],
    membranes: NDArray[np.int32],
) -> tuple[int, int]:
    """Run one population through whole presentations: ``step_lif``, then ``compare_and_raise``.

    Implements eq:loihi-current, eq:loihi-membrane, eq:loihi-adaptive and eq:loihi-wait.

    Parameters
    ----------
    current, noise, on_membrane, bias, u, v, wait, spikes, membranes
        As ``hwnoise.kernels.loihi_lif.run_lif`` takes them.
    rule : (5,) int32
        As there, with thresholds that no membrane reaches and without refractory steps.
    threshold : (4,) int32
        As ``compare_and_raise`` takes it.
    theta : (samples, n) int32
        By how much thresholds are raised at the start; those at the end are left there.

    Returns
    -------
    (int, int)
        As ``run_lif``.

    Notes
    -----
    The threshold is ours, without an oracle in Lava, whose ATRLIF has another rule. Source: G. Bellec et
    al., NeurIPS 2018. Oracle: ``oracle_loihi_adaptive``. Test: ``tests/unit/test_loihi_adaptive.py``.
    """
    samples, steps, n = current.shape
    push_u, push_v, lost = np.zeros(n, np.int32), bias.copy(), np.empty(n, np.int8)
    unseen, total, first = np.empty(n, np.int32), 0, -1
    for s in range(samples):
        for t in range(steps):
            if noise.size:
                fill_pushes(noise[s, t], on_membrane, bias, push_u, push_v)
            seen, sent = membranes[s, t] if membranes.size else unseen, spikes[s, t]
            found = step_lif(current[s, t], push_u, push_v, rule, u[s], v[s], wait[s], lost, sent, seen)
            found += compare_and_raise(threshold, v[s], wait[s], theta[s], lost, sent)
            if found and first < 0:
                first = (s * steps + t) * n + np.argmax(lost)
            total += found
    return total, first
