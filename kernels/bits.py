"""One 32-bit pattern, three readings: unsigned word, signed integer, float32."""

from __future__ import annotations

import numpy as np

from hwnoise.kernels._jit import kernel

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


@kernel(inline=True)
def as_float(word: np.uint32) -> np.float32:
    """Return the float32 whose bits are ``word``."""
    return np.uint32(word).view(np.float32)


@kernel(inline=True)
def as_signed(word: np.uint32) -> np.int32:
    """Return ``word`` read as two's complement."""
    return np.uint32(word).view(np.int32)


@kernel(inline=True)
def as_word(x: np.float32) -> np.uint32:
    """Return the bits of the float32 ``x``."""
    return np.float32(x).view(np.uint32)


@kernel(inline=True)
def halves(x: np.uint64) -> tuple[np.uint32, np.uint32]:
    """Return the low and the high 32 bits of ``x``."""
    return np.uint32(np.uint64(x) & LOW), np.uint32(np.uint64(x) >> HALF)
