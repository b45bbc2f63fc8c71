"""1/f noise as a sum of held bands: band k keeps its draw for 4**k reads (eq:one-over-f-bands)."""

import math

import numpy as np

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.gaussian import box_muller, gaussian64
from hwnoise.kernels.philox import philox

LN4 = math.log(4.0)


@kernel
def add_held_band(key, hold, gain, out):
    """Add ``gain * xi`` to ``out``: one band's draw in its ``hold``-th holding time.

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
def add_slow_bands(elements, generations, programmed_at, keys, first_band, tick, seconds, corners, held, out):
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
        ``t_read`` [s], ``t0`` [s] and the number of bands faster than band 1, less one.
    held : (size,) float32
        Standard deviation per unit of band variance.
    out : (size,) float32
        Added to at ``elements``.
    """
    t_read, t0, extra = corners[0], corners[1], corners[2]
    zero = np.uint64(0)
    for n in range(len(elements)):
        e = elements[n]
        age = seconds * np.float64(tick - programmed_at[e]) if tick > programmed_at[e] else 0.0
        total = math.log((age + t0 + t_read) / (2.0 * t_read)) - extra * LN4
        noise = 0.0
        for b in range(len(keys)):
            band = first_band + b
            variance = min(total - band * LN4, LN4)
            if variance <= 0.0:
                break
            hold = tick >> np.uint64(2 * band) if band < 32 else zero
            low = np.uint32(hold & np.uint64(0xFFFFFFFF))
            high = np.uint32(hold >> np.uint64(32))
            k0 = np.uint32(keys[b] & np.uint64(0xFFFFFFFF))
            k1 = np.uint32(keys[b] >> np.uint64(32))
            words = philox(np.uint32(e), generations[e], low, high, k0, k1)
            noise += math.sqrt(variance) * box_muller(words[0], words[1])[0]
        out[e] += held[e] * noise


@kernel
def read_held(x, weight, held, keys, tick, y):
    """Write ``x @ (weight + held (xi_1 + xi_2 + xi_3))`` to ``y``: three bands move within the rows.

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
    Test: ``tests/statistical/test_one_over_f.py``.
    """
    rows, n_in = x.shape
    n_out = weight.shape[1]
    whole = n_out % 64 == 0
    width = 64 if whole else n_out
    panel = 1 if whole else 64 // math.gcd(n_out, 64)
    flat_w = weight.ravel()
    flat_s = held.ravel()
    xt = x.T.copy()
    y[:] = np.float32(0)
    words = np.empty(64, np.uint32)
    z = np.empty(panel * width, np.float32)
    w3 = np.empty(panel * width, np.float32)
    w2 = np.empty(panel * width, np.float32)
    w1 = np.empty(panel * width, np.float32)
    for column in range(0, n_out, width):
        for i0 in range(0, n_in, panel):
            inputs = min(panel, n_in - i0)
            first = i0 * n_out + column
            size = inputs * width
            block = xt[i0 : i0 + inputs]
            if not _any(block, 0, rows):
                continue
            band_weights(keys[2], tick >> np.uint64(6), first, size, words, z, flat_w[first:], flat_s[first:], w3)
            start = 0
            while start < rows:
                stop = min(rows, start + 16 - int((tick + np.uint64(start)) & np.uint64(15)))
                if _any(block, start, stop):
                    hold = (tick + np.uint64(start)) >> np.uint64(4)
                    band_weights(keys[1], hold, first, size, words, z, w3, flat_s[first:], w2)
                    _fastest(block, start, stop, keys[0], tick, first, size, width, words, z, w2, flat_s[first:], w1,
                             column, y)
                start = stop


@kernel
def _any(block, start, stop):
    """Whether any input of the panel is nonzero in rows ``start`` to ``stop``."""
    for i in range(block.shape[0]):
        for r in range(start, stop):
            if block[i, r] != 0.0:
                return True
    return False


@kernel
def band_weights(key, hold, first, size, words, z, base, held, out):
    """Write ``base + held * xi`` for ``size`` elements from ``first``, a multiple of 64."""
    chunk = np.uint64(first // 64)
    for c in range((size + 63) // 64):
        gaussian64(key, hold, chunk + np.uint64(c), words, z[64 * c : 64 * c + 64])
    for e in range(size):
        out[e] = base[e] + held[e] * z[e]


@kernel
def _fastest(block, start, stop, key, tick, first, size, width, words, z, base, held, w1, column, y):
    """Rows ``start`` to ``stop`` of one panel: band 1 changes every four ticks."""
    while start < stop:
        end = min(stop, start + 4 - int((tick + np.uint64(start)) & np.uint64(3)))
        if _any(block, start, end):
            band_weights(key, (tick + np.uint64(start)) >> np.uint64(2), first, size, words, z, base, held, w1)
            for i in range(block.shape[0]):
                for r in range(start, end):
                    value = block[i, r]
                    if value != 0.0:
                        row = y[r, column : column + width]
                        w = w1[i * width : (i + 1) * width]
                        for j in range(width):
                            row[j] += value * w[j]
        start = end
