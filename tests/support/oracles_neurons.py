"""Neurons once more, one number at a time, as their equations say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
F = np.float32


def leak(x: Array, decay: Array, gain: Array, offset: Array) -> Array:
    """Membranes (rows, steps, n) of integrators that start from 0."""
    v = np.zeros(x[:, 0].shape, F)
    seen = []
    for t in range(x.shape[1]):
        v = decay * v + gain * x[:, t] + offset
        seen.append(v)
    return np.stack(seen, axis=1)


def synapse_current(x: Array, decay: Array, gain: Array, order: str) -> Array:
    """What the membrane takes, (rows, steps, n)."""
    i = np.zeros(x[:, 0].shape, F)
    taken = []
    for t in range(x.shape[1]):
        for verb in order.split("_"):
            if verb == "decay":
                i = decay * i
            elif verb == "add":
                i = i + gain * x[:, t]
            else:
                taken.append(i)
    return np.stack(taken, axis=1)


def lif(x: Array, neuron: Array, reset: str) -> tuple[Array, Array]:
    """Spikes and membranes (rows, steps, n); reset in the step of the spike."""
    decay, gain, offset, threshold, drop, v_reset = neuron
    v = np.zeros(x[:, 0].shape, F)
    spikes, seen = np.zeros_like(x), np.zeros_like(x)
    for r, t, j in np.ndindex(x.shape):
        p = decay[j] * v[r, j] + gain[j] * x[r, t, j] + offset[j]
        fired = p > threshold[j]
        spikes[r, t, j], seen[r, t, j] = fired, p
        after = {"zero": v_reset[j], "subtract": p - drop[j], "none": p}[reset]
        v[r, j] = after if fired else p
    return spikes, seen


def lif_next(x: Array, neuron: Array, reset: str, keeps_input: bool) -> tuple[Array, Array]:
    """Spikes and membranes (rows, steps, n); reset in the step after the spike."""
    decay, gain, offset, threshold, drop, v_reset = neuron
    v = np.zeros(x[:, 0].shape, F)
    spikes, seen = np.zeros_like(x), np.zeros_like(x)
    for r, t, j in np.ndindex(x.shape):
        fired = v[r, j] > threshold[j]
        before = v_reset[j] if fired and reset == "zero" and keeps_input else v[r, j]
        p = decay[j] * before + gain[j] * x[r, t, j] + offset[j]
        if fired and reset == "subtract":
            p = p - drop[j]
        if fired and reset == "zero" and not keeps_input:
            p = v_reset[j]
        v[r, j] = seen[r, t, j] = p
        spikes[r, t, j] = p > threshold[j]
    return spikes, seen


def lif_corrected(x: Array, neuron: Array) -> tuple[Array, Array]:
    """Spikes and membranes (rows, steps, n); a reset that leaves it above threshold is taken back."""
    decay, gain, offset, threshold, drop, _ = neuron
    v = np.zeros(x[:, 0].shape, F)
    spikes, seen = np.zeros_like(x), np.zeros_like(x)
    for r, t, j in np.ndindex(x.shape):
        above = F(v[r, j] > threshold[j])
        p = decay[j] * v[r, j] + gain[j] * x[r, t, j] + offset[j] - above * drop[j]
        fired = F(p > threshold[j])
        spikes[r, t, j], seen[r, t, j] = fired, p
        v[r, j] = p - (fired - above) * drop[j]
    return spikes, seen


def lif_several(x: Array, neuron: Array, reset: str) -> tuple[Array, Array]:
    """As ``lif``, with as many spikes as thresholds fit into the membrane."""
    decay, gain, offset, threshold, drop, v_reset = neuron
    v = np.zeros(x[:, 0].shape, F)
    spikes, seen = np.zeros_like(x), np.zeros_like(x)
    for r, t, j in np.ndindex(x.shape):
        p = decay[j] * v[r, j] + gain[j] * x[r, t, j] + offset[j]
        count = max(F(1), np.floor(p / threshold[j])) if p > threshold[j] else F(0)
        spikes[r, t, j], seen[r, t, j] = count, p
        after = {"zero": v_reset[j], "subtract": p - count * drop[j], "none": p}[reset]
        v[r, j] = after if count else p
    return spikes, seen


def refractory(x: Array, neuron: Array, period: Array, reset: str) -> tuple[Array, Array]:
    """As ``lif``, silent and unmoved until more than ``period`` steps after a spike."""
    decay, gain, offset, threshold, drop, v_reset = neuron
    v, last = np.zeros(x[:, 0].shape, F), np.full(x[:, 0].shape, -(10**6))
    spikes, seen = np.zeros_like(x), np.zeros_like(x)
    for r, t, j in np.ndindex(x.shape):
        if t <= last[r, j] + period[j]:
            seen[r, t, j] = v[r, j]
            continue
        p = decay[j] * v[r, j] + gain[j] * x[r, t, j] + offset[j]
        v[r, j] = seen[r, t, j] = p
        if p > threshold[j]:
            spikes[r, t, j], last[r, j] = 1, t
            v[r, j] = {"zero": v_reset[j], "subtract": p - drop[j], "none": p}[reset]
    return spikes, seen


def adaptive(x: Array, neuron: Array, fades: Array, rises: Array, reset: str) -> tuple[Array, Array]:
    """As ``lif``, with a threshold raised by each spike."""
    decay, gain, offset, threshold, drop, v_reset = neuron
    v, theta = np.zeros(x[:, 0].shape, F), np.zeros(x[:, 0].shape, F)
    spikes, seen = np.zeros_like(x), np.zeros_like(x)
    for r, t, j in np.ndindex(x.shape):
        p = decay[j] * v[r, j] + gain[j] * x[r, t, j] + offset[j]
        fired = p > threshold[j] + theta[r, j]
        spikes[r, t, j], seen[r, t, j] = fired, p
        v[r, j] = {"zero": v_reset[j], "subtract": p - drop[j], "none": p}[reset] if fired else p
        theta[r, j] = fades[j] * theta[r, j] + (rises[j] if fired else F(0))
    return spikes, seen


def ternary(x: Array, neuron: Array, low: Array, low_drop: Array, reset: str) -> tuple[Array, Array]:
    """As ``lif``, with spikes of -1 below ``low``."""
    decay, gain, offset, threshold, drop, v_reset = neuron
    v = np.zeros(x[:, 0].shape, F)
    spikes, seen = np.zeros_like(x), np.zeros_like(x)
    for r, t, j in np.ndindex(x.shape):
        p = decay[j] * v[r, j] + gain[j] * x[r, t, j] + offset[j]
        sign = int(p > threshold[j]) - int(p < low[j])
        spikes[r, t, j], seen[r, t, j] = sign, p
        taken = drop[j] if sign > 0 else low_drop[j]
        v[r, j] = {"zero": v_reset[j], "subtract": p - taken, "none": p}[reset] if sign else p
    return spikes, seen


def graded(x: Array, neuron: Array, reset: str) -> tuple[Array, Array]:
    """As ``lif``, sending the membrane where its size is above the threshold."""
    decay, gain, offset, threshold, _, v_reset = neuron
    v = np.zeros(x[:, 0].shape, F)
    spikes, seen = np.zeros_like(x), np.zeros_like(x)
    for r, t, j in np.ndindex(x.shape):
        p = decay[j] * v[r, j] + gain[j] * x[r, t, j] + offset[j]
        fired = abs(p) > threshold[j]
        spikes[r, t, j], seen[r, t, j] = p if fired else 0, p
        v[r, j] = {"zero": v_reset[j], "subtract": F(0), "none": p}[reset] if fired else p
    return spikes, seen


def event_product(x: Array, weight: Array) -> Array:
    """Sum of the rows of ``weight`` at which each row of ``x`` is 1, in float64."""
    return np.stack([weight[row == 1].astype(np.float64).sum(axis=0) for row in x])


def filtered(x: Array, decay: Array) -> Array:
    """Traces (steps, n_in, n_out): sum over s <= t of decay[i] ** (t - s) x[s, j], for synapse j to i."""
    steps = len(x)
    return np.stack(
        [
            sum(x[s][:, None] * decay[None, :].astype(np.float64) ** (t - s) for s in range(t + 1))
            for t in range(steps)
        ]
    )
