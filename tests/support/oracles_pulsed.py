"""Pulsed devices the slow, obvious way: float64 Python, one device and one pulse at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import oracles_random

from hwnoise.backends.emulator.pulsed_devices import KINDS
from hwnoise.devices.composition import Substrate
from hwnoise.devices.pulsed_update import PulsedUpdate
from hwnoise.kernels import pulse_steps, pulse_trains
from hwnoise.kernels.pulsed_update import apply_pulses as kernel_pulses

Array = Any


class PulsedSubstrate(Substrate):
    """A substrate with pulsed devices."""

    pulsed_update: PulsedUpdate | None = None


def substrate(**parameters: Any) -> PulsedSubstrate:
    """A chip whose only effect is a pulsed update with these parameters."""
    table = {"name": "test", "kind": "test", "pulsed_update": parameters}
    return PulsedSubstrate.model_validate(table)


@dataclass(frozen=True)
class Device:
    """Constants of one device."""

    up: float
    down: float
    low: float
    high: float
    w_max: float = 1.0
    w_min: float = -1.0


def mean_step(model: Any, device: Device, w: float, up: bool) -> float:
    """Size of a noise-free pulse (eq:pulse-constant to eq:pulse-piecewise)."""
    d, top = (device.up if up else device.down), device.high - device.low
    q = (device.high - w) / top
    if model.shape == "constant_step":
        return d
    if model.shape == "linear_step":
        return d * (1 - (model.slope_up * w / device.w_max if up else model.slope_down * w / device.w_min))
    if model.shape.startswith("soft_bounds"):
        return d * (1 - w / (device.high if up else device.low))
    if model.shape == "exp_step":
        u = 2 * model.a * w / top + model.b
        power = (model.amplitude_up, model.rate_up) if up else (model.amplitude_down, -model.rate_down)
        return d * max(1 - power[0] * math.exp(power[1] * u), 0.0)
    if model.shape == "pow_step":
        return d * (q**model.exponent_up if up else (1 - q) ** model.exponent_down)
    nodes = model.nodes_up if up else model.nodes_down
    return d * float(np.interp(1 - q, np.linspace(0, 1, len(nodes)), nodes))


def pulse(model: Any, device: Device, w: float, up: bool, s: float, z: float) -> float:
    """One pulse (eq:pulse, eq:pulse-noise)."""
    size = mean_step(model, device, w, up)
    sigma = s * size
    if getattr(model, "cycle_noise_law", "") == "additive":
        sigma = s * (device.up if up else device.down)
    if model.shape == "exp_step":
        sigma = s * (model.noise_add + size + model.noise_slope * abs(w))
    moved = w + (1 if up else -1) * (size + sigma * z)
    return min(max(moved, device.low), device.high)


def normals(key: int, call: int, element: int, pulses: int) -> list[float]:
    """The normals of an element's first pulses of a call, in order."""
    found: list[float] = []
    for block in range(-(-pulses // 4)):
        words = oracles_random.philox([element, block, call, 0], [key & 0xFFFFFFFF, key >> 32])
        for a, b in (words[:2], words[2:]):
            _, cosine, sine = oracles_random.box_muller(np.array([a], np.uint32), np.array([b], np.uint32))
            found += [float(cosine[0]), float(sine[0])]
    return found[:pulses]


def apply_pulses(
    model: Any, device: Device, w: float, ups: Sequence[bool], s: float, z: Sequence[float]
) -> float:
    """Pulses in order (eq:pulse)."""
    for up, noise in zip(ups, z, strict=True):
        w = pulse(model, device, w, up, s, noise)
    return w


def coincidences(x: Array, d: Array, slots: int) -> Array:
    """Signed coincidences (n_in, n_out) of trains, slot by slot (eq:pulse-coincidence)."""
    found = np.zeros((len(x), len(d)), int)
    for slot in range(slots):
        found += np.outer((x >> slot) & 1, (d >> slot) & 1)
    return found * np.where(np.not_equal.outer(x >> 31, d >> 31), -1, 1)


def affine_moments(step: float, keep: float, s: float, pulses: int, w: float = 0.0) -> tuple[float, float]:
    """Mean and variance after unclipped pulses ``w <- keep w + step (1 + s z)`` (eq:pulse-jump)."""
    variance = 0.0
    for _ in range(pulses):
        w, variance = keep * w + step, keep**2 * variance + (s * step) ** 2
    return w, variance


@dataclass
class Bench:
    """Many equal devices under the kernel: the mean device of an update, unless given constants."""

    update: PulsedUpdate
    size: int = 1
    key: int = 1
    call: int = 0
    draw: Callable[[str], Array] | None = None
    w: Array = field(init=False)

    def __post_init__(self) -> None:
        draw = self.draw or (lambda name: np.zeros(self.size, np.float32))
        self.devices = self.update.devices(draw, lambda name: np.full(self.size, 0.5, np.float32))
        self.w = np.zeros(self.size, np.float32)

    def pulse(self, counts: Array, noise: Array | None = None) -> Array:
        """Give each device its counts; returns the weights."""
        counts = np.broadcast_to(np.asarray(counts, np.int32), self.size).copy()
        noise = self.update.noise if noise is None else np.asarray(noise, np.float32)
        curve = np.array(self.update.model.curve(), np.float32)
        kernel_pulses(
            counts, self.devices.cells, curve, noise, KINDS[self.update.model.kind], 0, self.size,
            np.uint64(self.key), np.uint64(self.call), self.w, np.zeros(self.size, np.int32),
        )  # fmt: skip
        self.call += 1
        return self.w

    def steps(self, w: float) -> tuple[float, float]:
        """Noise-free steps up and down from ``w`` of the first device, over its D+ and D-."""
        cells = self.devices.cells
        per_range = 1 / (cells[3] - cells[2])
        shared = pulse_steps.curve_of(np.array(self.update.model.curve(), np.float32))
        curve = tuple(np.float32(c) for c in shared)
        kind, at = KINDS[self.update.model.kind], np.float32(w)
        up, down = (pulse_steps.mean_step(cells, per_range, curve, kind, 0, up, at) for up in (True, False))
        return float(up / cells[0, 0]), float(down / cells[1, 0])

    def quietly(self, pulses: int, w: float = 0.0) -> float:
        """Weight of the first device after noise-free pulses from ``w``."""
        self.w[:] = w
        return float(self.pulse(pulses, np.zeros(4))[0])


def trains_of(p: Array, slots: int, key: int, call: int = 0) -> Array:
    """Trains (rows, n) for probabilities (rows, n)."""
    p = np.asarray(p, np.float32)
    out = np.empty(p.shape, np.uint32)
    pulse_trains.fill_trains(p, slots, np.uint64(key), np.uint64(call), out)
    return out
