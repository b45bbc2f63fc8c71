"""Each device's reads over time as a line in log-log: its exponent and the scatter about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwnoise.devices.fitting.tables import Reads

Floats = NDArray[np.float64]
LEAST_X = 0.05  # below it noise is no longer small against the conductance, and a logarithm is biased
BAND = math.log(4.0)


@dataclass(frozen=True)
class Trails:
    """One row per device; NaN where it has too few reads, or where a logarithm says nothing.

    Attributes
    ----------
    x, target : (n,) float64
        Target over g_max, and in µS.
    seen : (n,) float64
        Geometric mean of the reads over g_max: where the device was while its noise was seen.
    first : (n,) float64 [µS]
        The earliest read, brought back to ``t0`` by the device's own exponent.
    level : (n,) float64
        Variance of that read per unit of relative noise variance.
    nu, nu_level : (n,) float64
        Drift exponent and its error variance, per unit of relative noise variance.
    scatter, dof : (n,) float64
        Mean square about the line in units of the noise model, and its degrees of freedom.
    t0 : float
        The earliest time of all [s since programming].
    dropped : int
        Devices whose reads over time could not be used.
    """

    x: Floats
    target: Floats
    seen: Floats
    first: Floats
    level: Floats
    nu: Floats
    nu_level: Floats
    scatter: Floats
    dof: Floats
    t0: float
    dropped: int


def follow(reads: Reads, g_max: float, t_read: float | None, drifts: bool) -> Trails:
    """Fit ``ln g = ln g_0 - nu ln(t / t0)`` to each device by generalised least squares (eq:fit-trail).

    Parameters
    ----------
    reads : Reads
    g_max : float [µS]
    t_read : float or None
        Duration of one read [s]: the noise is 1/f with the covariance of ``OneOverF``. None: white.
    drifts : bool
        Whether there is a slope at all.
    """
    n = len(reads.target)
    t0 = min(float(time.min()) for _, time, _ in reads.groups)
    keys = ("seen", "first", "level", "nu", "nu_level", "scatter", "dof")
    found = {key: np.full(n, np.nan) for key in keys}
    x, dropped = reads.target / g_max, 0
    for members, time, read in reads.groups:
        found["first"][members] = read[:, 0]
        found["level"][members] = covariance(time[:, :1], t_read)[:, 0, 0]
        usable = (x[members] >= LEAST_X) & (read > 0).all(axis=1)
        if time.shape[1] > 1:
            dropped += int((~usable).sum())
            found["seen"][members[usable]] = np.exp(np.log(read[usable]).mean(axis=1)) / g_max
            for key, values in _lines(time[usable], read[usable], t0, t_read, drifts).items():
                found[key][members[usable]] = values
    late = ~np.isnan(found["nu"])
    start = np.concatenate([time[:, 0] for _, time, _ in reads.groups])
    order = np.concatenate([members for members, _, _ in reads.groups])
    found["first"][late] *= (start[np.argsort(order)][late] / t0) ** found["nu"][late]
    return Trails(x, reads.target, t0=t0, dropped=dropped, **found)


def covariance(time: Floats, t_read: float | None) -> Floats:
    """Covariance of relative read noise between the times (n, m) of a device, per unit variance.

    1/f noise is a sum of bands; band k keeps its draw for ``4**k`` reads, so that two reads share it
    with the probability ``1 - lag / hold`` (eq:one-over-f-bands).
    """
    n, m = time.shape
    if t_read is None:
        return np.broadcast_to(np.eye(m), (n, m, m))
    total = np.log((time + t_read) / (2 * t_read))
    lag = np.abs(time[:, :, None] - time[:, None, :])
    shared = np.zeros((n, m, m))
    for k in range(math.ceil(float(total.max()) / BAND)):
        amplitude = np.sqrt(np.clip(total - k * BAND, 0, BAND))
        stays = np.maximum(1 - lag / (t_read * 4.0**k), 0)
        shared += amplitude[:, :, None] * amplitude[:, None, :] * stays
    return shared


def _lines(time: Floats, read: Floats, t0: float, t_read: float | None, drifts: bool) -> dict[str, Floats]:
    """Slope, its variance, and the scatter of each row."""
    n, m = time.shape
    columns = [np.ones_like(time), -np.log(time / t0)] if drifts else [np.ones_like(time)]
    whiten = np.linalg.inv(np.linalg.cholesky(covariance(time, t_read)))
    design = whiten @ np.stack(columns, axis=2)
    y = (whiten @ np.log(read)[:, :, None])[:, :, 0]
    if drifts and not (np.ptp(columns[1], axis=1) > 0).all():
        return {}
    inverse = np.linalg.inv(design.transpose(0, 2, 1) @ design)
    solution = (inverse @ (design.transpose(0, 2, 1) @ y[:, :, None]))[:, :, 0]
    residual = y - (design @ solution[:, :, None])[:, :, 0]
    dof = m - len(columns)
    found = {"nu": solution[:, 1], "nu_level": inverse[:, 1, 1]} if drifts else {}
    if dof > 0:
        found |= {"scatter": (residual**2).sum(axis=1) / dof, "dof": np.full(n, float(dof))}
    return found
