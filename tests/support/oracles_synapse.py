"""Stochastic release the slow, obvious way, and a chip of stochastic synapses that a learner can train."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracles_random import word

from hwnoise.backends.base import Capabilities, Noise, Probe, Reading
from hwnoise.backends.emulator.activations import activate
from hwnoise.backends.emulator.rows import by_pass, in_reading_order
from hwnoise.backends.emulator.synapse_array import SynapseArray
from hwnoise.devices.stochastic_synapse import FixedRelease, LogisticRelease
from hwnoise.network import Network
from hwnoise.streams import Stream

Array = NDArray[Any]
ONE_PASS = Probe()


def element(line: int, synapse: int, synapses: int) -> int:
    """Address of a synapse's word (eq:release-layout)."""
    lines = max(1, 64 // synapses)
    chunks = -(-lines * synapses // 64)
    return 64 * chunks * (line // lines) + synapses * (line % lines) + synapse


def events(key: int, tick: int, probability: Array) -> Array:
    """Which synapses release at ``tick``: 0 or 1 of the shape of ``probability`` (eq:release-event)."""
    n_in, n = probability.shape
    words = [[word(key, tick, element(i, j, n)) for j in range(n)] for i in range(n_in)]
    return (np.array(words) < np.floor(probability * 2**32)).astype(np.float64)


def release(x: Array, amplitude: Array, probability: Array, keys: list[int], tick: int) -> Array:
    """What is transmitted in ``len(x)`` reads from ``tick`` on (eq:release-read)."""
    return np.array(
        [
            sum(row @ (events(key, tick + r, probability) * amplitude) for key in keys)
            for r, row in enumerate(x.astype(np.float64))
        ]
    )


def released_currents(
    spikes: Array, weight: Array, exponent: int, probability: float, keys: list[int], ticks: list[int]
) -> Array:
    """Currents (rows, steps, n_out) of whole-number ``weight`` (n_in, n_out) (eq:loihi-release)."""
    chance = np.full(weight.shape, probability)
    sums = [
        [
            sum(int_row @ (events(key, tick + t, chance) * weight) for key in keys)
            for t, int_row in enumerate(row)
        ]
        for row, tick in zip(spikes.astype(np.float64), ticks, strict=True)
    ]
    return np.floor(np.array(sums) * 2.0**exponent).astype(np.int64)


def patterns(size: int) -> Iterator[Array]:
    """Every vector of ``size`` zeros and ones."""
    yield from (np.array(bits, float) for bits in itertools.product((0, 1), repeat=size))


def mean_reward(reward: Any, probability: Array) -> float:
    """Expectation of ``reward(b)`` over independent releases, by enumeration."""
    every = np.array(list(patterns(len(probability))))
    return float(np.prod(np.where(every == 1, probability, 1 - probability), axis=1) @ reward(every))


class SynapseChip:
    """Dense layers of stochastic synapses and digital biases, no other noise; implements ``Program``."""

    def __init__(
        self, network: Network, synapse: FixedRelease | LogisticRelease, stream: Stream, headroom: float = 1.5
    ) -> None:
        noise = Noise("stochastic_synapse", "event", frozenset(synapse.handles), "read")
        self.network, self.capabilities = network, Capabilities((noise,))
        self.dense = network.dense_layers()
        self.arrays = {
            d.name: SynapseArray(synapse, d.weight.T, stream.child(d.name), headroom) for d in self.dense
        }
        self.tick = 0
        self.events: dict[str, int] = {"reads": 0, "device_writes": 0}

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """Read the batch as ``probe`` says."""
        rows, memory = in_reading_order(np.asarray(x, np.float32), probe), {}
        for dense in self.dense:
            array = self.arrays[dense.name]
            view, node = array.view(self.tick), np.empty((len(rows), dense.weight.shape[0]), np.float32)
            if "events" in probe.observe:
                memory[dense.name] = view.eligibility(rows, self.tick, probe)
            view.product(rows, self.tick, node)
            bias = 0 if dense.bias is None else dense.bias
            rows = activate(dense.activation, (node * array.weight_range + bias).astype(np.float32))
        ticks = np.arange(self.tick, self.tick + len(rows), dtype=np.uint64)
        self.tick += len(rows)
        self.events["reads"] += len(rows)
        return Reading(by_pass(rows, probe), ticks=by_pass(ticks, probe), eligibility=memory)

    def read_weights(self) -> dict[str, Array]:
        """Mean weights, from the digital parameters."""
        return {f"{n}.weight": (a.view(self.tick).weight * a.weight_range).T for n, a in self.arrays.items()}

    def write(self, update: Mapping[str, Array]) -> None:
        """Move the parameters."""
        for name, delta in update.items():
            self.arrays[name.removesuffix(".weight")].write(delta.T, self.tick)

    def advance(self, seconds: float) -> None:
        """Nothing ages."""

    def state(self) -> dict[str, Array]:
        """Parameters and tick."""
        layers = {f"{n}/{k}": v for n, a in self.arrays.items() for k, v in a.state().items()}
        return {"tick": np.array(self.tick), **layers}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""
        self.tick = int(state["tick"])
        for name, array in self.arrays.items():
            array.restore({"parameter": state[f"{name}/parameter"]})


def plasticity(times: list[float], use: float, recovery: float, facilitation: float) -> list[float]:
    """Factor on the release at each of ``times`` (eq:plasticity-use, eq:plasticity-resources)."""
    found, u, resources, before = [], 0.0, 1.0, 0.0
    for time in times:
        u *= math.exp(-(time - before) / facilitation) if facilitation else 0.0
        u += use * (1 - u)
        resources = 1 - (1 - resources) * (math.exp(-(time - before) / recovery) if recovery else 0.0)
        found.append(u * resources / use)
        resources, before = resources * (1 - u), time
    return found
