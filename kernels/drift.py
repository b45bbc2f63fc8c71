"""Drift of a differential pair: power-law decay since each device was programmed (eq:drift)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel


@kernel
def decay(g: NDArray[np.float32], nu: NDArray[np.float32], seconds: NDArray[np.float64], t0: float) -> None:
    """Multiply ``g`` by ``((seconds + t0) / t0)**-nu`` (eq:drift).

    Parameters
    ----------
    g : (planes, n) float32
        Conductance right after programming; overwritten with what has become of it.
    nu : (planes, n) float32
        Drift exponents.
    seconds : (n,) float64 [s]
        Since the programming of each weight's devices, >= 0.
    t0 : float64 [s]
        Time between programming and its verifying read, > 0.

    Notes
    -----
    Source: V. Joshi et al., Nat. Commun. 11:2473, 2020. Oracle: ``oracles_devices.drift_factor``.
    Test: ``tests/statistical/test_drift.py``.
    """
    for n in range(len(seconds)):
        log_time = math.log((seconds[n] + t0) / t0)
        for p in range(g.shape[0]):
            g[p, n] *= math.exp(-nu[p, n] * log_time)
