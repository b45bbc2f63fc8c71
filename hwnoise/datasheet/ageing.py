"""How programmed devices change over decades of time (eq:drift, eq:relaxation, eq:retention)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.datasheet.bench_top import on_bench, state_of, without
from hwnoise.datasheet.panel import Axis, Panel, curve, origin
from hwnoise.devices.retention import DAY
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float64]
SHARES = (0.25, 0.5, 1.0)  # of the range
DEVICES = 500
YEAR = 365 * DAY
_CLOCK = (
    (1.0, "1 s"),
    (60.0, "1 min"),
    (3600.0, "1 h"),
    (DAY, "1 day"),
    (30 * DAY, "30 days"),
    (YEAR, "1 year"),
)


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """Conductance against time for a few targets; nothing where devices do not age."""
    ageing, device = kind.ageing, kind.conductance
    if ageing is None or device is None:
        return []
    simulated, targets = simulate(kind, stream)
    fine = times(kind, 101)
    bands = [band(kind, target, fine) for target in targets]
    labels = [f"{target:.4g} {device.unit}" for target in targets]
    every = times(kind, 10)
    return [
        Panel(
            "ageing",
            "Conductance over time",
            f"{DEVICES} devices a target, programmed exactly: mean and standard deviation"
            + origin(kind, ageing),
            Axis("time since programming", log=True, ticks=_CLOCK),
            Axis(f"conductance [{device.unit}]"),
            formula=tuple(
                curve(fine, y, (low, high), label)
                for (low, y, high), label in zip(bands, labels, strict=True)
            ),
            simulated=tuple(
                curve(every, g.mean(axis=1), g.std(axis=1), label)
                for g, label in zip(simulated, labels, strict=True)
            ),
        )
    ]


def times(kind: Substrate, count: int) -> Floats:
    """Times [s] over which the fit speaks: from a second to a year, or to the last day of its tables."""
    last = YEAR if kind.retention is None else kind.retention.days[-1] * DAY
    return np.asarray(np.geomspace(1.0 if kind.retention is None else 3600.0, last, count))


def simulate(kind: Substrate, stream: Stream) -> tuple[list[Floats], Floats]:
    """Conductance (times, devices) for each target, and the targets, all in the unit of g."""
    device, ageing = kind.conductance, kind.ageing
    assert device is not None
    assert ageing is not None
    shares = np.array(SHARES)
    t = 2 * shares - 1 if device.mapping == "offset" else shares
    exact = without(kind, "programming_noise", "levels", "faults", "mismatch")
    program = on_bench(exact, np.repeat(t, DEVICES), stream)
    g, settling = state_of(program, "g")[:1], state_of(program, "settling")[:1]
    when = times(kind, 10)
    aged = [
        ageing.age(g, settling, np.full(g.shape[1], seconds), device.g_min, device.g_max)[0]
        for seconds in when
    ]
    by_target = np.asarray(aged, np.float64).reshape(len(when), len(t), DEVICES)
    return list(by_target.swapaxes(0, 1)), device.g_min + next(iter(device.targets(t))) * (
        device.g_max - device.g_min
    )


def band(kind: Substrate, target: float, seconds: Floats) -> tuple[Floats, Floats, Floats]:
    """What the formula gives for a device one standard deviation low, a middle one, and a high one."""
    device, ageing = kind.conductance, kind.ageing
    assert device is not None
    assert ageing is not None
    g = np.full((1, len(seconds)), target, np.float32)
    found = []
    for z in (-1.0, 0.0, 1.0):
        draw = np.full(len(seconds), z, np.float32)
        settling = ageing.settle(np.full(len(seconds), target / device.g_max), draw)[None]
        found.append(ageing.age(g, settling, seconds, device.g_min, device.g_max)[0].astype(np.float64))
    first, middle, last = found
    return np.minimum(first, last), middle, np.maximum(first, last)
