"""Loihi's leaky integrate-and-fire neuron in the integers of the chip, bit for bit.

Sums are taken in 32-bit words that wrap, products in 64 bits, exactly as Lava's bit-accurate model
does it; the current then wraps once at 24 bits, the membrane saturates there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Integers = NDArray[np.int32]
LIMIT = np.int64(2**23)  # states have 24 bits
ALIGN = np.int64(6)  # bits by which inputs and thresholds are shifted up


@kernel(inline=True)
def keep_share(x: np.int64, kept: np.int64) -> np.int64:
    """Return ``x kept / 4096`` rounded toward zero."""
    magnitude = (abs(x) * kept) >> np.int64(12)
    return magnitude if x >= 0 else -magnitude


@kernel(inline=True)
def wrap_once(u: np.int64) -> np.int64:
    """Return ``u`` after one turn at most round ``(-2**23, 2**23]`` (eq:loihi-current)."""
    if u > LIMIT:
        return u - 2 * LIMIT
    return u + 2 * LIMIT if u <= -LIMIT else u


@kernel(inline=True)
def saturate(v: np.int64) -> np.int64:
    """Return ``v`` kept within ``-(2**23 - 1)`` to ``2**23 - 1`` (eq:loihi-membrane)."""
    return min(max(v, 1 - LIMIT), LIMIT - 1)


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
        Current, membrane, steps still to wait: changed.
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
    kept_u, kept_v = np.int64(4096 - rule[0]), np.int64(4096 - rule[1])
    low, high, period = rule[2], rule[3], rule[4]
    total = np.int64(0)
    for i in range(len(u)):
        fresh = np.int64(np.int32(np.int64(current[i]) << ALIGN)) + push_u[i]
        x = np.int64(np.int32(keep_share(np.int64(u[i]), kept_u) + fresh))
        y = keep_share(np.int64(v[i]), kept_v) + wrap_once(x) + push_v[i]
        z = np.int64(v[i]) if wait[i] > 0 else saturate(y)
        fired = np.int8(z > high) - np.int8(z < low)
        gone = np.int8((abs(x) >= LIMIT) | (abs(y) >= LIMIT) | (abs(np.int64(current[i])) >= 2**25))
        u[i] = np.int32(wrap_once(x))
        v[i] = np.int32(0 if fired != 0 else z)
        wait[i] = period if fired != 0 else max(wait[i] - 1, 0)
        spikes[i] = fired
        membrane[i] = np.int32(z)
        lost[i] = gone
        total += gone
    return int(total)


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
                for i in range(n):
                    push_u[i] = 0 if on_membrane else noise[s, t, i]
                    push_v[i] = bias[i] + (noise[s, t, i] if on_membrane else 0)
            seen = membranes[s, t] if membranes.size else unseen
            found = step_lif(
                current[s, t], push_u, push_v, rule, u[s], v[s], wait[s], lost, spikes[s, t], seen
            )
            if found and first < 0:
                first = (s * steps + t) * n + np.argmax(lost)
            total += found
    return total, first
