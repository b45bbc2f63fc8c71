"""A small chip in NumPy: dense layers, white node noise, no devices. For tests of the training loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Capabilities, Noise, Probe, Reading
from hwnoise.network import Network
from hwnoise.streams import Stream

Array = NDArray[Any]
ONE_PASS = Probe()
WHITE = Noise("white", "node", frozenset({"paired", "known"}), "read")


class ToyChip:
    """Layers of tanh with a softmax read-out; ``sigma`` is the noise of every node, in node units.

    From ``spoil_at`` reads on, it answers not-a-number.
    """

    def __init__(
        self, network: Network, stream: Stream, *, sigma: float = 0.1, max_batch: int | None = None,
        checkpoint: bool = True, spoil_at: int | None = None,
    ) -> None:  # fmt: skip
        self.network, self.stream, self.sigma, self.spoil_at = network, stream, sigma, spoil_at
        self.capabilities = Capabilities((WHITE,), quiet="chip", max_batch=max_batch, checkpoint=checkpoint)
        self.parameters = {
            name: np.array(values, np.float32) for name, values in network.parameters().items()
        }
        self.layers = [layer.name for layer in network.dense_layers()]
        self.events: dict[str, int] = {"reads": 0, "device_writes": 0}
        self.tick = 0

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        shape = (probe.passes, len(x))
        rows = np.broadcast_to(np.asarray(x, np.float32), (*shape, x.shape[-1]))
        inputs, nodes = {}, {}
        for layer in self.layers:
            inputs[layer] = rows
            nodes[layer] = rows @ self.parameters[f"{layer}.weight"].T + self.parameters[f"{layer}.bias"]
            nodes[layer] = nodes[layer] + self._noise(layer, nodes[layer].shape)
            rows = np.tanh(nodes[layer])
        output = _softmax(nodes[self.layers[-1]])
        if self.spoil_at is not None and self.events["reads"] >= self.spoil_at:
            output = output * np.float32(np.nan)
        self.tick += 1
        self.events["reads"] += shape[0] * shape[1]
        return Reading(output, inputs=inputs, nodes=nodes)

    def read_weights(self) -> dict[str, Array]:
        self.tick += 1
        return {
            name: values + self._noise(name, values.shape) / 10 for name, values in self.parameters.items()
        }

    def write(self, update: Mapping[str, Array]) -> None:
        for name, delta in update.items():
            self.parameters[name] += delta
            self.events["device_writes"] += delta.size

    def advance(self, seconds: float) -> None:
        self.tick += round(seconds)

    def diagnostics(self) -> dict[str, Array]:
        writes = {
            f"{layer}.writes": np.ones(self.parameters[f"{layer}.weight"].shape, np.uint32)
            for layer in self.layers
        }
        return dict(self.parameters) | writes

    def state(self) -> dict[str, Array]:
        counts = np.array([self.tick, *self.events.values()], np.int64)
        return {"counts": counts, **{name: values.copy() for name, values in self.parameters.items()}}

    def restore(self, state: Mapping[str, Array]) -> None:
        self.tick, reads, writes = state["counts"].tolist()
        self.events = {"reads": reads, "device_writes": writes}
        self.parameters = {name: state[name].copy() for name in self.parameters}

    def _noise(self, name: str, shape: tuple[int, ...]) -> Array:
        draws = self.stream.child(f"{name}/{self.tick}").generator()
        return self.sigma * draws.standard_normal(shape, np.float32)


class ToyBackend:
    """Makes toy chips; ``options`` are those of ``ToyChip``."""

    name = "toy"

    def compile(self, network: Network, substrate: object, stream: Stream, **options: Any) -> ToyChip:
        options.pop("headroom", None)  # its weights are numbers: they have no range
        return ToyChip(network, stream, **options)


def _softmax(values: Array) -> Array:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
