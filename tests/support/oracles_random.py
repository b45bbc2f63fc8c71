"""Random draws the slow, obvious way: Python integers for the words, float64 for the transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MASK = 2**32 - 1

Floats = NDArray[np.float64]
Words = NDArray[np.uint32]


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 of four counter words under two key words (eq:philox-round, eq:philox-key)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * c[0], 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [high_1 ^ c[1] ^ k[0], low_1, high_0 ^ c[3] ^ k[1], low_0]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def word(key: int, tick: int, element: int) -> int:
    """Word of one element (eq:philox-layout)."""
    chunk, inside = divmod(element, 64)
    k, i = divmod(inside, 16)
    block = 16 * chunk + i
    counter = [block & MASK, block >> 32, tick & MASK, tick >> 32]
    return philox(counter, [key & MASK, key >> 32])[k]


def words(key: int, tick: int, rows: int, columns: int, first: int = 0) -> Words:
    """Words of ``rows`` ticks from ``tick``, modulo 2**64, and ``columns`` elements from ``first``."""
    table = [[word(key, (tick + r) % 2**64, e) for e in range(first, first + columns)] for r in range(rows)]
    return np.array(table, np.uint32).reshape(rows, columns)


def box_muller(radius_word: Words, angle_word: Words) -> tuple[Floats, Floats, Floats]:
    """Radius, cosine and sine part of the exact transform (eq:gaussian-pair), no digit lost at u = 1."""
    u = (radius_word.astype(np.float64) + 0.5) / 2**32
    rest = (2.0**32 - 0.5 - radius_word.astype(np.float64)) / 2**32
    radius = np.sqrt(-2 * np.where(u < 0.5, np.log(u), np.log1p(-rest)))
    angle = 2 * np.pi * angle_word.astype(np.float64) / 2**32
    return radius, radius * np.cos(angle), radius * np.sin(angle)
