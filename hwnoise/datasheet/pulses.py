"""How devices move when they are pulsed up, and down again (eq:pulse)."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.pulsed_devices import PulsedDevices
from hwnoise.datasheet.panel import Axis, Panel, curve, origin
from hwnoise.devices.pulsed_update import PulsedUpdate
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float64]
DEVICES = 300
SINGLES = 5
POINTS = 60  # on the way up, and as many on the way down
NEAR = 0.02  # of the range: so near to a bound the mean device has arrived
LONGEST = 8  # times the pulses that steps of full size would take; steps that shrink never arrive
_SPREADS = ("step_spread", "up_down_spread", "w_max_spread", "w_min_spread", "cycle_noise", "write_noise",
            "reset_spread", "reset_noise", "corrupt", "diffusion", "lifetime", "retention_time")  # fmt: skip


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """The weight against the number of pulses; nothing where writing is no matter of pulses."""
    update = kind.pulsed_update
    if update is None:
        return []
    each = ceil(pulses_needed(update, stream) / POINTS)
    mean = follow(_mean_device(update), 1, each, stream)[:, 0]
    weights = follow(update, DEVICES, each, stream)
    at = each * np.arange(len(mean))
    back = "" if update.pair else f", then {each * POINTS:,} down"
    thin = slice(None, None, 6)
    return [
        Panel(
            "pulses",
            "Response to pulses",
            f"{each * POINTS:,} pulses up{back}: the mean device, {SINGLES} devices, "
            f"mean and standard deviation of {DEVICES}" + origin(kind, update),
            Axis("pulse"),
            Axis("weight of the device"),
            formula=(curve(at, mean),),
            simulated=(curve(at[thin], weights.mean(axis=1)[thin], weights.std(axis=1)[thin]),),
            singles=tuple(curve(at, weights[:, k], label=f"device {k + 1}") for k in range(SINGLES)),
        )
    ]


def follow(update: PulsedUpdate, devices: int, each: int, stream: Stream) -> Floats:
    """Weights (points, devices) from the lower bound up, and down again unless pairs only go up."""
    plane = PulsedDevices(update, devices, stream.child("pulsed"), 1.0)
    plane.put(np.full(devices, -np.inf, np.float32))
    seen, ways = [plane.seen(0)], (1,) if update.pair else (1, -1)
    for way in ways:
        for _ in range(POINTS):
            plane.pulse(np.full(devices, way * each, np.int32), len(seen))
            seen.append(plane.seen(0))
    return np.asarray(seen, np.float64)


def pulses_needed(update: PulsedUpdate, stream: Stream) -> int:
    """Pulses that take the mean device from bound to bound, as near as ``NEAR``."""
    mean = _mean_device(update)
    low, high = update.model.bounds(update.w_min, update.w_max)
    least = ceil((high - low) / update.pulse_size)
    plane = PulsedDevices(mean, 1, stream.child("needed"), 1.0)
    plane.put(np.full(1, -np.inf, np.float32))
    block = max(1, least // POINTS)
    for count in range(block, LONGEST * least + block, block):
        plane.pulse(np.full(1, block, np.int32), count)
        if plane.w[0] >= plane.constants.cells[3, 0] - NEAR * (high - low):
            return count
    return LONGEST * least


def _mean_device(update: PulsedUpdate) -> PulsedUpdate:
    """The same devices without any spread or noise."""
    calm = dict.fromkeys(_SPREADS, 0.0)
    model = update.model
    uneven = [
        name for name in type(model).model_fields if name.endswith("_spread") or name.startswith("noise")
    ]
    model = model.model_copy(update=dict.fromkeys(uneven, 0.0))
    return update.model_copy(update={**calm, "model": model})
