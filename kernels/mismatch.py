"""Device-to-device mismatch: a factor per device, fixed for the chip (eq:mismatch-normal)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.gaussian import gaussian64


@kernel(inline=True)
def factor_of(z: np.float32, sigma: float, lognormal: bool) -> float:
    """Return the factor that the standard normal ``z`` stands for; its standard deviation is ``sigma``.

    Parameters
    ----------
    z : float32
    sigma : float64, >= 0
    lognormal : bool
        ``exp(s z - s**2 / 2)`` with ``s**2 = ln(1 + sigma**2)``, of mean 1 (eq:mismatch-lognormal);
        else ``pos(1 + sigma z)`` (eq:mismatch-normal).
    """
    if lognormal:
        s2 = math.log1p(sigma * sigma)
        return math.exp(math.sqrt(s2) * z - 0.5 * s2)
    return max(1.0 + sigma * float(z), 0.0)


@kernel
def fill_factors(
    key: np.uint64, tick: np.uint64, sigma: float, lognormal: bool, out: NDArray[np.float32]
) -> None:
    """Write a factor per device: element ``j`` of tick ``tick + r`` to ``out[r, j]``.

    Parameters
    ----------
    key : uint64
        The chip's mismatch stream.
    tick : uint64
        Of row 0; planes of devices, or kinds of parameters, have a tick each.
    sigma, lognormal
        See ``factor_of``.
    out : (rows, n) float32
        Overwritten.

    Notes
    -----
    Oracle: ``oracles_array.mismatch_factor``. Test: ``tests/statistical/test_mismatch.py``.
    """
    words, z = np.empty(64, np.uint32), np.empty(64, np.float32)
    rows, n = out.shape
    for r in range(rows):
        for first in range(0, n, 64):
            gaussian64(key, tick + np.uint64(r), np.uint64(first >> 6), words, z)
            part = out[r, first : first + 64]  # also the ragged end of a row
            for i in range(len(part)):
                part[i] = factor_of(z[i], sigma, lognormal)


@kernel
def scale_devices(
    elements: NDArray[np.int64],
    key: np.uint64,
    tick: np.uint64,
    sigma: float,
    lognormal: bool,
    g: NDArray[np.float32],
) -> None:
    """Multiply ``g[i]`` by the factor of device ``elements[i]``, the one ``fill_factors`` writes there.

    Parameters
    ----------
    elements : (n,) int64
        Rising order is fastest: a chunk of 64 draws serves all of its devices.
    key, tick, sigma, lognormal
        As for ``fill_factors``; one plane.
    g : (n,) float32 [µS]
        Overwritten.
    """
    words, z = np.empty(64, np.uint32), np.empty(64, np.float32)
    chunk = np.int64(-1)
    for i in range(len(elements)):
        e = np.int64(elements[i])
        if e >> 6 != chunk:
            chunk = e >> 6
            gaussian64(key, tick, np.uint64(chunk), words, z)
        g[i] *= factor_of(z[e & 63], sigma, lognormal)
