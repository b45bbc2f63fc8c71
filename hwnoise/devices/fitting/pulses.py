"""Pulse responses to a step, its asymmetry, its dependence on the state, and its spreads (eq:fit-step)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.devices.fitting.bootstrap import LEAST_DEVICES
from hwnoise.devices.fitting.tables import Pulses

Floats = NDArray[np.float64]
ROUNDS = 30  # of alternating least squares; its error falls by more than half in each
PULSED = {
    f"pulses.{name}"
    for name in ("step_up", "step_down", "slope_up", "slope_down", "cycle_to_cycle", "device_to_device")
}  # what a [pulsed_update] table is made of
LEAST_PULSES = 3  # of a device in one direction, to tell its own step from its noise


@dataclass(frozen=True)
class Moments:
    """Sums over the pulses of each device, all that the estimates need: (n_devices,) each."""

    count: Floats
    w: Floats
    w2: Floats
    change: Floats
    w_change: Floats
    change2: Floats

    def norm(self, slope: float) -> Floats:
        """Sum of ``(1 - slope w)**2``."""
        return np.maximum(self.count - 2 * slope * self.w + slope**2 * self.w2, 1e-300)

    def along(self, slope: float) -> Floats:
        """Sum of ``change (1 - slope w)``."""
        return self.change - slope * self.w_change


@dataclass(frozen=True)
class PulseModel:
    """``dw = ±D (h_i (1 -+ c w) + s z)``, with w from -1 to 1 over the range that was seen.

    Attributes
    ----------
    pulses : Pulses
    moments : dict of str to Moments
        ``"up"``, ``"down"``, or the one of them that was measured.
    g_max : float [µS]
    left_out : tuple of str
    """

    pulses: Pulses
    moments: dict[str, Moments]
    g_max: float
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, pulses: Pulses, g_max: float | None) -> PulseModel:
        """The model that these pulses can support."""
        return cls(pulses, _moments(pulses), g_max or pulses.high, tuple(_problems(pulses)))

    @property
    def n_devices(self) -> int:
        """How many devices can be drawn again."""
        return self.pulses.n_devices

    def unit(self, name: str) -> str:
        """Steps are in units of half the range, so that w goes from -1 to 1."""
        return "of half the range" if name.startswith("pulses.step") else ""

    def report(self, weights: Floats) -> dict[str, float]:
        """Estimates by name, each device counting ``weights`` (n_devices,) times.

        ``pulses.step_up``, ``step_down`` (D), ``asymmetry`` ``(up - down) / (up + down)``,
        ``slope_up``, ``slope_down`` (c, above 0 where steps become smaller towards the bound they
        move to), ``cycle_to_cycle`` and ``device_to_device`` (s and the spread of h, relative to D).
        """
        if self.n_devices < LEAST_DEVICES:
            return {}
        found: dict[str, float] = {}
        spreads = []
        for name, moments in self.moments.items():
            step, slope = _line(moments, weights)
            found |= {f"pulses.step_{name}": step, f"pulses.slope_{name}": slope}
            spreads.append(_spreads(moments, step, slope, weights))
        if len(spreads) == 2:
            up, down = found["pulses.step_up"], found["pulses.step_down"]
            found["pulses.asymmetry"] = (up - down) / (up + down)
        if _fewest(self.pulses) >= LEAST_PULSES:
            cycle, device_spread = np.mean(spreads, axis=0)
            found["pulses.cycle_to_cycle"] = math.sqrt(cycle)
            found["pulses.device_to_device"] = math.sqrt(max(device_spread, 0.0))
        return found

    def tables(self) -> dict[str, dict[str, Any]]:
        """Devices that pulses move as measured; or else the range, and one pulse as the write step."""
        found = self.report(np.ones(self.n_devices))
        if found.keys() >= PULSED and min(found["pulses.step_up"], found["pulses.step_down"]) > 0:
            return {"pulsed_update": _pulsed_update(found)}
        steps = [found[key] for key in ("pulses.step_up", "pulses.step_down") if key in found]
        tables: dict[str, dict[str, Any]] = {"conductance": {"g_max": self.g_max}}
        if steps:
            half = 0.5 * (self.pulses.high - self.pulses.low)
            step = abs(float(np.mean(steps))) * half / self.g_max
            tables["write"] = {"mode": "accumulate", "step": min(max(step, 1e-9), 1.0)}
        return tables


def _pulsed_update(found: dict[str, float]) -> dict[str, Any]:
    """A linear-step device with w from -1 to 1 over the range seen (eq:fit-step, eq:device-constants)."""
    up, down = found["pulses.step_up"], found["pulses.step_down"]
    model = {
        "shape": "linear_step",
        "step": max(up, down),
        "slope_up": found["pulses.slope_up"],
        "slope_down": found["pulses.slope_down"],
    }
    return {
        "model": model,
        "up_down": 1 - down / up if up > down else up / down - 1,
        "up_down_spread": 0.0,
        "step_spread": found["pulses.device_to_device"],
        "cycle_noise": found["pulses.cycle_to_cycle"],
        "w_max": 1.0,
        "w_min": -1.0,
        "w_max_spread": 0.0,
        "w_min_spread": 0.0,
    }


def _problems(pulses: Pulses) -> Iterator[str]:
    if pulses.n_devices < LEAST_DEVICES:
        yield f"pulses: {pulses.n_devices} devices were measured, {LEAST_DEVICES} are needed for an interval"
    for name, rows in (("up", pulses.up), ("down", ~pulses.up)):
        if not rows.any():
            yield f"pulses {name}: there are none, so that neither their step nor the asymmetry is known"
    if _fewest(pulses) < LEAST_PULSES:
        yield (
            f"spreads of the pulse step: at most {_fewest(pulses)} pulses of a device in one direction, "
            f"{LEAST_PULSES} are needed to tell its own step from its noise"
        )


def _fewest(pulses: Pulses) -> int:
    """Most pulses of any device, in the direction that has fewer."""
    return min(int(np.bincount(pulses.device[rows]).max()) for rows in (pulses.up, ~pulses.up) if rows.any())


def _moments(pulses: Pulses) -> dict[str, Moments]:
    """Sums by direction, mirrored so that every pulse goes up, in units of half the range."""
    half, found = 0.5 * (pulses.high - pulses.low), {}
    for name, rows, sign in (("up", pulses.up, 1.0), ("down", ~pulses.up, -1.0)):
        if rows.any():
            w = sign * ((pulses.before[rows] - pulses.low) / half - 1)
            change = sign * pulses.change[rows] / half
            terms = (np.ones_like(w), w, w**2, change, w * change, change**2)
            device, n = pulses.device[rows], pulses.n_devices
            found[name] = Moments(*(np.asarray(np.bincount(device, term, n), np.float64) for term in terms))
    return found


def _line(m: Moments, weights: Floats) -> tuple[float, float]:
    """Mean step and slope of ``change = step_i (1 - slope w)``: alternating least squares (eq:fit-step).

    Each device has a step of its own, because one with a larger step is further along at each
    pulse: a common step would take that for a dependence on the state.
    """
    slope = 0.0
    for _ in range(ROUNDS):
        step = m.along(slope) / m.norm(slope)
        tilt = (weights * step) @ (step * m.w - m.w_change)
        slope = float(tilt / max(float((weights * step**2) @ m.w2), 1e-300))
    return float(np.average(step, weights=weights * (m.count > 0))), slope


def _spreads(m: Moments, step: float, slope: float, weights: Floats) -> tuple[float, float]:
    """Variance of a pulse, and of the devices' gains, relative to the mean step (eq:fit-spread)."""
    norm = step**2 * m.norm(slope)
    gain = step * m.along(slope) / norm
    square = m.change2 - gain**2 * norm
    counted = np.where(m.count >= LEAST_PULSES, weights, 0.0)
    if not counted.any():
        return math.nan, math.nan
    within = float(counted @ square / (counted @ np.maximum(m.count - 1, 0)))
    mean = float(np.average(gain, weights=counted))
    between = float(np.average((gain - mean) ** 2 - within / norm, weights=counted))
    return max(within, 0.0) / step**2, between
