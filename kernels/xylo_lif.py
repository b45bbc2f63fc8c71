"""A neuron as of Xylo: decays by bit shift, 16-bit states, several spikes a step, reset by subtraction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Integers = NDArray[np.int32]
LIMIT = np.int64(2**15)  # states have 16 bits


@kernel(inline=True)
def shift_down(x: np.int64, dash: np.int64) -> np.int64:
    """Return what a step leaves of ``x``: less by a share, by 1 where that is nothing (eq:xylo-decay)."""
    return x - (max(x >> dash, np.int64(1)) if x > 0 else x >> dash)


@kernel(inline=True)
def within(x: np.int64) -> np.int64:
    """Return ``x`` kept to 16 bits."""
    return min(max(x, -LIMIT), LIMIT - 1)


@kernel
def run_xylo(
    current: NDArray[np.int32],
    bias: Integers,
    rule: Integers,
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    spikes: NDArray[np.int8],
    membranes: NDArray[np.int32],
) -> tuple[int, int]:
    """Run one population through whole presentations (eq:xylo-decay, eq:xylo-spike).

    Parameters
    ----------
    current : (samples, steps, n) int32
        Weighted sums of the step's input.
    bias : (n,) int32
    rule : (4,) int32
        Shifts of current and membrane (0 to 15), threshold, most spikes of one step.
    u, v : (samples, n) int32
        States at the start; those at the end are left there.
    spikes : (samples, steps, n) int8
        How many.
    membranes : (samples, steps, n) int32, or (0, 0, 0) where they are not wanted
        Before the reset. Overwritten.

    Returns
    -------
    (int, int)
        How often a state was cut off, and where first: ``(sample * steps + step) * n + neuron``, or -1.

    Notes
    -----
    Source: the arithmetic that SynSense publishes of Xylo (H. Bos, D. Muir, arXiv:2208.12991, 2022, and
    the documentation of Rockpool). Equal to its simulator xylosim 0.1.3 (v2), whose outputs are kept in
    ``tests/golden/xylosim.json``; not compared with a chip. Test: ``tests/unit/test_xylo.py``.
    """
    samples, steps, n = current.shape
    down_u, down_v = np.int64(rule[0]), np.int64(rule[1])
    threshold, most = np.int64(rule[2]), np.int64(rule[3])
    total, first = 0, -1
    for s in range(samples):
        for t in range(steps):
            for i in range(n):
                x = np.int64(u[s, i]) + current[s, t, i]
                kept = shift_down(within(x), down_u)
                y = shift_down(np.int64(v[s, i]), down_v) + kept + bias[i]
                z = within(y)
                count = min(max(z // threshold, np.int64(0)), most)
                if (within(x) != x) | (z != y):
                    total += 1
                    if first < 0:
                        first = (s * steps + t) * n + i
                u[s, i], v[s, i] = np.int32(kept), np.int32(z - count * threshold)
                spikes[s, t, i] = np.int8(count)
                if membranes.size:
                    membranes[s, t, i] = np.int32(z)
    return total, first
