"""Neurons of the chip that keep nothing and send what arrives, in 24 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.loihi_lif import ALIGN, LIMIT, Integers


@kernel
def step_graded(
    current: Integers, noise: Integers, vth: np.int32, lost: NDArray[np.int8], spikes: Integers, v: Integers
) -> int:
    """Send what arrives in one step, where it is beyond the threshold on either side (eq:loihi-graded).

    Parameters
    ----------
    current : (n,) int32
        What arrives.
    noise : (n,) int32
        The chip's, in 1/64 of that; the sum of both wraps at 32 bits.
    vth : int32
        Threshold, in units of the current.
    lost : (n,) int8
        1 where the membrane is beyond 24 bits, which are all that a spike of the chip carries. Overwritten.
    spikes, v : (n,) int32
        What is sent, and the membrane that was compared. Overwritten.

    Returns
    -------
    int
        How many neurons are beyond 24 bits.

    Notes
    -----
    Bit for bit the fixed-point model of GradedVec of Lava 0.10.0 (Intel, 2024), which clears its membrane
    after every step and passes on what is beyond 24 bits. The magnitude of -2**31 is -2**31 there: it is
    never sent. Test: ``tests/bit_exact/test_loihi_graded.py``.
    """
    total = np.int32(0)
    for i in range(len(current)):
        x = np.int32(np.int64(current[i]) + (np.int64(noise[i]) >> ALIGN))
        size = np.int32(abs(np.int64(x)))  # of -2**31: itself
        gone = (size >= LIMIT) | (size < 0)
        v[i] = x
        spikes[i] = x if size > vth else np.int32(0)
        lost[i] = np.int8(gone)
        total = np.int32(total + gone)
    return int(total)


@kernel
def run_graded(
    current: NDArray[np.int32],
    noise: NDArray[np.int32],
    vth: np.int32,
    spikes: NDArray[np.int32],
    membranes: NDArray[np.int32],
) -> tuple[int, int]:
    """Run one population through whole presentations, as ``step_graded`` says (eq:loihi-graded).

    Parameters
    ----------
    current : (samples, steps, n) int32
    noise : (samples, steps, n) int32, or (0, 0, 0) where it is quiet
        In 1/64 of the current, as other neurons take it (eq:loihi-noise).
    vth : int32
    spikes : (samples, steps, n) int32
    membranes : (samples, steps, n) int32, or (0, 0, 0) where they are not wanted
        Overwritten.

    Returns
    -------
    (int, int)
        How often a membrane was beyond 24 bits, and where first, as ``loihi_lif.run_lif``.
    """
    samples, steps, n = current.shape
    quiet, unseen = np.zeros(n, np.int32), np.empty(n, np.int32)
    lost, total, first = np.empty(n, np.int8), 0, -1
    for s in range(samples):
        for t in range(steps):
            push = noise[s, t] if noise.size else quiet
            seen = membranes[s, t] if membranes.size else unseen
            found = step_graded(current[s, t], push, vth, lost, spikes[s, t], seen)
            if found and first < 0:
                first = (s * steps + t) * n + np.argmax(lost)
            total += found
    return total, first
