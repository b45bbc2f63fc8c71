"""How far one read of a weight is off, against the weight (eq:read-noise, eq:device-noise, eq:pair-noise)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.datasheet.bench_top import on_bench, read, without
from hwnoise.datasheet.panel import Axis, Panel, curve, origin
from hwnoise.devices.effect import Effect
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float64]
WEIGHTS = 11
DEVICES = 1000
_NOISES = ("one_over_f", "device_noise", "read_noise")
QUIET = ("programming_noise", "levels", "faults", "drift", "relaxation", "retention", "mismatch",
         "node_noise", "telegraph", "device_telegraph")  # fmt: skip


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """Standard deviation of a read against the weight; nothing where weights are read without noise."""
    noises = [getattr(kind, name) for name in _NOISES if getattr(kind, name) is not None]
    if not noises or kind.pulsed_update is not None:
        return []
    least = -1.0 if kind.conductance is not None and kind.conductance.mapping == "offset" else 0.0
    t, fine = np.linspace(least, 1.0, WEIGHTS), np.linspace(least, 1.0, 101)
    return [
        Panel(
            "read_noise",
            "Noise of a read",
            f"{DEVICES} devices a weight, read once" + _when(kind) + _origin(kind, noises),
            Axis("weight [share of its range]"),
            Axis("standard deviation [% of the range]", zero=True),
            formula=(curve(fine, 100 * np.sqrt(variance(kind, fine))),),
            simulated=(curve(t, 100 * simulate(kind, t, stream)),),
        )
    ]


def simulate(kind: Substrate, t: Floats, stream: Stream) -> Floats:
    """Standard deviation over devices of one read of weights ``t`` (n,)."""
    program = on_bench(without(kind, *QUIET), np.repeat(t, DEVICES), stream)
    off = read(program, 1)[0].reshape(len(t), DEVICES) - t[:, None]
    return np.asarray(np.sqrt(np.mean(off**2, axis=1)))


def variance(kind: Substrate, t: Floats) -> Floats:
    """Variance of one read of weights ``t`` (n,) by the formulas, right after programming."""
    found = flicker(kind, t) * _accumulated(kind) + white(kind, t)
    return np.asarray(found, np.float64)


def flicker(kind: Substrate, t: Floats) -> Floats:
    """Variance of the weight per unit of variance of n (eq:pair-noise)."""
    noise, device = kind.one_over_f, kind.conductance
    if noise is None or device is None:
        return np.zeros_like(t)
    squares = zip(device.factors() ** 2, conductances(kind, t), strict=True)
    return np.asarray(
        sum(f * noise.spread_at(g / device.g_max, g.astype(np.float32)) ** 2 for f, g in squares), np.float64
    )


def white(kind: Substrate, t: Floats) -> Floats:
    """Variance of what is new at every read."""
    found = np.zeros_like(t) if kind.read_noise is None else np.asarray(kind.read_noise.variance_at(t))
    noise, device = kind.device_noise, kind.conductance
    if noise is not None and device is not None:
        squares = zip(device.factors() ** 2, conductances(kind, t), strict=True)
        found = found + sum(f * noise.variance_at(g / device.g_max) for f, g in squares)
    return found


def conductances(kind: Substrate, t: Floats) -> list[Floats]:
    """Conductance of each device of weights ``t``, programmed exactly."""
    device = kind.conductance
    assert device is not None
    return [device.g_min + x * (device.g_max - device.g_min) for x in device.targets(t)]


def _accumulated(kind: Substrate) -> float:
    return 0.0 if kind.one_over_f is None else float(kind.one_over_f.accumulated_variance(0.0))


def _when(kind: Substrate) -> str:
    return "" if kind.one_over_f is None else f", {kind.one_over_f.t0:g} s after programming"


def _origin(kind: Substrate, noises: list[Effect]) -> str:
    return "".join(dict.fromkeys(origin(kind, noise) for noise in noises))
