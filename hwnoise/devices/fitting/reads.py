"""Reads of programmed devices: which effects they support, their estimates, and the tables they fill."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.devices.fitting.bases import Basis
from hwnoise.devices.fitting.estimate import Plan, choose, estimate
from hwnoise.devices.fitting.support import LEAST_SPAN, caveats, has_bands, missing, span, supported
from hwnoise.devices.fitting.tables import Reads
from hwnoise.devices.fitting.trails import Trails, follow
from hwnoise.errors import InputError

Floats = NDArray[np.float64]
SHOWN = (0.0, 0.25, 0.5, 0.75, 1.0)  # x at which the curves get an interval too


@dataclass(frozen=True)
class ReadModel:
    """What reads of programmed devices say.

    Attributes
    ----------
    trails : Trails
        One row per device.
    plan : Plan
        Which effects are estimated, and in which form.
    best : (k,) float64
        Coefficients with every device counted once.
    g_max : float [µS]
    read_seconds : float or None
    left_out : tuple of str
    """

    trails: Trails
    plan: Plan
    best: Floats
    g_max: float
    read_seconds: float | None
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, reads: Reads, g_max: float | None, read_seconds: float | None) -> ReadModel:
        """Decide what these reads can support, choose the forms, and estimate.

        Raises
        ------
        InputError
            If targets exceed ``g_max``, or a read is longer than the time it comes after.
        """
        largest = float(reads.target.max())
        g_max = largest if g_max is None else g_max
        if not 0 < largest <= g_max:
            raise InputError(
                f"targets go up to {largest:g} µS: above 0 and at most g_max, {g_max:g} µS, is needed"
            )
        earliest = min(float(time.min()) for _, time, _ in reads.groups)
        if read_seconds is not None and read_seconds >= earliest:
            raise InputError(f"read_seconds = {read_seconds:g} is not below the earliest time {earliest:g} s")
        trails = follow(reads, g_max, read_seconds, span(reads) >= LEAST_SPAN)
        wanted = supported(trails)
        plan = choose(trails, read_seconds is None, wanted)
        best = estimate(trails, plan, np.ones(len(trails.x)))
        left_out = [*missing(reads, trails, wanted), *caveats(trails, plan, read_seconds)]
        return cls(trails, plan, best, g_max, read_seconds, tuple(left_out))

    @property
    def n_devices(self) -> int:
        """How many devices can be drawn again."""
        return len(self.trails.x)

    def unit(self, name: str) -> str:
        """Unit of an estimate."""
        return "µS" if name.startswith("programming_noise") else ""

    def report(self, weights: Floats) -> dict[str, float]:
        """Coefficients and values of the curves, each device counting ``weights`` (n_devices,) times."""
        parts = self.plan.split(estimate(self.trails, self.plan, weights, self.best))
        found = _noise_numbers(self.plan, parts)
        mean, std = self.plan.nu or (None, None)
        curves = (("drift.mean", mean, "nu_mean"), ("drift.std", std, "nu_std"))
        for name, basis, part in (*curves, ("programming_noise.sigma", self.plan.sigma, "sigma")):
            if basis is not None:
                found |= self._curve_numbers(name, basis, parts[part])
        return found

    def tables(self) -> dict[str, dict[str, Any]]:
        """Tables of the substrate file."""
        parts = self.plan.split(self.best)
        tables: dict[str, dict[str, Any]] = {"conductance": {"g_max": self.g_max}}
        if self.plan.sigma is not None:
            sigma = self.plan.sigma.curve(parts["sigma"].tolist(), self.trails.x)
            tables["programming_noise"] = {"reference_g_max": self.g_max, "sigma": sigma}
        if self.plan.nu is not None:
            seen = self.trails.x[~np.isnan(self.trails.nu)]
            mean, std = (
                basis.curve(parts[part].tolist(), seen)
                for basis, part in zip(self.plan.nu, ("nu_mean", "nu_std"), strict=True)
            )
            tables["drift"] = {"t0": self.trails.t0, "mean": mean, "std": std}
        return tables | self._noise_tables(_noise_numbers(self.plan, parts))

    def _curve_numbers(self, name: str, basis: Basis, coefficients: Floats) -> dict[str, float]:
        seen = self.trails.x if name.startswith("programming") else self.trails.x[~np.isnan(self.trails.nu)]
        shown = np.array([x for x in SHOWN if seen.min() <= x <= seen.max()])
        found = {f"{name}.{key}": float(c) for key, c in zip(basis.keys(), coefficients, strict=True)}
        at = zip(shown, basis.columns(shown) @ coefficients, strict=True)
        return found | {f"{name}(x={x:g})": float(value) for x, value in at}

    def _noise_tables(self, numbers: dict[str, float]) -> dict[str, dict[str, Any]]:
        if self.plan.dependence is not None:
            return {"read_noise": {"sigma": numbers["read_noise.sigma"], "dependence": self.plan.dependence}}
        if self.plan.noise is None or not has_bands(self.trails.t0, self.read_seconds):
            return {}
        amplitude, exponent = numbers["one_over_f.q.amplitude"], numbers.get("one_over_f.q.exponent", 0.0)
        least = float(self.trails.x[~np.isnan(self.trails.scatter)].min())
        q = {"shape": "clipped_power", "amplitude": amplitude, "exponent": exponent, "floor": 1e-9}
        q["cap"] = amplitude * max(least**-exponent, 1.0)
        noise = {"q": q, "t_read": self.read_seconds, "t0": self.trails.t0}
        return {"one_over_f": noise, "clock": {"read_period": self.read_seconds}}


def _noise_numbers(plan: Plan, parts: dict[str, Floats]) -> dict[str, float]:
    """Standard deviations from the logarithm of a variance."""
    if plan.noise is None:
        return {}
    level, *slope = parts["noise"].tolist()
    if plan.dependence is not None:
        return {"read_noise.sigma": math.exp(level / 2)}
    found = {"one_over_f.q.amplitude": math.exp(level / 2)}
    return found | {"one_over_f.q.exponent": -0.5 * slope[0]} if slope else found
