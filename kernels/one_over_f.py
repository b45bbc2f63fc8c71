"""1/f noise as a sum of held bands: band k keeps its draw for 4**k reads (eq:one-over-f-bands)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import halves
from hwnoise.kernels.gaussian import box_muller, gaussian64
from hwnoise.kernels.philox import philox

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint32]

LN4 = math.log(4.0)


@kernel
def add_held_band(key: np.uint64, hold: np.uint64, gain: np.float32, out: Floats) -> None:
    """Add ``gain * xi`` to ``out``: a band's draw in its ``hold``-th holding time (eq:one-over-f-bands).

    Parameters
    ----------
    key : uint64
        The band's stream.
    hold : uint64
        ``tick >> 2k`` for band k.
    gain : float32
    out : (size,) float32
        Added to; element e uses draw ``(key, hold, e)``.
    """
    words = np.empty(64, np.uint32)
    z = np.empty(64, np.float32)
    size = len(out)
    for chunk in range((size + 63) // 64):
        gaussian64(key, hold, np.uint64(chunk), words, z)
        first = 64 * chunk
        for i in range(min(64, size - first)):
            out[first + i] += gain * z[i]


@kernel
def add_slow_bands(
    elements: NDArray[np.int64],
    generations: Words,
    programmed_at: NDArray[np.uint64],
    keys: NDArray[np.uint64],
    first_band: int,
    tick: np.uint64,
    seconds: float,
    corners: NDArray[np.float64],
    held: Floats,
    out: Floats,
) -> None:
    """Add the slow bands, which restart when their device is programmed, to ``out``.

    Band k has, ``t`` seconds after programming, the variance ``clip(ln((t + t_read)/(2 t_read))
    - (k + extra) ln 4, 0, ln 4)`` times ``held**2`` (eq:accumulated-variance).

    Parameters
    ----------
    elements : (n,) int64
        Which weights are computed.
    generations : (size,) uint32
        How often each weight was programmed: a new generation draws anew.
    programmed_at : (size,) uint64
    keys : (bands,) uint64
        Streams of bands ``first_band``, ``first_band + 1``, ...
    first_band : int64
    tick : uint64
    seconds : float64 [s]
        Per tick.
    corners : (3,) float64
        ``t_read`` [s], ``t0`` [s] and how many bands were merged into band 0, itself not counted.
    held : (size,) float32
        Standard deviation of a band of variance 1 (eq:pair-noise).
    out : (size,) float32
        Added to at ``elements``.
    """
    total, noise = np.empty(64), np.empty(64)
    which, generation = np.zeros(64, np.uint32), np.zeros(64, np.uint32)
    z = np.empty(64, np.float32)
    for first in range(0, len(elements), 64):  # bands outside, so that the draws of a chunk vectorise
        part = elements[first : first + 64]
        oldest = _accumulated(part, programmed_at, tick, seconds, corners, total)
        for i in range(len(part)):
            which[i], generation[i], noise[i] = part[i], generations[part[i]], 0.0
        for b in range(len(keys)):
            faster = (first_band + b) * LN4
            if oldest <= faster:
                break
            _draw_slow(keys[b], tick, first_band + b, which, generation, z)
            for i in range(len(part)):
                noise[i] += math.sqrt(min(max(total[i] - faster, 0.0), LN4)) * z[i]
        for i in range(len(part)):
            out[part[i]] += held[part[i]] * noise[i]


@kernel
def _accumulated(
    elements: NDArray[np.int64],
    programmed_at: NDArray[np.uint64],
    tick: np.uint64,
    seconds: float,
    corners: NDArray[np.float64],
    total: NDArray[np.float64],
) -> float:
    """Write the accumulated variance of each element, counted from band 0, and return the largest."""
    t_read, t0, extra = corners[0], corners[1], corners[2]
    largest = 0.0
    for i in range(len(elements)):
        since = programmed_at[elements[i]]
        age = seconds * np.float64(tick - since) if tick > since else 0.0
        total[i] = math.log((age + t0 + t_read) / (2.0 * t_read)) - extra * LN4
        largest = max(largest, total[i])
    return largest


@kernel
def _draw_slow(
    key: np.uint64, tick: np.uint64, band: int, which: Words, generation: Words, z: Floats
) -> None:
    """Write the draws of 64 elements in one band: words 0 and 1 of block (element, generation, hold)."""
    k0, k1 = halves(key)
    low, high = halves(tick >> np.uint64(2 * band) if band < 32 else np.uint64(0))
    for i in range(64):
        words = philox(which[i], generation[i], low, high, k0, k1)
        z[i] = box_muller(words[0], words[1])[0]


@kernel
def read_held(
    x: Floats, weight: Floats, held: Floats, keys: NDArray[np.uint64], tick: np.uint64, y: Floats
) -> None:
    """Write ``x @ (weight + held (xi_1 + xi_2 + xi_3))`` to ``y`` (eq:one-over-f-bands).

    Every row is one read at its own tick; bands 1, 2, 3 hold for 4, 16 and 64 ticks. All rows
    lie in one block of 64 ticks (the caller splits). Inputs that are zero cost nothing.

    Parameters
    ----------
    x : (rows, n_in) float32
        Normalised inputs, rows <= 64.
    weight, held : (n_in, n_out) float32
        Weight with all slower bands, and standard deviation of one band.
    keys : (3,) uint64
        Streams of bands 1, 2, 3; element ``i * n_out + j`` of each at hold ``tick >> 2k``.
    tick : uint64
        Of the first row.
    y : (rows, n_out) float32
        Overwritten.

    Notes
    -----
    Works through panels of inputs whose weights stay in the cache, so that a draw is used where it
    is made. Test: ``tests/statistical/test_one_over_f.py``.
    """
    n_in, n_out = weight.shape
    width = 64 if n_out % 64 == 0 else n_out  # columns of a panel: whole chunks, or all
    panel = min(n_in, 32 if width < n_out or n_out == 64 else 64 // math.gcd(n_out, 64))
    stride = n_out // width if width == 64 else 1  # chunks from one row of a panel to the next
    words, z, active = np.empty(64, np.uint32), np.empty(64, np.float32), np.empty(panel, np.bool_)
    size = (panel * width + 63) // 64 * 64
    base, s = np.zeros(size, np.float32), np.zeros(size, np.float32)
    w3, w2, w1 = np.empty_like(base), np.empty_like(base), np.empty_like(base)
    xt = x.T.copy()
    y[:] = np.float32(0)
    for column in range(0, n_out, width):
        for i in range(0, n_in, panel):
            block = xt[i : min(i + panel, n_in)]
            if not _mark(block, 0, len(x), active):
                continue
            _load(weight, held, i, column, width, len(block), base, s)
            at = (np.uint64((i * n_out + column) // 64), stride, width, len(block) * width)
            _draw(keys[2], tick >> np.uint64(6), at, active, words, z, base, s, w3)
            start = 0
            while start < len(x):
                now = tick + np.uint64(start)
                stop = min(len(x), start + 16 - int(now & np.uint64(15)))
                if _mark(block, start, stop, active):
                    _draw(keys[1], now >> np.uint64(4), at, active, words, z, w3, s, w2)
                while start < stop:
                    now = tick + np.uint64(start)
                    end = min(stop, start + 4 - int(now & np.uint64(3)))
                    if _mark(block, start, end, active):
                        _draw(keys[0], now >> np.uint64(2), at, active, words, z, w2, s, w1)
                        _accumulate(block, start, end, w1, width, column, y)
                    start = end


@kernel
def _mark(block: Floats, start: int, stop: int, active: Flags) -> bool:
    """Mark the inputs of a panel that are nonzero in rows ``start`` to ``stop``; whether any is."""
    found = False
    for i in range(block.shape[0]):
        active[i] = False
        for r in range(start, stop):
            if block[i, r] != 0.0:
                active[i] = True
                found = True
                break
    return found


@kernel
def _load(
    weight: Floats, held: Floats, first: int, column: int, width: int, inputs: int, base: Floats, s: Floats
) -> None:
    """Copy a panel to contiguous memory."""
    for i in range(inputs):
        for j in range(width):
            base[i * width + j] = weight[first + i, column + j]
            s[i * width + j] = held[first + i, column + j]


@kernel
def _draw(
    key: np.uint64,
    hold: np.uint64,
    at: tuple[np.uint64, int, int, int],
    active: Flags,
    words: Words,
    z: Floats,
    base: Floats,
    s: Floats,
    out: Floats,
) -> None:
    """Write ``base + s xi`` of one panel to ``out``, chunk by chunk, where an active input needs it.

    ``at`` is the panel's place: its first chunk, the chunks from row to row, its width and its size.
    """
    chunk, stride, width, size = at
    for c in range((size + 63) // 64):
        first = 64 * c
        needed = False
        for i in range(first // width, (min(first + 64, size) - 1) // width + 1):
            needed = needed or active[i]
        if needed:
            gaussian64(key, hold, chunk + np.uint64(c * stride), words, z)
            last = first + 64
            _mix(z, base[first:last], s[first:last], out[first:last])


@kernel
def _mix(z: Floats, base: Floats, s: Floats, out: Floats) -> None:
    """Write ``base + s z`` for one chunk; a function of its own, so that it becomes wide instructions."""
    for k in range(64):
        out[k] = base[k] + s[k] * z[k]


@kernel
def _accumulate(block: Floats, start: int, stop: int, w: Floats, width: int, column: int, y: Floats) -> None:
    """Add ``x w`` of one panel to rows ``start`` to ``stop`` of ``y``, four at most."""
    if width == 64 and stop == start + 4:
        _accumulate_four(block[:, start:stop], w, y[start:stop, column : column + 64])
        return
    for r in range(start, stop):
        _accumulate_row(block[:, r], w, width, y[r, column : column + width])


@kernel
def _accumulate_four(inputs: Floats, w: Floats, rows: Floats) -> None:
    """Add ``inputs.T @ w`` to ``rows`` (4, 64), input by input.

    One array of known length holds half of all four rows, so that the sums stay in registers and a
    weight is loaded once for four of them.
    """
    sums = np.empty(128, np.float32)
    for half in range(0, 64, 32):
        for j in range(32):
            sums[j], sums[32 + j] = rows[0, half + j], rows[1, half + j]
            sums[64 + j], sums[96 + j] = rows[2, half + j], rows[3, half + j]
        for i in range(inputs.shape[0]):
            x0, x1, x2, x3 = inputs[i, 0], inputs[i, 1], inputs[i, 2], inputs[i, 3]
            if x0 != 0.0 or x1 != 0.0 or x2 != 0.0 or x3 != 0.0:
                for j in range(32):
                    value = w[64 * i + half + j]
                    sums[j] += x0 * value
                    sums[32 + j] += x1 * value
                    sums[64 + j] += x2 * value
                    sums[96 + j] += x3 * value
        for j in range(32):
            rows[0, half + j], rows[1, half + j] = sums[j], sums[32 + j]
            rows[2, half + j], rows[3, half + j] = sums[64 + j], sums[96 + j]


@kernel
def _accumulate_row(inputs: Floats, w: Floats, width: int, row: Floats) -> None:
    """Add ``inputs @ w`` to ``row``, whose length is no multiple of a chunk."""
    for i in range(len(inputs)):
        value = inputs[i]
        if value != 0.0:
            for j in range(width):
                row[j] += value * w[i * width + j]
