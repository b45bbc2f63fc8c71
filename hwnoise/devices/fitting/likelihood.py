"""Weighted maximum likelihood by Fisher scoring: of a spread that varies, and of a variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STEPS = 60
CONVERGED = 1e-8  # of the log-likelihood per device


@dataclass(frozen=True)
class Normal:
    """``y = offset + mean a + sqrt((spread b)**2 + extra) z``, one row per device (eq:fit-likelihood).

    Attributes
    ----------
    y, offset, extra : (n,) float64
        Observation, known part of the mean, known variance beside the fitted one.
    mean, spread : (n, p), (n, q) float64
        Columns whose coefficients a and b are sought; p may be 0.
    censored : bool
        Whether ``y <= 0`` only says that the value was at or below 0 (a conductance is never less).
    """

    y: Floats
    offset: Floats
    extra: Floats
    mean: Floats
    spread: Floats
    censored: bool = False

    def log_likelihood(self, theta: Floats, weights: Floats) -> float:
        """Of the coefficients (a, b); minus infinity where a spread is not above 0."""
        centre, spread, variance = self._parts(theta)
        if (spread <= 0).any() or (variance <= 0).any():
            return -math.inf
        each = -0.5 * (np.log(2 * np.pi * variance) + (self.y - centre) ** 2 / variance)
        hidden = self._hidden()
        if hidden.any():
            each[hidden] = _log_cdf(-centre[hidden] / np.sqrt(variance[hidden]))
        return float(weights @ each)

    def start(self, weights: Floats) -> Floats:
        """Least squares for the mean, one constant spread."""
        p, y = self.mean.shape[1], self.y - self.offset
        root = np.sqrt(weights)[:, None]
        a = np.linalg.lstsq(self.mean * root, y * root[:, 0], rcond=None)[0] if p else np.zeros(0)
        variance = float(np.average((y - self.mean @ a) ** 2, weights=weights))
        own = variance - float(np.average(self.extra, weights=weights))
        level = math.sqrt(max(own, 1e-4 * variance, 1e-300))
        constant = np.linalg.lstsq(self.spread, np.full(len(y), level), rcond=None)[0]
        return np.concatenate([a, constant])

    def score(self, theta: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Gradient of the log-likelihood and Fisher information (of uncensored rows for both)."""
        centre, spread, variance = self._parts(theta)
        residual = self.y - centre
        to_mean, to_variance = residual / variance, 0.5 * (residual**2 / variance - 1) / variance
        hidden = self._hidden()
        if hidden.any():
            sigma = np.sqrt(variance[hidden])
            u = -centre[hidden] / sigma
            hazard = np.exp(-0.5 * u**2 - 0.5 * math.log(2 * math.pi) - _log_cdf(u))
            to_mean[hidden], to_variance[hidden] = -hazard / sigma, -0.5 * hazard * u / variance[hidden]
        along = 2 * spread[:, None] * self.spread
        gradient = np.concatenate([self.mean.T @ (weights * to_mean), along.T @ (weights * to_variance)])
        p = self.mean.shape[1]
        information = np.zeros((len(theta), len(theta)))
        information[:p, :p] = self.mean.T @ (self.mean * (weights / variance)[:, None])
        information[p:, p:] = along.T @ (along * (0.5 * weights / variance**2)[:, None])
        return gradient, information

    def _parts(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        p = self.mean.shape[1]
        spread = self.spread @ theta[p:]
        return self.offset + self.mean @ theta[:p], spread, spread**2 + self.extra

    def _hidden(self) -> NDArray[np.bool_]:
        return self.y <= 0 if self.censored else np.zeros(len(self.y), np.bool_)


@dataclass(frozen=True)
class Gamma:
    """``scatter = exp(offset + columns c) chi2(dof) / dof``: mean squares of residuals (eq:fit-scatter)."""

    scatter: Floats
    dof: Floats
    columns: Floats
    offset: Floats

    def log_likelihood(self, theta: Floats, weights: Floats) -> float:
        """Of the coefficients c, up to a constant."""
        log_variance = self.offset + self.columns @ theta
        return float(-0.5 * (weights * self.dof) @ (log_variance + self.scatter * np.exp(-log_variance)))

    def start(self, weights: Floats) -> Floats:
        """One constant level."""
        level = math.log(max(float(np.average(self.scatter * np.exp(-self.offset), weights=weights)), 1e-300))
        return np.asarray(np.linalg.lstsq(self.columns, np.full(len(self.dof), level), rcond=None)[0])

    def score(self, theta: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Gradient of the log-likelihood and Fisher information."""
        ratio = self.scatter * np.exp(-self.offset - self.columns @ theta)
        half = 0.5 * weights * self.dof
        return self.columns.T @ (half * (ratio - 1)), self.columns.T @ (self.columns * half[:, None])


def maximise(model: Normal | Gamma, weights: Floats, start: Floats | None = None) -> Floats:
    """Coefficients of the largest likelihood: Fisher scoring, steps halved until they help.

    Parameters
    ----------
    model : Normal or Gamma
    weights : (n,) float64
        How often each device counts.
    start : (k,) float64, optional
        Where to begin; a good guess saves steps.

    Notes
    -----
    Source: Jennrich and Sampson, Technometrics 18, 1976.
    """
    theta = model.start(weights) if start is None else start
    value = model.log_likelihood(theta, weights)
    for _ in range(STEPS):
        gradient, information = model.score(theta, weights)
        information[np.diag_indices_from(information)] += 1e-10 * np.trace(information) / len(theta) + 1e-300
        step = np.asarray(np.linalg.solve(information, gradient), np.float64)
        theta, new = _climb(model, weights, theta, value, step)
        if new - value <= CONVERGED * weights.sum():
            break
        value = new
    return theta


def bic(model: Normal | Gamma, theta: Floats) -> float:
    """Bayesian information criterion, smaller is better (Schwarz, Annals of Statistics 6, 1978)."""
    n = len(model.scatter if isinstance(model, Gamma) else model.y)
    return len(theta) * math.log(n) - 2 * model.log_likelihood(theta, np.ones(n))


def _climb(
    model: Normal | Gamma, weights: Floats, theta: Floats, value: float, step: Floats
) -> tuple[Floats, float]:
    """The first of ever shorter steps that raises the likelihood above ``value``, if any does."""
    for _ in range(20):
        new = model.log_likelihood(theta + step, weights)
        if new > value:
            return theta + step, new
        step = step / 2
    return theta, value


def _log_cdf(u: Floats) -> Floats:
    from scipy.special import log_ndtr

    return np.asarray(log_ndtr(u))
