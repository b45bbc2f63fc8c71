"""Standard normal draws, float32, by a Box-Muller transform of our own that rounds alike everywhere.

Nothing but IEEE float32 products, sums and square roots, in the order written: no library
function, no fused multiply-add. The same bits on every machine, and in any other language.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import as_float, as_signed, as_word
from hwnoise.kernels.philox import block_of

# Minimax polynomials in rising powers, by Remez exchange in float64, then rounded to float32;
# largest relative errors before rounding 1.5e-7, 3.3e-9 and 3.3e-8 (docs/equations/gaussian.md).
LOG = tuple(  # -2 ln(1 + f) / f on [-1/2, 0]
    np.float32(c)
    for c in (-1.9999998, 1.0000731, -0.66372526, 0.54450107, -0.07603609, 1.5708622, 2.1630805, 2.369863)
)
SIN = tuple(  # sin(pi x / 4) / x in x**2 on [0, 1]
    np.float32(c) for c in (0.7853982, -0.080745436, 0.002490001, -3.5950452e-05)
)
COS = tuple(  # cos(pi x / 4) in x**2 on [0, 1]
    np.float32(c) for c in (0.99999994, -0.30842417, 0.015849683, -0.00031872783)
)
MINUS_2_LN_2 = np.float32(-1.3862944)
ONE = np.float32(1)
EXPONENT_OF_HALF = np.float32(126)
UNIT = np.float32(2.0**-32)
HALF_UNIT = np.float32(2.0**-33)
QUADRANT = np.float32(2.0**-31)
SIGN = np.uint32(0x80000000)
SWAP = np.uint32(0x40000000)


@kernel(inline=True)
def square_radius(word: np.uint32) -> np.float32:
    """Return ``-2 ln u`` for ``u = (word + 1/2) 2**-32`` (eq:gaussian-radius).

    ``u`` above 1/2 is taken as ``1 - x`` with ``x`` exact to float32: no digit is lost at 1,
    and none at 0, where the largest draws come from.
    """
    upper = as_signed(word) < 0
    x = np.float32(as_signed(~word if upper else word)) * UNIT + HALF_UNIT
    bits = as_word(x)
    mantissa = as_float((bits & np.uint32(0x007FFFFF)) | np.uint32(0x3F000000))  # in [1/2, 1)
    # a difference of floats: one of integers is 64 bits wide in Numba, and takes twice the vectors
    exponent = np.float32(as_signed(bits >> np.uint32(23))) - EXPONENT_OF_HALF
    f = -x if upper else mantissa - ONE
    log2 = np.float32(0) if upper else exponent
    a = ((LOG[7] * f + LOG[6]) * f + LOG[5]) * f + LOG[4]
    a = (((a * f + LOG[3]) * f + LOG[2]) * f + LOG[1]) * f + LOG[0]
    return log2 * MINUS_2_LN_2 + a * f


@kernel(inline=True)
def cosine_and_sine(word: np.uint32) -> tuple[np.float32, np.float32]:
    """Return cosine and sine of ``2 pi word / 2**32`` (eq:gaussian-angle).

    The word is a quadrant, to the nearest axis, and a signed rest ``x`` in [-1, 1) half quadrants.
    """
    x = np.float32(as_signed(word << np.uint32(2))) * QUADRANT
    y = x * x
    sine = (((SIN[3] * y + SIN[2]) * y + SIN[1]) * y + SIN[0]) * x
    cosine = ((COS[3] * y + COS[2]) * y + COS[1]) * y + COS[0]
    quadrant = np.uint32((np.uint64(word) + np.uint64(0x20000000)) & np.uint64(0xC0000000))
    swap = (quadrant & SWAP) != 0
    cosine_sign = (quadrant ^ (quadrant << np.uint32(1))) & SIGN
    sine_sign = quadrant & SIGN
    along, across = (sine, cosine) if swap else (cosine, sine)
    return as_float(as_word(along) ^ cosine_sign), as_float(as_word(across) ^ sine_sign)


@kernel(inline=True)
def box_muller(radius_word: np.uint32, angle_word: np.uint32) -> tuple[np.float32, np.float32]:
    """Return two independent standard normal draws from two uniform words (eq:gaussian-pair).

    Notes
    -----
    Within 3e-7 of the pair's radius, and so within 1e-6, of the exact transform of the words;
    the largest magnitude is 6.76. Source: G. E. P. Box, M. E. Muller, Ann. Math. Statist.
    29:610, 1958. Oracle: ``oracles_random.box_muller``. Test: ``tests/statistical/test_gaussian.py``.
    """
    radius = np.sqrt(square_radius(radius_word))
    cosine, sine = cosine_and_sine(angle_word)
    return radius * cosine, radius * sine


@kernel
def gaussian64(
    key: np.uint64, tick: np.uint64, chunk: np.uint64, words: NDArray[np.uint32], out: NDArray[np.float32]
) -> None:
    """Write the draws of elements ``64 chunk`` to ``64 chunk + 63`` to ``out`` (eq:gaussian-pair).

    Parameters
    ----------
    key, tick, chunk : uint64
    words : (64,) uint32
        Overwritten with the words the draws are made of.
    out : (64,) float32
        Overwritten; not ``words`` under another type.
    """
    for i in range(16):
        w0, w1, w2, w3 = block_of(key, tick, chunk, i)
        words[i], words[16 + i], words[32 + i], words[48 + i] = w0, w1, w2, w3
        out[i], out[16 + i] = box_muller(w0, w1)
        out[32 + i], out[48 + i] = box_muller(w2, w3)


@kernel
def gaussian_at(key: np.uint64, tick: np.uint64, element: int) -> np.float32:
    """Return the draw of one element: what ``fill_gaussian`` writes there, bit for bit."""
    e = np.int64(element)
    w0, w1, w2, w3 = block_of(key, tick, np.uint64(e >> 6), e & 15)
    first, second = box_muller(w2, w3) if e & 32 else box_muller(w0, w1)
    return second if e & 16 else first


@kernel
def fill_gaussian(key: np.uint64, tick: np.uint64, out: NDArray[np.float32], first: int = 0) -> None:
    """Write standard normal draws: element ``first + j`` of tick ``tick + r`` to ``out[r, j]``.

    Parameters
    ----------
    key : uint64
        The stream.
    tick : uint64
        Of row 0; one tick a row, modulo 2**64.
    out : (rows, columns) float32
        Overwritten. A value depends on its address alone, never on the shape of ``out``.
    first : int
        Element of column 0, a multiple of 64, for callers that split columns.
    """
    words = np.empty(64, np.uint32)
    draws = np.empty(64, np.float32)
    rows, columns = out.shape
    for r in range(rows):
        for start in range(0, columns, 64):
            gaussian64(key, tick + np.uint64(r), np.uint64((first + start) >> 6), words, draws)
            part = out[r, start : start + 64]  # also the ragged end of a row
            for i in range(len(part)):
                part[i] = draws[i]
