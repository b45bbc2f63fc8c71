"""What programming leaves on devices: conductance against target, and its spread (eq:programming-noise)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.datasheet.bench_top import on_bench, state_of, without
from hwnoise.datasheet.panel import Axis, Panel, curve, origin
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float64]
TARGETS = 21
DEVICES = 500  # a target: their spread is known to 3 %


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """Conductance against target, and the spread of it; nothing where weights are no conductances."""
    if kind.conductance is None or (kind.programming_noise is None and kind.levels is None):
        return []
    targets, g = programmed(kind, stream)
    found = [_transfer(kind, targets, g)]
    if kind.programming_noise is not None and kind.levels is None:
        found.append(_spread(kind, targets, g))
    return found


def programmed(kind: Substrate, stream: Stream) -> tuple[Floats, NDArray[np.float32]]:
    """Targets (n,) of the first device of a weight, in the unit of g, and what came of them (n, devices)."""
    device = kind.conductance
    assert device is not None
    least = -1.0 if device.mapping == "offset" else 0.0
    t = np.linspace(least, 1.0, TARGETS)
    program = on_bench(without(kind, "faults"), np.repeat(t, DEVICES), stream)
    share = next(iter(device.targets(t)))
    g = state_of(program, "g")[0].reshape(TARGETS, DEVICES)
    return device.g_min + share * (device.g_max - device.g_min), g


def _transfer(kind: Substrate, targets: Floats, g: NDArray[np.float32]) -> Panel:
    device, noise = kind.conductance, kind.programming_noise
    assert device is not None
    fine = np.linspace(device.g_min, device.g_max, 101)
    sigma = np.zeros_like(fine) if noise is None else noise.sigma_at(fine / device.g_max, device.g_max)
    ideal = curve(fine, fine, (np.maximum(fine - sigma, 0), fine + sigma))
    return Panel(
        "programming",
        "Conductance against target",
        f"{DEVICES} devices a target, mean and standard deviation" + (origin(kind, noise) if noise else ""),
        Axis(f"target [{device.unit}]"),
        Axis(f"programmed [{device.unit}]"),
        formula=(ideal,),
        simulated=(curve(targets, g.mean(axis=1), g.std(axis=1)),),
    )


def _spread(kind: Substrate, targets: Floats, g: NDArray[np.float32]) -> Panel:
    device, noise = kind.conductance, kind.programming_noise
    assert device is not None
    assert noise is not None
    fine = np.linspace(device.g_min, device.g_max, 101)
    rms = np.sqrt(np.mean((g - targets[:, None]) ** 2, axis=1))
    return Panel(
        "programming_spread",
        "Spread of programming",
        "root mean square distance from the target; near 0 a device cannot go below nothing"
        + origin(kind, noise),
        Axis(f"target [{device.unit}]"),
        Axis(f"spread [{device.unit}]", zero=True),
        formula=(curve(fine, noise.sigma_at(fine / device.g_max, device.g_max)),),
        simulated=(curve(targets, rms),),
    )
