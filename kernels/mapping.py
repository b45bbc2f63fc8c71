"""From the devices of a weight to the weight: a weighted sum of conductances (eq:pair-mapping)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel


@kernel
def combine(
    elements: NDArray[np.int64],
    g: NDArray[np.float32],
    spread: NDArray[np.float32],
    factors: NDArray[np.float32],
    offset: float,
    weight: NDArray[np.float32],
    unit: NDArray[np.float32],
) -> None:
    """Write what the devices of each weight add up to, and the spread of that sum (eq:pair-mapping).

    Parameters
    ----------
    elements : (n,) int64
        Which weights are computed; the others are left as they are.
    g, spread : (planes, n) float32 [unit of g_max]
        Conductance, and standard deviation of its noise, of the devices of ``elements``.
    factors : (planes,) float32 [1 / unit of g_max]
        What a conductance counts in units of the weight range.
    offset : float64
        Added to the sum: what a digital offset column takes off.
    weight, unit : (size,) float32
        Overwritten at ``elements``: ``sum f g + offset`` and ``sqrt(sum f**2 spread**2)``.
    """
    for n in range(len(elements)):
        total, variance = np.float32(offset), np.float32(0)
        for p in range(len(factors)):
            total += factors[p] * g[p, n]
            variance += (factors[p] * spread[p, n]) ** 2
        weight[elements[n]] = total
        unit[elements[n]] = math.sqrt(variance)
