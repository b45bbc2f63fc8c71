"""What spikes bring to the neurons behind them, in Loihi's integers: only active inputs cost anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.integer_lanes import WIDTH, WORD, add_sums, add_weights, no_sums, which_active
from hwnoise.kernels.lanes import bit_count, lowest_bit

Integers = NDArray[np.int32]
Weights = NDArray[np.int8] | NDArray[np.int16]
Spikes = NDArray[np.int8] | NDArray[np.int32]
LANES = WIDTH  # what the width of weights should be a multiple of
NONE, ONE, FOUR = np.uint64(0), np.uint64(1), np.uint64(4 * WIDTH)
AT_ONCE = np.uint64(8)  # spikes that are listed without asking how many are left
ROOM = int(AT_ONCE)  # elements behind the last that may be overwritten
_SAFE = 127  # rows of at most 256 that a 16-bit sum holds


@kernel
def find_active(spikes: Spikes, active: Integers) -> int:
    """Write where ``spikes`` (n,) are not 0 to ``active`` (n + ROOM,); return how many there are."""
    n, found = np.uint64(len(spikes)), NONE
    whole = n & ~np.uint64(WORD - 1)
    for first in range(NONE, whole, np.uint64(WORD)):
        word = which_active(spikes, first)
        end = found + bit_count(word)
        for at in range(found, end, AT_ONCE):
            for lane in range(AT_ONCE):  # what is too much is overwritten
                active[at + lane] = np.int32(first + lowest_bit(word))
                word &= word - ONE
        found = end
    for j in range(whole, n):
        active[found] = np.int32(j)  # overwritten by the next one, unless it counts
        found += np.uint64(spikes[j] != 0)
    return int(found)


@kernel
def sum_rows(weight: Weights, active: Integers, first: int, total: Integers) -> None:
    """Write the sum of the rows ``active`` of ``weight``, from column ``first`` on, to ``total``.

    Parameters
    ----------
    weight : (n_in, width) int8 or int16
    active : (count,) int32
    first : int
    total : (columns,) int32
        Overwritten; at best a multiple of ``LANES``.
    """
    total[:] = 0
    n, left = np.uint64(len(total)), np.uint64(first)
    fours, ones = n & ~(FOUR - ONE), n & ~np.uint64(WIDTH - 1)
    for start in range(0, len(active), _SAFE):
        rows = active[start : start + _SAFE]
        for column in range(NONE, fours, FOUR):
            _add_four(weight, rows, left, column, total)
        for column in range(fours, ones, np.uint64(WIDTH)):
            _add_one(weight, rows, left, column, total)
        _add_rest(weight, rows, left, ones, total)


@kernel(inline=True)
def _add_four(weight: Weights, rows: Integers, left: np.uint64, column: int, total: Integers) -> None:
    """Add up four times as many columns as lanes: rows are looked up less often."""
    second, third = column + np.uint64(WIDTH), column + np.uint64(2 * WIDTH)
    fourth = column + np.uint64(3 * WIDTH)
    a, b, c, d = no_sums(), no_sums(), no_sums(), no_sums()
    for k in range(np.uint64(len(rows))):
        row = weight[np.uint64(rows[k])]
        a, b = add_weights(a, row, left + column), add_weights(b, row, left + second)
        c, d = add_weights(c, row, left + third), add_weights(d, row, left + fourth)
    add_sums(total, column, a)
    add_sums(total, second, b)
    add_sums(total, third, c)
    add_sums(total, fourth, d)


@kernel(inline=True)
def _add_one(weight: Weights, rows: Integers, left: np.uint64, column: int, total: Integers) -> None:
    """Add up as many columns as lanes."""
    sums = no_sums()
    for k in range(np.uint64(len(rows))):
        sums = add_weights(sums, weight[np.uint64(rows[k])], left + column)
    add_sums(total, column, sums)


@kernel(inline=True)
def _add_rest(weight: Weights, rows: Integers, left: np.uint64, column: np.uint64, total: Integers) -> None:
    """Add up the columns from ``column`` on, too few to fill the lanes."""
    for k in range(np.uint64(len(rows))):
        row = weight[np.uint64(rows[k])]
        for j in range(column, np.uint64(len(total))):
            total[j] += row[left + j]


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
def shift(total: Integers, exponent: int) -> None:
    """Multiply ``total`` by ``2**exponent``, floored, modulo 2**32 (eq:loihi-sum)."""
    up, down = np.int32(1 << max(exponent, 0)), np.int32(max(-exponent, 0) & 31)
    for j in range(len(total)):  # as ``add_shifted``
        total[j] = np.int32(total[j] * up) >> down


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
    active, total, events = np.empty(n_in + ROOM, np.int32), np.empty(width, np.int32), 0
    for s in range(samples):
        for t in range(steps - lag):
            count = find_active(spikes[s, t], active)
            if graded:
                sum_payloads(weight, active[:count], spikes[s, t], total)
            else:
                sum_rows(weight, active[:count], 0, total)
            add_shifted(total, exponent, current[s, t + lag])
            events += count
    return int(events * n_out)
