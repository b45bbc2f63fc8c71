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
def add_held_bands(
    keys: NDArray[np.uint64], holds: NDArray[np.uint64], slow: Floats, held: Floats, out: Floats
) -> None:
    """Write ``slow + held (xi + xi')`` to ``out``: draws of two bands in their holds (eq:one-over-f-bands).

    Parameters
    ----------
    keys : (2,) uint64
        The bands' streams.
    holds : (2,) uint64
        ``tick >> 2k`` for band k.
    slow, held : (size,) float32
        Everything slower, and standard deviation of one band.
    out : (size,) float32
        Overwritten; element e uses draw ``(key, hold, e)`` of each band.
    """
    words = np.empty(64, np.uint32)
    z, other = np.empty(64, np.float32), np.empty(64, np.float32)
    size = len(out)
    for chunk in range((size + 63) // 64):
        gaussian64(keys[0], holds[0], np.uint64(chunk), words, z)
        gaussian64(keys[1], holds[1], np.uint64(chunk), words, other)
        for i in range(min(64, size - 64 * chunk)):
            e = np.uint64(64 * chunk + i)
            out[e] = (z[i] + other[i]) * held[e] + slow[e]


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
    programmed_at : (n,) uint64
        Ticks at which ``elements`` were programmed.
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
        oldest = _accumulated(programmed_at[first : first + 64], tick, seconds, corners, total)
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
    programmed_at: NDArray[np.uint64],
    tick: np.uint64,
    seconds: float,
    corners: NDArray[np.float64],
    total: NDArray[np.float64],
) -> float:
    """Write the accumulated variance of each device, counted from band 0, and return the largest."""
    t_read, t0, extra = corners[0], corners[1], corners[2]
    largest = 0.0
    for i in range(len(programmed_at)):
        since = programmed_at[i]
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
