"""Reads to parameters: read noise first, then drift free of it, then programming noise free of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwnoise.devices.fitting.bases import Basis, Polynomial, candidates
from hwnoise.devices.fitting.likelihood import Gamma, Normal, bic, maximise
from hwnoise.devices.fitting.trails import Trails

Floats = NDArray[np.float64]
SIGMA_DEGREES, NU_DEGREES = 4, 2
Dependence = Literal["proportional", "sqrt", "constant"]
# d ln(variance / g**2) / d ln x, for each way in which white noise may depend on the conductance
SLOPES: dict[Dependence, float] = {"proportional": 0.0, "sqrt": -1.0, "constant": -2.0}


@dataclass(frozen=True)
class Plan:
    """What the data support: chosen once, then kept for every resampling.

    Attributes
    ----------
    noise : Basis or None
        Of the logarithm of the relative read-noise variance.
    dependence : str or None
        Of white read noise on the conductance; None where the noise is 1/f, or is unknown.
    nu : (Basis, Basis) or None
        Mean and spread of the drift exponent.
    sigma : Basis or None
        Spread of one programming.
    """

    noise: Basis | None = None
    dependence: Dependence | None = None
    nu: tuple[Basis, Basis] | None = None
    sigma: Basis | None = None

    def split(self, theta: Floats) -> dict[str, Floats]:
        """The coefficients by effect: ``noise``, ``nu_mean``, ``nu_std``, ``sigma``."""
        found, start = {}, 0
        for name, size in self._sizes():
            found[name] = theta[start : start + size]
            start += size
        return found

    def _sizes(self) -> Iterator[tuple[str, int]]:
        mean, std = self.nu or (None, None)
        parts = (("noise", self.noise), ("nu_mean", mean), ("nu_std", std), ("sigma", self.sigma))
        return ((name, len(basis.keys())) for name, basis in parts if basis is not None)


def choose(trails: Trails, white: bool, wanted: Sequence[str]) -> Plan:
    """Pick the form of each effect in ``wanted`` by the Bayesian information criterion."""
    plan = Plan()
    if "noise" in wanted:
        plan = _choose_noise(trails, white)
    noise = _noise_theta(trails, plan, np.ones(len(trails.x)))
    if "nu" in wanted:
        x = trails.x[_rows(trails.nu)]
        pairs = list(product(candidates(x, NU_DEGREES, True), candidates(x, 1, True)))
        plan = replace(plan, nu=min(pairs, key=lambda pair: _criterion(_nu(trails, plan, noise, pair))))
    if "sigma" in wanted:
        forms = candidates(trails.x, SIGMA_DEGREES, False)
        best = min(forms, key=lambda form: _criterion(_sigma(trails, plan, noise, form)))
        plan = replace(plan, sigma=best)
    return plan


def _choose_noise(trails: Trails, white: bool) -> Plan:
    if white:
        flat = Polynomial(0)
        return Plan(flat, min(SLOPES, key=lambda name: _criterion(_noise(trails, flat, name))))
    forms = candidates(trails.x[_rows(trails.scatter)], 0, True)
    return Plan(min(forms, key=lambda form: _criterion(_noise(trails, form, None))))


def estimate(trails: Trails, plan: Plan, weights: Floats, start: Floats | None = None) -> Floats:
    """All coefficients of the plan, one after the other, each device counting ``weights`` times."""
    begin = plan.split(start) if start is not None else {}
    noise = _noise_theta(trails, plan, weights, begin.get("noise"))
    parts = [noise]
    if plan.nu is not None:
        both = np.concatenate([begin["nu_mean"], begin["nu_std"]]) if begin else None
        parts.append(maximise(_nu(trails, plan, noise, plan.nu), weights[_rows(trails.nu)], both))
    if plan.sigma is not None:
        parts.append(maximise(_sigma(trails, plan, noise, plan.sigma), weights, begin.get("sigma")))
    return np.concatenate(parts)


def relative_variance(trails: Trails, plan: Plan, noise: Floats, x: Floats) -> Floats:
    """Relative read-noise variance at ``x`` (n,); below the smallest x that told, as there. 0 if unknown."""
    if plan.noise is None:
        return np.zeros(len(x))
    x = np.maximum(x, _noisy_x(trails, plan.dependence).min())
    return np.asarray(np.exp(_slope(plan.dependence) * np.log(x) + plan.noise.columns(x) @ noise))


def _noise_theta(trails: Trails, plan: Plan, weights: Floats, start: Floats | None = None) -> Floats:
    if plan.noise is None:
        return np.zeros(0)
    return maximise(_noise(trails, plan.noise, plan.dependence), weights[_rows(trails.scatter)], start)


def _noise(trails: Trails, basis: Basis, dependence: Dependence | None) -> Gamma:
    rows, x = _rows(trails.scatter), _noisy_x(trails, dependence)
    scatter = np.maximum(trails.scatter[rows], 1e-300)
    return Gamma(scatter, trails.dof[rows], basis.columns(x), _slope(dependence) * np.log(x))


def _nu(trails: Trails, plan: Plan, noise: Floats, bases: tuple[Basis, Basis]) -> Normal:
    rows = _rows(trails.nu)
    mean, std = (basis.columns(trails.x[rows]) for basis in bases)
    x = (trails.x if plan.dependence is None else trails.seen)[rows]
    extra = relative_variance(trails, plan, noise, x) * trails.nu_level[rows]
    return Normal(trails.nu[rows], np.zeros(len(mean)), extra, mean, std)


def _sigma(trails: Trails, plan: Plan, noise: Floats, basis: Basis) -> Normal:
    variance, none = relative_variance(trails, plan, noise, trails.x), np.zeros((len(trails.x), 0))
    extra = trails.target**2 * variance * trails.level
    return Normal(trails.first, trails.target, extra, none, basis.columns(trails.x), censored=True)


def _noisy_x(trails: Trails, dependence: Dependence | None) -> Floats:
    """What noise depends on: the state in which 1/f noise was programmed, white noise read."""
    return (trails.x if dependence is None else trails.seen)[_rows(trails.scatter)]


def _slope(dependence: Dependence | None) -> float:
    return 0.0 if dependence is None else SLOPES[dependence]


def _criterion(model: Gamma | Normal) -> float:
    n = len(model.dof if isinstance(model, Gamma) else model.y)
    return bic(model, maximise(model, np.ones(n)))


def _rows(values: Floats) -> NDArray[np.bool_]:
    """Devices that have this value."""
    return ~np.isnan(values)
