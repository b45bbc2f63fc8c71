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
NONE, LANES = np.uint64(0), np.uint64(8)
FEW = 4  # active inputs of eight up to which a second look is spared
_BYTE = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(np.bool_)  # [byte, bit]
COUNTS = _BYTE.sum(axis=1).astype(np.uint64)  # of the bits that are set in each byte
PLACES = np.argsort(~_BYTE, axis=1, kind="stable").astype(np.int32).ravel()  # where they are, eight to a byte


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
    n = x.shape[1]
    octets = np.empty(n // 8, np.uint8)
    found = NONE
    ends[0] = 0
    for r in range(len(x)):
        bits = x[r].view(np.int32)
        if not _pack(bits, octets):
            return False
        found = _unpack(octets, active, found)
        for j in range(8 * len(octets), n):
            active[found] = j  # overwritten by the next, unless this one counts
            found += np.uint64((bits[j] >> ONE_BIT) & 1)
        ends[r + 1] = found
    return True


@kernel
def _pack(bits: Indices, octets: NDArray[np.uint8]) -> bool:
    """Write eight float32 to a byte, a bit each; return whether all are 0 or 1."""
    other = np.int32(0)
    for j in range(len(bits)):
        other |= np.int32((bits[j] != ZERO_BITS) & (bits[j] != ONE_BITS))
    for k in range(len(octets)):
        j = 8 * k
        low = (
            (bits[j] >> 29 & 1) | (bits[j + 1] >> 28 & 2) | (bits[j + 2] >> 27 & 4) | (bits[j + 3] >> 26 & 8)
        )
        high = (bits[j + 4] >> 25 & 16) | (bits[j + 5] >> 24 & 32)
        octets[k] = low | high | (bits[j + 6] >> 23 & 64) | (bits[j + 7] >> 22 & 128)
    return bool(other == 0)


@kernel
def _unpack(octets: NDArray[np.uint8], active: Indices, found: np.uint64) -> np.uint64:
    """Write the places of all bits that are set to ``active`` from ``found`` on; return where they end."""
    first = np.int32(0)
    for k in range(len(octets)):
        octet = np.uint64(octets[k])
        count, at = COUNTS[octet], octet * LANES
        for lane in range(FEW):  # without asking how many: what is too much is overwritten
            active[found + np.uint64(lane)] = PLACES[at + np.uint64(lane)] + first
        for lane in range(FEW, np.int64(count)):
            active[found + np.uint64(lane)] = PLACES[at + np.uint64(lane)] + first
        found += count
        first += np.int32(8)
    return found


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
