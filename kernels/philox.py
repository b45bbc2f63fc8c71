"""Philox4x32-10: random words as a pure function of (key, tick, element).

Elements come in chunks of 64, sixteen Philox blocks that one vector register holds side by side:
element ``64 chunk + 16 k + i`` is word ``k`` of block ``16 chunk + i`` (eq:philox-layout).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import HALF, LOW, halves

MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)  # golden ratio
WEYL_1 = np.uint64(0xBB67AE85)  # sqrt(3) - 1
BLOCKS = np.uint64(4)  # log2 of the blocks in a chunk

Block = tuple[np.uint32, np.uint32, np.uint32, np.uint32]


@kernel(inline=True)
def philox(c0: np.uint32, c1: np.uint32, c2: np.uint32, c3: np.uint32, k0: np.uint32, k1: np.uint32) -> Block:
    """Return the four words of counter ``c`` under key ``k``, all uint32 (eq:philox-round, eq:philox-key).

    Notes
    -----
    Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers: as easy
    as 1, 2, 3, SC 2011. Test: ``tests/golden/test_philox.py`` (the authors' known answers).
    """
    for _ in range(10):
        # 32 x 32 -> 64 bits: the one wide product that vector units have
        product_0 = MULTIPLIER_0 * np.uint64(c0)
        product_1 = MULTIPLIER_1 * np.uint64(c2)
        c0 = np.uint32((product_1 >> HALF) ^ np.uint64(c1 ^ k0))
        c1 = np.uint32(product_1 & LOW)
        c2 = np.uint32((product_0 >> HALF) ^ np.uint64(c3 ^ k1))
        c3 = np.uint32(product_0 & LOW)
        k0 = np.uint32((np.uint64(k0) + WEYL_0) & LOW)
        k1 = np.uint32((np.uint64(k1) + WEYL_1) & LOW)
    return c0, c1, c2, c3


@kernel(inline=True)
def block_of(key: np.uint64, tick: np.uint64, chunk: np.uint64, i: int | np.int64) -> Block:
    """Return the four words of block ``16 chunk + i``, 0 <= i < 16, at ``tick`` (eq:philox-layout)."""
    k0, k1 = halves(key)
    c0, c1 = halves(np.uint64(chunk) << BLOCKS)
    c2, c3 = halves(tick)
    return philox(np.uint32(c0 | np.uint32(i)), c1, c2, c3, k0, k1)


@kernel
def words64(key: np.uint64, tick: np.uint64, chunk: np.uint64, out: NDArray[np.uint32]) -> None:
    """Write the words of elements ``64 chunk`` to ``64 chunk + 63`` to ``out`` (eq:philox-layout).

    Parameters
    ----------
    key, tick, chunk : uint64
    out : (64,) uint32
        Overwritten.
    """
    for i in range(16):
        out[i], out[16 + i], out[32 + i], out[48 + i] = block_of(key, tick, chunk, i)


@kernel
def word_at(key: np.uint64, tick: np.uint64, element: int) -> np.uint32:
    """Return the word of one element: what ``fill_words`` writes there."""
    e = np.int64(element)
    return block_of(key, tick, np.uint64(e >> 6), e & 15)[(e >> 4) & 3]


@kernel
def fill_words(key: np.uint64, tick: np.uint64, out: NDArray[np.uint32], first: int = 0) -> None:
    """Write uniform 32-bit words: element ``first + j`` of tick ``tick + r`` to ``out[r, j]``.

    Parameters
    ----------
    key : uint64
        The stream.
    tick : uint64
        Of row 0; one tick a row, modulo 2**64.
    out : (rows, columns) uint32
        Overwritten. A value depends on its address alone, never on the shape of ``out``.
    first : int
        Element of column 0, a multiple of 64, for callers that split columns.
    """
    words = np.empty(64, np.uint32)
    rows, columns = out.shape
    for r in range(rows):
        for start in range(0, columns, 64):
            words64(key, tick + np.uint64(r), np.uint64((first + start) >> 6), words)
            part = out[r, start : start + 64]  # also the ragged end of a row
            for i in range(len(part)):
                part[i] = words[i]
