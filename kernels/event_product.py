"""Products with inputs that are 0 or 1: the rows of a matrix that are switched on, added up.

Rows are added in order, eight at a time, so a sum depends on its own inputs alone, and where every sum
is exact (dyadic weights) it is the dense product's, bit for bit (eq:event-product).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Floats = NDArray[np.float32]
Indices = NDArray[np.int32]

ZERO_BITS, ONE_BITS = np.int32(0), np.int32(0x3F800000)  # of the float32 0 and 1
ONE_BIT = 29  # set in 1, and not in 0


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
    active : (rows * n + 1,) int32
        Overwritten from its start with as many columns as there are.
    ends : (rows + 1,) int32
        Overwritten: row r has the columns ``active[ends[r]:ends[r + 1]]``.

    Returns
    -------
    bool
        Whether all of ``x`` is 0 or 1; if not, what was written means nothing.
    """
    found = np.uint64(0)
    ends[0] = 0
    for r in range(len(x)):
        bits = x[r].view(np.int32)
        other = np.int32(0)
        for j in range(len(bits)):
            other |= np.int32((bits[j] != ZERO_BITS) & (bits[j] != ONE_BITS))
        if other:
            return False
        for j in range(len(bits)):
            active[found] = j  # overwritten by the next, unless this one counts
            found += np.uint64((bits[j] >> ONE_BIT) & 1)
        ends[r + 1] = found
    return True


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
    n_out = weight.shape[1]
    for r in range(len(y)):
        out, first, stop = y[r], ends[r], ends[r + 1]
        for j in range(n_out):
            out[j] = 0
        whole = first + ((stop - first) & ~7)
        for k in range(first, whole, 8):
            a, b = weight[active[k]], weight[active[k + 1]]
            c, d = weight[active[k + 2]], weight[active[k + 3]]
            e, f = weight[active[k + 4]], weight[active[k + 5]]
            g, h = weight[active[k + 6]], weight[active[k + 7]]
            for j in range(n_out):
                out[j] += ((a[j] + b[j]) + (c[j] + d[j])) + ((e[j] + f[j]) + (g[j] + h[j]))
        for k in range(whole, stop):
            a = weight[active[k]]
            for j in range(n_out):
                out[j] += a[j]
