"""Are all numbers finite: one look at the bits of each, instead of a search for the largest and smallest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

EXPONENT = np.int32(0x7F800000)  # all of its bits are set in infinities and NaN, and in nothing else


@kernel
def all_finite(x: NDArray[np.float32]) -> bool:
    """Return whether no element of ``x`` (rows, n) float32 is infinite or NaN."""
    other = np.int32(0)
    for r in range(len(x)):
        bits = x[r].view(np.int32)
        for j in range(len(bits)):
            other |= np.int32((bits[j] & EXPONENT) == EXPONENT)
    return bool(other == 0)
