"""Reads of devices whose 1/f noise moves from read to read: bands 1, 2 and 3 (eq:one-over-f-bands)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.gaussian import gaussian64

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint32]
Place = tuple[np.uint64, int, int]


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
        Overwritten; inputs are added up from the first to the last.

    Notes
    -----
    Works through panels of weights that stay in the cache. The fastest band, with 16 of 21 draws, is
    never stored: its weights meet their inputs where they are made, so that the additions run beside
    the integer arithmetic of the next draw. Test: ``tests/statistical/test_one_over_f.py``.
    """
    n_in, n_out = weight.shape
    width = 64 if n_out % 64 == 0 else n_out  # columns of a panel: a chunk of draws, or all
    panel = min(n_in, 64 if width == 64 else 64 // math.gcd(n_out, 64))
    size = (panel * width + 63) // 64 * 64
    xt, active = x.T.copy(), np.empty(panel, np.bool_)
    base, s = np.zeros(size, np.float32), np.zeros(size, np.float32)
    w3, w2, w1 = np.empty_like(base), np.empty_like(base), np.empty_like(base)
    y[:] = np.float32(0)
    for i in range(0, n_in, panel):
        block = xt[i : min(i + panel, n_in)]
        if _mark(block, 0, len(x), active):
            for column in range(0, n_out, width):
                _load(weight, held, i, column, width, len(block), base, s)
                place = (np.uint64((i * n_out + column) // 64), n_out // 64 if width == 64 else 1, column)
                _read_panel(block, keys, tick, place, width, active, base, s, (w3, w2, w1), y)


@kernel(inline=True)
def _read_panel(
    block: Floats,
    keys: NDArray[np.uint64],
    tick: np.uint64,
    place: Place,
    width: int,
    active: Flags,
    base: Floats,
    s: Floats,
    banded: tuple[Floats, Floats, Floats],
    y: Floats,
) -> None:
    """Add the reads of one panel to ``y``: a draw of band 3, in it four of band 2, in each four of band 1.

    ``place`` is the panel's first chunk of draws, how many chunks on its next row begins, and its first
    column. ``y`` is handed on whole: a part of its columns would not become wide instructions.
    """
    w3, w2, w1 = banded
    words, z = np.empty(64, np.uint32), np.empty(64, np.float32)
    rows = len(y)
    _mark(block, 0, rows, active)
    _draw(keys[2], tick >> np.uint64(6), place, width, active, words, z, base, s, w3, len(block))
    start = 0
    while start < rows:
        now = tick + np.uint64(start)
        stop = min(rows, start + 16 - int(now & np.uint64(15)))
        if _mark(block, start, stop, active):
            _draw(keys[1], now >> np.uint64(4), place, width, active, words, z, w3, s, w2, len(block))
        while start < stop:
            now = tick + np.uint64(start)
            end = min(stop, start + 4 - int(now & np.uint64(3)))
            if _mark(block, start, end, active):
                hold, inputs = now >> np.uint64(2), block[:, start:end]
                if width == 64:
                    _draw_and_add(keys[0], hold, place, active, words, z, w2, s, w1[:64], inputs, start, y)
                else:
                    _draw(keys[0], hold, place, width, active, words, z, w2, s, w1, len(block))
                    _add(inputs, w1, y[start:end])
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
        at, row = i * width, first + i
        base[at : at + width] = weight[row, column : column + width]
        s[at : at + width] = held[row, column : column + width]


@kernel
def _draw(
    key: np.uint64,
    hold: np.uint64,
    place: Place,
    width: int,
    active: Flags,
    words: Words,
    z: Floats,
    base: Floats,
    s: Floats,
    out: Floats,
    inputs: int,
) -> None:
    """Write ``base + s xi`` of one panel to ``out``, chunk by chunk, where an active input needs it."""
    chunk, stride, _ = place
    size = inputs * width
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
def _draw_and_add(
    key: np.uint64,
    hold: np.uint64,
    place: Place,
    active: Flags,
    words: Words,
    z: Floats,
    base: Floats,
    s: Floats,
    w: Floats,
    inputs: Floats,
    start: int,
    y: Floats,
) -> None:
    """Add ``inputs.T @ (base + s xi)`` of a panel of 64 columns to ``y``, input by input; ``w`` is room."""
    chunk, stride, column = place
    for i in range(inputs.shape[0]):
        if active[i]:
            gaussian64(key, hold, chunk + np.uint64(i * stride), words, z)
            first, last = 64 * i, 64 * i + 64
            _mix(z, base[first:last], s[first:last], w)
            for r in range(inputs.shape[1]):
                if inputs[i, r] != 0.0:
                    _add_scaled(inputs[i, r], w, y[start + r, column : column + 64])


@kernel
def _mix(z: Floats, base: Floats, s: Floats, out: Floats) -> None:
    """Write ``base + s z`` for one chunk; a function of its own, so that it becomes wide instructions."""
    for k in range(64):
        out[k] = base[k] + s[k] * z[k]


@kernel
def _add_scaled(value: np.float32, w: Floats, row: Floats) -> None:
    """Add ``value w`` of one chunk to ``row``."""
    for k in range(64):
        row[k] += value * w[k]


@kernel
def _add(inputs: Floats, w: Floats, y: Floats) -> None:
    """Add ``inputs.T @ w`` to ``y``, whose rows are no multiple of a chunk."""
    rows, width = y.shape
    for r in range(rows):
        for i in range(inputs.shape[0]):
            value = inputs[i, r]
            if value != 0.0:
                for j in range(width):
                    y[r, j] += value * w[i * width + j]
