"""Room for vectors that do not straddle cache lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel


@kernel
def from_cache_line(n: int) -> NDArray[np.float32]:
    """Return n zeros, float32, that begin at a cache line.

    Arrays begin anywhere else, and then every wide vector of them lies in two lines: a read of one
    input takes a quarter longer.
    """
    spacious = np.zeros(n + 16, np.float32)
    first = -(spacious.ctypes.data >> 2) & 15
    return spacious[first : first + n]
