"""Loihi's leaky integrate-and-fire neuron in the integers of the chip, bit for bit.

Sums are taken in 32-bit words that wrap, products lose nothing, exactly as in Lava's bit-accurate model;
the current then wraps once at 24 bits, the membrane saturates there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Integers = NDArray[np.int32]
LIMIT = np.int32(2**23)  # states have 24 bits
ALIGN = np.int64(6)  # bits by which inputs and thresholds are shifted up
LARGEST = np.int32(2**25)  # input from which 32 bits do not hold it shifted up
TWELVE, LOW_BITS = np.uint32(12), np.uint32(2**12 - 1)
ONE, NONE = np.int8(1), np.int8(0)


@kernel(inline=True)
def keep_share(x: np.int32, kept: np.uint32) -> np.int32:
    """Return ``x kept / 4096`` rounded toward zero, for ``kept`` from 0 to 4096.

    The upper and the lower bits of x are multiplied apart: then no product leaves 32 bits, of which a
    vector register holds twice as many numbers as of 64.
    """
    size = np.uint32(abs(np.int64(x)))
    share = np.uint32((size >> TWELVE) * kept) + np.uint32(np.uint32((size & LOW_BITS) * kept) >> TWELVE)
    return np.int32(share) if x >= 0 else np.int32(-np.int64(share))


@kernel(inline=True)
def wrap_once(u: np.int32) -> np.int32:
    """Return ``u`` after one turn at most round ``(-2**23, 2**23]`` (eq:loihi-current)."""
    if u > LIMIT:
        return np.int32(u - 2 * LIMIT)
    return np.int32(u + 2 * LIMIT) if u <= -LIMIT else u


@kernel(inline=True)
def add_clipped(a: np.int32, b: np.int32) -> np.int32:
    """Return ``a + b`` kept within 31 bits, so that a number of 24 bits can still be added."""
    total = min(max(np.int64(a) + np.int64(b), np.int64(-(2**31))), np.int64(2**31 - 1))  # one instruction
    return np.int32(min(max(np.int32(total), np.int32(-(2**30))), np.int32(2**30)))


@kernel(inline=True)
def saturate(v: np.int32) -> np.int32:
    """Return ``v`` kept within ``-(2**23 - 1)`` to ``2**23 - 1`` (eq:loihi-membrane)."""
    return np.int32(min(max(v, np.int32(1 - LIMIT)), np.int32(LIMIT - 1)))


@kernel
def step_lif(
    current: Integers,
    push_u: Integers,
    push_v: Integers,
    rule: Integers,
    u: Integers,
    v: Integers,
    wait: Integers,
    lost: NDArray[np.int8],
    spikes: NDArray[np.int8],
    membrane: Integers,
) -> int:
    """Move one population on by one step.

    Implements eq:loihi-current, eq:loihi-membrane, eq:loihi-spike and eq:loihi-wait.

    Parameters
    ----------
    current : (n,) int32
        What arrives at the neurons in this step, in units of 64.
    push_u, push_v : (n,) int32
        Added to the current (noise) and to the membrane (bias and noise) as they are.
    rule : (5,) int32
        Decay of current and membrane in 1/4096 (0 to 4096), lower and upper threshold in units of
        the membrane, refractory steps.
    u, v, wait : (n,) int32
        Current, membrane (24 bits, as a step leaves it), steps still to wait: changed.
    lost : (n,) int8
        1 where the current wrapped or the membrane was cut off. Overwritten.
    spikes : (n,) int8
        -1, 0 or 1. Overwritten.
    membrane : (n,) int32
        What was compared with the threshold. Overwritten.

    Returns
    -------
    int
        How many neurons lost something.

    Notes
    -----
    Source: Davies et al., IEEE Micro 38(1):82, 2018; bit for bit the fixed-point models of
    LIF, LIFReset and TernaryLIF of Lava 0.10.0 (Intel, 2024). The refractory period is ours: Lava
    has no integer model of one. Test: ``tests/bit_exact/test_loihi_lif.py``.
    """
    kept_u, kept_v = np.uint32(4096 - rule[0]), np.uint32(4096 - rule[1])
    low, high, period = rule[2], rule[3], rule[4]
    total = np.int32(0)
    for i in range(len(u)):
        fresh = (np.int64(current[i]) << ALIGN) + np.int64(push_u[i])
        x = np.int32(np.int64(keep_share(u[i], kept_u)) + fresh)
        u[i] = wrap_once(x)
        y = np.int32(keep_share(v[i], kept_v) + add_clipped(u[i], push_v[i]))
        z = v[i] if wait[i] > 0 else saturate(y)
        above, below = z > high, z < low
        gone = (x >= LIMIT) | (x <= -LIMIT) | (y >= LIMIT) | (y <= -LIMIT)
        gone |= (current[i] >= LARGEST) | (current[i] <= -LARGEST)
        still = np.int32(above | below) - 1  # all bits, or none: a choice would become two masked writes
        v[i] = np.int32(z & still)
        wait[i] = np.int32((period & ~still) | (max(wait[i] - 1, 0) & still))
        spikes[i] = ONE if above else np.int8(-below)
        membrane[i] = z
        lost[i] = ONE if gone else NONE
        total = np.int32(total + gone)
    return int(total)


@kernel
def fill_pushes(
    noise: NDArray[np.int32], on_membrane: bool, bias: Integers, push_u: Integers, push_v: Integers
) -> None:
    """Write to ``push_u`` and ``push_v`` (n,) what noise and bias add to the current and the membrane."""
    for i in range(len(bias)):
        push_u[i] = 0 if on_membrane else noise[i]
        push_v[i] = bias[i] + (noise[i] if on_membrane else 0)


@kernel
def run_lif(
    current: NDArray[np.int32],
    noise: NDArray[np.int32],
    on_membrane: bool,
    bias: Integers,
    rule: Integers,
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    wait: NDArray[np.int32],
    spikes: NDArray[np.int8],
    membranes: NDArray[np.int32],
) -> tuple[int, int]:
    """Run one population through whole presentations, sample by sample, as ``step_lif`` says.

    Parameters
    ----------
    current : (samples, steps, n) int32
    noise : (samples, steps, n) int32, or (0, 0, 0) where it is quiet
        In units of the membrane (eq:loihi-noise).
    on_membrane : bool
        Whether the noise enters the membrane; else the current.
    bias, rule : (n,), (5,) int32
    u, v, wait : (samples, n) int32
        States at the start; those at the end are left there.
    spikes : (samples, steps, n) int8
    membranes : (samples, steps, n) int32, or (0, 0, 0) where they are not wanted
        Overwritten.

    Returns
    -------
    (int, int)
        How often a neuron lost something, and where first: ``(sample * steps + step) * n + neuron``, or -1.
    """
    samples, steps, n = current.shape
    push_u, push_v, lost = np.zeros(n, np.int32), bias.copy(), np.empty(n, np.int8)
    unseen, total, first = np.empty(n, np.int32), 0, -1
    for s in range(samples):
        for t in range(steps):
            if noise.size:
                fill_pushes(noise[s, t], on_membrane, bias, push_u, push_v)
            seen = membranes[s, t] if membranes.size else unseen
            found = step_lif(
                current[s, t], push_u, push_v, rule, u[s], v[s], wait[s], lost, spikes[s, t], seen
            )
            if found and first < 0:
                first = (s * steps + t) * n + np.argmax(lost)
            total += found
    return total, first
