"""Drift of a differential pair: power-law decay since each device was programmed (eq:drift)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel


@kernel
def age_pair(
    elements: NDArray[np.int64],
    g: NDArray[np.float32],
    nu: NDArray[np.float32],
    q: NDArray[np.float32],
    programmed_at: NDArray[np.uint64],
    tick: np.uint64,
    period: float,
    t0: float,
    per_range: float,
    weight: NDArray[np.float32],
    held: NDArray[np.float32],
) -> None:
    """Weight, and standard deviation of 1/f noise, as the pair stands at ``tick`` (eq:drift, eq:pair-noise).

    Parameters
    ----------
    elements : (n,) int64
        Which weights are computed; the others are left as they are.
    g, nu, q : (2, size) float32
        Programmed conductance [µS], drift exponent and relative noise of plus and minus device.
    programmed_at : (size,) uint64
        Tick of the last programming.
    tick : uint64
    period, t0 : float64 [s]
        Seconds per tick; time between programming and its verifying read.
    per_range : float64 [1/µS]
        Normalised weight per conductance, 1 / g_max.
    weight, held : (size,) float32
        Overwritten at ``elements``: ``(g+ - g-) / g_max`` after drift, and the standard deviation
        ``sqrt((g+ Q+)**2 + (g- Q-)**2) / g_max`` of a band of variance 1.

    Notes
    -----
    Source: V. Joshi et al., Nat. Commun. 11:2473, 2020. Oracle: ``oracles_devices.drift_factor``.
    Test: ``tests/statistical/test_drift.py``.
    """
    for n in range(len(elements)):
        e = elements[n]
        age = period * np.float64(tick - programmed_at[e]) if tick > programmed_at[e] else 0.0
        log_time = math.log((age + t0) / t0)
        plus = g[0, e] * math.exp(-nu[0, e] * log_time)
        minus = g[1, e] * math.exp(-nu[1, e] * log_time)
        weight[e] = (plus - minus) * per_range
        held[e] = math.sqrt((plus * q[0, e]) ** 2 + (minus * q[1, e]) ** 2) * per_range


@kernel
def decay(
    g: NDArray[np.float32], nu: NDArray[np.float32], seconds: NDArray[np.float64], t0: float
) -> None:
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
