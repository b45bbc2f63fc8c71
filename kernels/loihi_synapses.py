"""What spikes bring to the neurons behind them, in Loihi's integers: only active inputs cost anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Integers = NDArray[np.int32]
Weights = NDArray[np.int8] | NDArray[np.int16]
Spikes = NDArray[np.int8] | NDArray[np.int32]
LANES = 32  # 16-bit numbers in the widest vector register
_SAFE = 120  # rows of at most 256 that a 16-bit sum holds


@kernel
def find_active(spikes: Spikes, active: Integers) -> int:
    """Write where ``spikes`` (n,) are not 0 to ``active`` (n,); return how many there are."""
    count = 0
    for i in range(len(spikes)):
        active[count] = i  # without a branch: overwritten by the next one unless it counts
        count += spikes[i] != 0
    return count


@kernel
def sum_rows(weight: Weights, active: Integers, part: NDArray[np.int16], total: Integers) -> None:
    """Write the sum of the rows ``active`` of ``weight`` (n_in, n) to ``total`` (n,).

    Notes
    -----
    Sums of up to 120 rows fit 16 bits, twice as many to a vector register; ``part`` (n,) holds them.
    """
    total[:] = 0
    for start in range(0, len(active), _SAFE):
        rows = active[start : start + _SAFE]
        part[:] = 0
        whole = len(rows) // 4 * 4
        for k in range(0, whole, 4):
            a, b, c, d = weight[rows[k]], weight[rows[k + 1]], weight[rows[k + 2]], weight[rows[k + 3]]
            for j in range(len(part)):
                part[j] += a[j] + b[j] + c[j] + d[j]
        for k in range(whole, len(rows)):
            a = weight[rows[k]]
            for j in range(len(part)):
                part[j] += a[j]
        for j in range(len(total)):
            total[j] += part[j]


@kernel
def sum_payloads(weight: Weights, active: Integers, spikes: Spikes, total: Integers) -> None:
    """Write ``sum_k spikes[k] weight[k]`` over the rows ``active`` to ``total`` (n,), modulo 2**32."""
    total[:] = 0
    for k in active:
        row, payload = weight[k], np.int32(spikes[k])
        for j in range(len(total)):
            total[j] += np.int32(payload * row[j])


@kernel(inline=True)
def shifted(x: np.int32, exponent: int) -> np.int32:
    """Return ``x 2**exponent``, floored, modulo 2**32 (eq:loihi-sum)."""
    if exponent > 0:
        return np.int32(np.int64(x) << np.int64(exponent))
    return np.int32(np.int64(x) >> np.int64(-exponent))


@kernel
def add_shifted(total: Integers, exponent: int, current: Integers) -> None:
    """Add ``total 2**exponent``, floored, modulo 2**32, to ``current`` (eq:loihi-sum)."""
    up, down = np.int32(1 << max(exponent, 0)), np.int32(max(-exponent, 0) & 31)
    for j in range(len(current)):  # all in 32 bits: a shift by who knows how much would take 64
        current[j] += np.int32(total[j] * up) >> down


@kernel
def add_dense(
    spikes: Spikes, weight: Weights, exponent: int, graded: bool, lag: int, current: NDArray[np.int32]
) -> int:
    """Add what ``spikes`` bring through dense synapses, ``lag`` steps later (eq:loihi-sum, eq:loihi-delay).

    Parameters
    ----------
    spikes : (samples, steps, n_in) int8 or int32
        With ``graded`` their values are payloads; else all that are not 0 count as one.
    weight : (n_in, width) int8 or int16
        As the chip holds them (eq:loihi-grid), perhaps without bits at the end that none of them uses,
        input by input; ``width`` is n_out, or more for the sake of full registers.
    exponent : int
        Power of two on each sum, floored.
    graded : bool
    lag : int
        Steps of delay, >= 0; what would arrive after the last step is lost.
    current : (samples, steps, n_out) int32
        Added to.

    Returns
    -------
    int
        Synaptic operations: active inputs times n_out.

    Notes
    -----
    Equals Lava 0.10.0's Dense, Sparse and, slot by slot, DelayDense, which deliver one step later
    still: here that step is a shift of the whole layer in time.
    Test: ``tests/bit_exact/test_loihi_synapses.py``.
    """
    samples, steps, n_in = spikes.shape
    n_out, width = current.shape[2], weight.shape[1]
    active, part, total = np.empty(n_in, np.int32), np.empty(width, np.int16), np.empty(width, np.int32)
    events = 0
    for s in range(samples):
        for t in range(steps - lag):
            count = find_active(spikes[s, t], active)
            events += count
            if count and graded:
                sum_payloads(weight, active[:count], spikes[s, t], total)
            elif count:
                sum_rows(weight, active[:count], part, total)
            if count:
                add_shifted(total, exponent, current[s, t + lag])
    return int(events * n_out)
