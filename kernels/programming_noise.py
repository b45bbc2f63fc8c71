"""Programming noise and drift exponents: drawn once per write (eq:programming-noise, eq:drift-exponent)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import halves
from hwnoise.kernels.gaussian import box_muller
from hwnoise.kernels.philox import philox


@kernel
def write_draws(
    key: np.uint64, elements: NDArray[np.int64], generations: NDArray[np.uint32], out: NDArray[np.float32]
) -> None:
    """Draw the normals of one programming of each weight (eq:programming-noise, eq:drift-exponent).

    Parameters
    ----------
    key : uint64
        The array's programming stream.
    elements : (n,) int64
        Which weights are programmed.
    generations : (n,) uint32
        How often each was programmed, this time included.
    out : (2 planes, n) float32
        Overwritten: the programming of each device, then how each will age.

    Notes
    -----
    A pure function of (key, element, generation): four rows are one Philox block, of counter
    (element, generation, block, 0).
    """
    for first in range(0, len(out), 4):
        _draw_block(key, elements, generations, np.uint32(first // 4), out[first : first + 4])


@kernel
def _draw_block(
    key: np.uint64,
    elements: NDArray[np.int64],
    generations: NDArray[np.uint32],
    block: np.uint32,
    out: NDArray[np.float32],
) -> None:
    """Write two rows of ``write_draws``, or four: one Philox block of every weight."""
    k0, k1 = halves(key)
    zero = np.uint32(0)
    if len(out) == 2:
        for i in range(len(elements)):
            a, b, _, _ = philox(np.uint32(elements[i]), generations[i], block, zero, k0, k1)
            out[0, i], out[1, i] = box_muller(a, b)
        return
    for i in range(len(elements)):
        a, b, c, d = philox(np.uint32(elements[i]), generations[i], block, zero, k0, k1)
        out[0, i], out[1, i] = box_muller(a, b)
        out[2, i], out[3, i] = box_muller(c, d)


@kernel
def program(
    target: NDArray[np.float64],
    sigma: NDArray[np.float64],
    draws: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Write ``pos(target + sigma z)`` to ``out`` (eq:programming-noise).

    Parameters
    ----------
    target : (n,) float64 [µS], >= 0
    sigma : (n,) float64 [µS], >= 0
    draws : (n,) float32
        Standard normals, one per device (``write_draws``).
    out : (n,) float32 [µS]
        Overwritten.

    Notes
    -----
    Source: S. R. Nandakumar et al., IEEE ICECS 2019. Oracle: ``oracles_devices.rectified``.
    Test: ``tests/statistical/test_programming_noise.py``.
    """
    for i in range(len(target)):
        out[i] = max(target[i] + sigma[i] * draws[i], 0.0)
