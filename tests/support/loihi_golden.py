"""Fixed populations and synapses on fixed edges: what is frozen in ``tests/golden/loihi_*.txt``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from loihi_states import EDGES, STATES
from numpy.typing import NDArray

from hwnoise.kernels.philox import fill_words

Array = NDArray[Any]
N, STEPS = 192, 40
PAYLOADS = np.concatenate([EDGES, [2**24, -(2**24), 2**30, 2**31 - 1, 1 - 2**31, -(2**31)]])
INPUTS = EDGES[np.abs(EDGES) <= 2**18]
RULES = [
    (du, dv, vth, mantissa, exponent)
    for du, dv in ((4095, 0), (0, 4095), (4095, 409), (409, 100), (2047, 2048), (1, 1))
    for vth, mantissa, exponent in ((0, 0, 0), (10, -1, 0), (2047, 4095, 7), (131071, -4096, 6))
]
Run = Callable[[tuple[int, ...], Array, Array, Array], tuple[Array, Array, Array]]


def picked(key: int, values: Array, shape: tuple[int, int]) -> Array:
    """Return the same picks from ``values`` on every machine."""
    words = np.empty(shape, np.uint32)
    fill_words(np.uint64(key), np.uint64(0), words)
    return values[words % np.uint32(len(values))].astype(np.int32)


def frozen_neurons(run: Run) -> str:
    """Return a line per rule; ``run(rule, u, v, current)`` gives spikes, u and v after all steps."""
    lines = ["# du dv vth bias_mant bias_exp: spikes, sum of u, sum of v, digest of spikes, u and v"]
    for key, rule in enumerate(RULES):
        u, v = picked(2 * key, STATES, (2, N))
        spikes, u, v = run(rule, u, v, picked(2 * key + 1, INPUTS, (STEPS, N)))
        lines.append(
            f"{' '.join(map(str, rule))}: {spikes.sum()} {u.sum()} {v.sum()} {_digest(spikes, u, v)}"
        )
    return "\n".join(lines) + "\n"


def synapse_cases() -> Iterator[tuple[tuple[int, int], Array, Array]]:
    """Yield (message_bits, exponent), weights (n_out, n_in), and spikes (steps, n_in)."""
    for key, case in enumerate((b, e) for b in (0, 8) for e in (-8, -3, -1, 0, 1, 7)):
        weight = picked(100 + key, np.arange(-300, 301), (17, 80))
        yield case, weight, picked(200 + key, np.array([0, 0, 0, 1, -128, 127, 3, -5]), (STEPS, 80))


def frozen_synapses(run: Callable[[tuple[int, int], Array, Array], tuple[Array, Array]]) -> str:
    """Return a line per case; ``run`` gives the prepared weights and the currents (steps, n_out)."""
    lines = ["# message_bits exponent: sum of weights, sum of currents, digest of both"]
    for case, weight, spikes in synapse_cases():
        held, current = run(case, weight, spikes)
        lines.append(f"{case[0]} {case[1]}: {held.sum()} {current.sum()} {_digest(held, current)}")
    return "\n".join(lines) + "\n"


def frozen_graded(run: Callable[[int, Array], Array]) -> str:
    """Return a line per threshold; ``run(vth, current)`` gives the spikes of all steps."""
    lines = ["# vth: spikes, sum of payloads, digest of payloads"]
    for key, vth in enumerate((0, 1, 2, 127, 128, 4095, 2**16, 2**22, 2**23 - 1)):
        spikes = run(vth, picked(300 + key, PAYLOADS, (STEPS, N)))
        lines.append(f"{vth}: {np.count_nonzero(spikes)} {spikes.sum(dtype=np.int64)} {_digest(spikes)}")
    return "\n".join(lines) + "\n"


def _digest(*arrays: Array) -> str:
    whole = hashlib.blake2b(digest_size=8)
    for array in arrays:
        whole.update(np.ascontiguousarray(array, "<i8").tobytes())
    return whole.hexdigest()
