"""Products with inputs that are 0 or 1: the rows of a matrix that are switched on, added up.

Rows are added one after the other in rising order, so a sum depends on its own inputs alone, and where
every sum is exact (dyadic weights) it is the dense product's, bit for bit (eq:event-product).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.lanes import WIDTH, add, bit_count, equal, lanes_of, lowest_bit, no_lanes, put

Floats = NDArray[np.float32]
Indices = NDArray[np.int32]
Place = int | np.uint64

LANES, FOUR = np.uint64(WIDTH), np.uint64(4 * WIDTH)
NONE, ONE, ALL = np.uint64(0), np.uint64(1), ~np.uint64(0)
AT_ONCE = 8  # inputs that are listed without asking how many are left


@kernel
def count_active(x: Floats) -> int:
    """Return how many elements of ``x`` (rows, n) are not 0."""
    count = 0
    for r in range(len(x)):
        row, active = x[r], np.int32(0)
        for j in range(len(row)):
            active += np.int32(row[j] != 0)
        count += int(active)
    return count


@kernel
def list_active(x: Floats, active: Indices, ends: Indices) -> bool:
    """List the columns at which the rows of ``x`` are 1, row after row.

    Parameters
    ----------
    x : (rows, n) float32
    active : (rows * n + 8,) int32
        Overwritten from its start with as many columns as there are; the next eight may be, too.
    ends : (rows + 1,) int32
        Overwritten: row r has the columns ``active[ends[r]:ends[r + 1]]``.

    Returns
    -------
    bool
        Whether all of ``x`` is 0 or 1; if not, what was written means nothing.
    """
    n = np.uint64(x.shape[1])
    found = wrong = NONE
    ends[0] = 0
    for r in range(len(x)):
        row = x[r]
        for first in range(NONE, n, np.uint64(64)):
            ones, others = _word(row, first, np.uint64(min(n - first, np.uint64(64))))
            found = _unpack(ones, np.int32(first), active, found)
            wrong |= others
        if wrong != NONE:
            return False
        ends[r + 1] = found
    return True


@kernel(inline=True)
def _word(row: Floats, first: Place, count: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return which of up to 64 inputs from ``first`` on are 1, a bit each, and which are neither 0 nor 1."""
    ones = zeros = NONE
    whole = count & ~(LANES - ONE)
    for j in range(NONE, whole, LANES):
        lanes = lanes_of(row, first + j)
        ones |= equal(lanes, np.float32(1)) << j
        zeros |= equal(lanes, np.float32(0)) << j
    for j in range(whole, count):
        ones |= np.uint64(row[first + j] == np.float32(1)) << j
        zeros |= np.uint64(row[first + j] == np.float32(0)) << j
    return ones, ones ^ zeros ^ (ALL >> (np.uint64(64) - count))


@kernel(inline=True)
def _unpack(word: np.uint64, first: np.int32, active: Indices, found: np.uint64) -> np.uint64:
    """Write the places of the bits that are set to ``active`` from ``found`` on; return where they end."""
    end: np.uint64 = found + bit_count(word)
    for at in range(found, end, np.uint64(AT_ONCE)):
        for lane in range(np.uint64(AT_ONCE)):  # what is too much is overwritten
            active[at + lane] = first + np.int32(lowest_bit(word))
            word &= word - ONE
    return end


@kernel
def add_listed(active: Indices, ends: Indices, weight: Floats, y: Floats) -> None:
    """Write to row r of ``y`` the sum of the rows of ``weight`` listed for it (eq:event-product).

    Parameters
    ----------
    active, ends
        As ``list_active`` left them.
    weight : (n_in, n_out) float32
    y : (rows, n_out) float32
        Overwritten.

    Notes
    -----
    Oracle: ``oracles_neurons.event_product``. Test: ``tests/unit/test_event_product.py``.
    """
    n_out = np.uint64(weight.shape[1])
    fours, ones = n_out // FOUR * FOUR, n_out // LANES * LANES
    for r in range(len(y)):
        listed, out = active[ends[r] : ends[r + 1]], y[r]
        for column in range(NONE, fours, FOUR):
            _add_four(listed, weight, column, out)
        for column in range(fours, ones, LANES):
            _add_one(listed, weight, column, out)
        _add_rest(listed, weight, ones, out)


@kernel(inline=True)
def _add_four(listed: Indices, weight: Floats, first: Place, out: Floats) -> None:
    """Write sums of 64 columns from ``first`` on: four times the lanes, so that additions need not wait."""
    second, third = first + LANES, first + np.uint64(2) * LANES
    fourth = third + LANES
    a, b, c, d = no_lanes(), no_lanes(), no_lanes(), no_lanes()
    for k in range(np.uint64(len(listed))):
        row = weight[np.uint64(listed[k])]
        a, b = add(a, lanes_of(row, first)), add(b, lanes_of(row, second))
        c, d = add(c, lanes_of(row, third)), add(d, lanes_of(row, fourth))
    put(out, first, a)
    put(out, second, b)
    put(out, third, c)
    put(out, fourth, d)


@kernel(inline=True)
def _add_one(listed: Indices, weight: Floats, first: Place, out: Floats) -> None:
    """Write sums of the columns from ``first`` on that fill the lanes once."""
    total = no_lanes()
    for k in range(np.uint64(len(listed))):
        total = add(total, lanes_of(weight[np.uint64(listed[k])], first))
    put(out, first, total)


@kernel(inline=True)
def _add_rest(listed: Indices, weight: Floats, first: Place, out: Floats) -> None:
    """Write the sums of the columns from ``first`` on, too few to fill the lanes."""
    for j in range(first, np.uint64(len(out))):
        out[j] = 0
    for k in range(np.uint64(len(listed))):
        row = weight[np.uint64(listed[k])]
        for j in range(first, np.uint64(len(out))):
            out[j] += row[j]
