"""Reads of devices whose 1/f noise moves from read to read: bands 1, 2 and 3 (eq:one-over-f-bands)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.cache_line import from_cache_line
from hwnoise.kernels.gaussian import gaussian64

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint32]
U = np.uint64  # of an index: Numba looks whether others are negative, and that keeps loops from wide vectors
PANEL = 8192  # weights worked on at a time: with their bands they stay in the nearest caches


@kernel
def read_held(
    x: Floats, weight: Floats, held: Floats, keys: NDArray[np.uint64], tick: np.uint64, y: Floats
) -> None:
    """Write ``x @ (weight + held (xi_1 + xi_2 + xi_3))`` to ``y`` (eq:one-over-f-bands).

    Every row is one read at its own tick; bands 1, 2, 3 hold for 4, 16 and 64 ticks. All rows
    lie in one block of 64 ticks (the caller splits). Weights of inputs that are zero are not drawn.

    Parameters
    ----------
    x : (rows, n_in) float32
        Normalised inputs, rows <= 64.
    weight, held : (n_in, n_out) float32, finite
        Weight with all slower bands, and standard deviation of one band.
    keys : (3,) uint64
        Streams of bands 1, 2, 3; element ``i * n_out + j`` of each at hold ``tick >> 2k``.
    tick : uint64
        Of the first row.
    y : (rows, n_out) float32
        Overwritten; inputs are added up from the first to the last.

    Notes
    -----
    Takes little more than its draws and its product, in panels of a few inputs with all their weights.
    There is no slice of an array in a loop over draws: each costs two locked instructions, which the
    next draw would wait for. Test: ``tests/statistical/test_one_over_f.py``.
    """
    n_in, n_out = weight.shape
    rows, few = len(x), max(64 // math.gcd(n_out, 64), 4)  # inputs whose weights fill whole chunks of draws
    panel = min(n_in, max(PANEL // (few * n_out), 1) * few)
    size = (panel * n_out + 63) // 64 * 64
    base, s = from_cache_line(size), from_cache_line(size)
    w3, w2, w1 = from_cache_line(size), from_cache_line(size), from_cache_line(size)
    words, z = from_cache_line(64).view(np.uint32), from_cache_line(64)
    xt, needed = x.T.copy(), np.empty(size // 64, np.bool_)
    y[:] = np.float32(0)
    for i in range(0, n_in, panel):
        inputs, chunk = (i, min(i + panel, n_in)), U(i * n_out // 64)
        if _mark(xt, inputs, 0, rows, n_out, needed):
            _load(weight, inputs, base)
            _load(held, inputs, s)
            _draw(keys[2], tick >> U(6), chunk, needed, words, z, base, s, w3)
        start = 0
        while start < rows:
            now = tick + U(start)
            stop, end = _end(now, 16, start, rows), _end(now, 4, start, rows)
            if (start == 0 or now & U(15) == 0) and _mark(xt, inputs, start, stop, n_out, needed):
                _draw(keys[1], now >> U(4), chunk, needed, words, z, w3, s, w2)
            if _mark(xt, inputs, start, end, n_out, needed):
                _draw(keys[0], now >> U(2), chunk, needed, words, z, w2, s, w1)
                _add(xt, inputs, start, end, w1, y)
            start = end


@kernel(inline=True)
def _end(now: np.uint64, hold: int, start: int, rows: int) -> int:
    """Return the row after those that share the hold, of so many ticks, in which row ``start`` is read."""
    return min(rows, start + hold - int(now & U(hold - 1)))


@kernel(inline=True)
def _mark(xt: Floats, inputs: tuple[int, int], start: int, stop: int, n_out: int, needed: Flags) -> bool:
    """Mark the chunks of draws whose inputs are nonzero in rows ``start`` to ``stop``; whether any is."""
    first, last = inputs
    found = False
    for c in range(len(needed)):
        needed[c] = False
    for i in range(last - first):
        for r in range(start, stop):
            if xt[U(first + i), U(r)] != 0.0:
                found = True
                for c in range(i * n_out // 64, ((i + 1) * n_out + 63) // 64):
                    needed[c] = True
                break
    return found


@kernel(inline=True)
def _load(matrix: Floats, inputs: tuple[int, int], out: Floats) -> None:
    """Copy the rows of ``inputs``: the last chunk, which may be cut off, is a whole one there."""
    first, last = inputs
    n_out = matrix.shape[1]
    for i in range(last - first):
        for j in range(n_out):
            out[U(i * n_out) + U(j)] = matrix[U(first + i), U(j)]


@kernel(inline=True)
def _draw(
    key: np.uint64,
    hold: np.uint64,
    chunk: np.uint64,
    needed: Flags,
    words: Words,
    z: Floats,
    base: Floats,
    s: Floats,
    out: Floats,
) -> None:
    """Write ``base + s xi`` of one panel to ``out``, from its first ``chunk`` on, where it is needed."""
    for c in range(len(needed)):
        if needed[c]:
            gaussian64(key, hold, chunk + U(c), words, z)
            for k in range(64):
                e = U(64 * c) + U(k)
                out[e] = base[e] + s[e] * z[U(k)]


@kernel(inline=True)
def _add(xt: Floats, inputs: tuple[int, int], start: int, end: int, w: Floats, y: Floats) -> None:
    """Add the product with ``w`` to rows ``start`` to ``end`` of ``y``, four inputs in one pass over them.

    What was not drawn meets zeros; it is left from another hold and finite.
    """
    first, last = inputs
    n = U(y.shape[1])
    fours = first + (last - first) // 4 * 4
    for i in range(first, fours, 4):
        a = U(i - first) * n
        b, c, d = a + n, a + U(2) * n, a + U(3) * n
        for row in range(start, end):
            r = U(row)
            v0, v1, v2, v3 = xt[U(i), r], xt[U(i + 1), r], xt[U(i + 2), r], xt[U(i + 3), r]
            if v0 != 0.0 or v1 != 0.0 or v2 != 0.0 or v3 != 0.0:
                for k in range(y.shape[1]):
                    j = U(k)
                    total = (y[r, j] + v0 * w[a + j]) + v1 * w[b + j]
                    y[r, j] = (total + v2 * w[c + j]) + v3 * w[d + j]
    for i in range(fours, last):
        a = U(i - first) * n
        for row in range(start, end):
            r, value = U(row), xt[U(i), U(row)]
            if value != 0.0:
                for k in range(y.shape[1]):
                    y[r, U(k)] += value * w[a + U(k)]
