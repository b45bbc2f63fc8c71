"""Drift of a differential pair: power-law decay since each device was programmed (eq:drift)."""

import math

import numpy as np

from hwnoise.kernels._jit import kernel


@kernel
def age_pair(elements, g, nu, q, programmed_at, tick, period, t0, per_range, weight, held):
    """Weight and standard deviation of one band of 1/f noise, as the pair stands at ``tick``.

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
        Overwritten at ``elements``: ``(g+ - g-) / g_max`` after drift, and
        ``sqrt((g+ Q+)**2 + (g- Q-)**2) / g_max``.

    Notes
    -----
    Source: V. Joshi et al., Nat. Commun. 11:2473, 2020. Oracle: ``oracles.drift_factor``.
    """
    for n in range(len(elements)):
        e = elements[n]
        age = period * np.float64(tick - programmed_at[e]) if tick > programmed_at[e] else 0.0
        log_time = math.log((age + t0) / t0)
        plus = g[0, e] * math.exp(-nu[0, e] * log_time)
        minus = g[1, e] * math.exp(-nu[1, e] * log_time)
        weight[e] = (plus - minus) * per_range
        held[e] = math.sqrt((plus * q[0, e]) ** 2 + (minus * q[1, e]) ** 2) * per_range
