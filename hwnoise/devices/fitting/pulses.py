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
LEAST_PULSES = 3  # of a device in one direction, to tell its own step from its noise


@dataclass(frozen=True)
class PulseModel:
    """``dw = ±D (h_i (1 -+ c w) + s z)``, with w from -1 to 1 over the range that was seen.

    Attributes
    ----------
    pulses : Pulses
    g_max : float [µS]
    left_out : tuple of str
    """

    pulses: Pulses
    g_max: float
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, pulses: Pulses, g_max: float | None) -> PulseModel:
        """The model that these pulses can support."""
        return cls(pulses, g_max or pulses.high, tuple(_problems(pulses)))

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
        for name, rows, w, change in self._directions():
            device = self.pulses.device[rows]
            step, slope = _line(w, change, device, weights)
            found |= {f"pulses.step_{name}": step, f"pulses.slope_{name}": slope}
            spreads.append(_spreads(change, step * (1 - slope * w), device, weights))
        if len(spreads) == 2:
            up, down = found["pulses.step_up"], found["pulses.step_down"]
            found["pulses.asymmetry"] = (up - down) / (up + down)
        if _fewest(self.pulses) >= LEAST_PULSES:
            cycle, device_spread = np.mean(spreads, axis=0)
            found["pulses.cycle_to_cycle"] = math.sqrt(cycle)
            found["pulses.device_to_device"] = math.sqrt(max(device_spread, 0.0))
        return found

    def tables(self) -> dict[str, dict[str, Any]]:
        """The range, and as the step of the write unit one pulse."""
        found = self.report(np.ones(self.n_devices))
        steps = [found[key] for key in ("pulses.step_up", "pulses.step_down") if key in found]
        tables: dict[str, dict[str, Any]] = {"conductance": {"g_max": self.g_max}}
        if steps:
            half = 0.5 * (self.pulses.high - self.pulses.low)
            step = abs(float(np.mean(steps))) * half / self.g_max
            tables["write"] = {"mode": "accumulate", "step": min(max(step, 1e-9), 1.0)}
        return tables

    def _directions(self) -> Iterator[tuple[str, NDArray[np.bool_], Floats, Floats]]:
        """Name, rows, and state and change mirrored so that every pulse goes up."""
        p, half = self.pulses, 0.5 * (self.pulses.high - self.pulses.low)
        for name, rows, sign in (("up", p.up, 1.0), ("down", ~p.up, -1.0)):
            if rows.any():
                w = sign * ((p.before[rows] - p.low) / half - 1)
                yield name, rows, w, sign * p.change[rows] / half


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


def _line(w: Floats, change: Floats, device: NDArray[np.int64], weights: Floats) -> tuple[float, float]:
    """Mean step and slope of ``change = step_i (1 - slope w)``, each device with a step of its own (eq:fit-step).

    Its own, because a device with a larger step is further along at each pulse: one step for all
    would take that for a dependence on the state.
    """
    slope, n = 0.0, len(weights)
    each = weights[device]
    for _ in range(ROUNDS):
        shape = 1 - slope * w
        step = np.bincount(device, change * shape, n) / np.maximum(np.bincount(device, shape**2, n), 1e-300)
        along = step[device] * w
        slope = float((each * along) @ (step[device] - change)) / max(float((each * along) @ along), 1e-300)
    seen = np.bincount(device, minlength=n) > 0
    return float(np.average(step[seen], weights=weights[seen])), slope


def _spreads(
    change: Floats, shape: Floats, device: NDArray[np.int64], weights: Floats
) -> tuple[float, float]:
    """Variance of a pulse, and of the devices' gains, relative to the mean step (eq:fit-spread)."""
    n = len(weights)
    norm = np.maximum(np.bincount(device, shape**2, n), 1e-300)
    count = np.bincount(device, minlength=n)
    gain = np.bincount(device, change * shape, n) / norm
    square = np.bincount(device, (change - gain[device] * shape) ** 2, n)
    counted = np.where(count >= LEAST_PULSES, weights, 0.0)
    if not counted.any():
        return math.nan, math.nan
    within = float(counted @ square / (counted @ np.maximum(count - 1, 0)))
    mean = float(np.average(gain, weights=counted))
    between = float(np.average((gain - mean) ** 2 - within / norm, weights=counted))
    return within / float(np.average(shape, weights=weights[device])) ** 2, between
