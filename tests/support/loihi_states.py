"""Numbers at which integer arithmetic goes wrong, and a plain Loihi neuron that can be made to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
M = 2**23
POWERS = [2**k + d for k in range(24) for d in (-1, 0, 1)]
EDGES = np.unique([0, *POWERS, *(-p for p in POWERS)])
STATES = EDGES[np.abs(EDGES) < M]
MUTANTS = ("wraps_inclusively", "twos_complement", "du_as_given", "floors_decay", "fires_at_threshold")


def drawn(rng: np.random.Generator, values: Array, shape: tuple[int, ...]) -> Array:
    """Return random picks from ``values``, a quarter of them replaced by any number in their range."""
    picked = rng.choice(values, shape)
    anything = rng.integers(values.min(), values.max() + 1, shape)
    return np.where(rng.random(shape) < 0.25, anything, picked).astype(np.int32)


def step(
    u: Array, v: Array, a: Array, rule: tuple[int, int, int, int], mutant: str = ""
) -> tuple[Array, ...]:
    """Return (u, v, spikes) after one step of LIF; ``rule`` is du, dv, vth, bias; int64 throughout."""
    du, dv, vth, bias = rule
    u = _keep(u, 4096 - du - (mutant != "du_as_given"), mutant) + _as_32_bits(a << 6)
    u = _as_32_bits(u)
    if mutant == "twos_complement":
        u = (u + M) % (2 * M) - M
    else:
        low = u < -M if mutant == "wraps_inclusively" else u <= -M
        u = np.where(u > M, u - 2 * M, np.where(low, u + 2 * M, u))
    v = np.clip(_keep(v, 4096 - dv, mutant) + u + bias, 1 - M, M - 1)
    fired = v >= vth << 6 if mutant == "fires_at_threshold" else v > vth << 6
    return u, np.where(fired, 0, v), fired.astype(np.int64)


def _keep(x: Array, kept: int, mutant: str) -> Array:
    if mutant == "floors_decay":
        return (x * kept) >> 12
    return np.sign(x) * ((np.abs(x) * kept) >> 12)


def _as_32_bits(x: Array) -> Array:
    return x.astype(np.int32).astype(np.int64)
