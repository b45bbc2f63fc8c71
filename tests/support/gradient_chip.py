"""A small noisy network in NumPy with exact derivatives: the oracle of the yardsticks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hwnoise import Network
from hwnoise.backends.base import Capabilities, Noise, Probe, Reading
from hwnoise.learners.feedback import informed
from hwnoise.streams import Stream

Array = Any
NOISES = (Noise("test_noise", "node", frozenset({"paired"}), "read"),)
CHIP = Capabilities(NOISES, quiet="chip", gradient=True)
NUDGE = 1e-5  # for differences of float64 derivatives


@dataclass
class GradientChip:
    """Dense layers with Gaussian noise at the nodes, in float64; implements ``Program``."""

    network: Network
    sigma: float = 0.0
    capabilities: Capabilities = CHIP
    generator: np.random.Generator = field(default_factory=lambda: Stream(1, "gradient").generator())
    events: dict[str, int] = field(default_factory=lambda: {"reads": 0})
    values: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = {n: np.array(v, np.float64) for n, v in self.network.parameters().items()}
        self.layers = self.network.dense_layers()

    def run(self, x: Array, probe: Probe) -> Reading:
        """Read the batch pass by pass."""
        self.events["reads"] += probe.passes * len(x)
        noise = {
            layer.name: self.sigma * self.generator.standard_normal((probe.passes, len(x), len(layer.bias)))
            for layer in self.layers
        }
        for values in noise.values():
            values[list(probe.quiet_passes)] = 0
        x = np.broadcast_to(x, (probe.passes, *x.shape)).astype(np.float64)
        taken = Taken(self.layers, self.values, x, noise)
        shown: dict[str, Any] = {}
        if "nodes" in probe.observe:
            shown |= {"inputs": taken.inputs, "nodes": taken.nodes}
        if "derivatives" in probe.observe:
            shown["derivatives"] = taken
        return Reading(taken.output, **shown)

    def read_weights(self) -> dict[str, Array]:
        """As they are."""
        return {name: values.astype(np.float32) for name, values in self.values.items()}

    def write(self, update: Mapping[str, Array]) -> None:
        """Add exactly."""
        for name, values in update.items():
            self.values[name] = self.values[name] + values

    def diagnostics(self) -> dict[str, Array]:
        """True parameters."""
        return dict(self.values)

    def state(self) -> dict[str, Array]:
        """Parameters."""
        return dict(self.values)

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""
        self.values = dict(state)


class Taken:
    """One run of the network, and its derivatives: reverse by hand, forward by hand."""

    def __init__(
        self, layers: Any, values: Mapping[str, Array], x: Array, noise: Mapping[str, Array]
    ) -> None:
        self.layers, self.values, self.x, self.noise = layers, values, x, noise
        self.inputs: dict[str, Array] = {}
        self.nodes: dict[str, Array] = {}
        for layer in layers:
            self.inputs[layer.name] = x
            node = x @ values[f"{layer.name}.weight"].T + values[f"{layer.name}.bias"] + noise[layer.name]
            self.nodes[layer.name] = node
            x = activate(layer.activation, node)
        self.output = x

    def backward(self, error: Array) -> dict[str, Array]:
        """Vector-Jacobian product, summed over passes and samples."""
        found = {}
        for layer in reversed(self.layers):
            error = pull(layer.activation, self.nodes[layer.name], error)
            found[f"{layer.name}.weight"] = np.einsum("psi,psj->ij", error, self.inputs[layer.name])
            found[f"{layer.name}.bias"] = error.sum(axis=(0, 1))
            error = error @ self.values[f"{layer.name}.weight"]
        return {name: found[name] for name in self.values}

    def forward(self, direction: Mapping[str, Array]) -> Array:
        """Jacobian-vector product: a difference of two runs, exact to ten digits."""
        return (self._moved(direction, 1).output - self._moved(direction, -1).output) / (2 * NUDGE)

    def backward_change(self, error: Array, direction: Mapping[str, Array]) -> dict[str, Array]:
        """The difference of two backward passes."""
        up, down = (self._moved(direction, sign).backward(error) for sign in (1, -1))
        return {name: (up[name] - down[name]) / (2 * NUDGE) for name in up}

    def _moved(self, direction: Mapping[str, Array], sign: int) -> Taken:
        there = {n: v + sign * NUDGE * np.asarray(direction[n], np.float64) for n, v in self.values.items()}
        return Taken(self.layers, there, self.x, self.noise)


def activate(name: str, a: Array) -> Array:
    """Value of an activation."""
    if name == "softmax":
        e = np.exp(a - a.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
    return {"identity": a, "tanh": np.tanh(a), "relu": np.maximum(a, 0), "sigmoid": 1 / (1 + np.exp(-a))}[
        name
    ]


def pull(name: str, a: Array, error: Array) -> Array:
    """Vector-Jacobian product of an activation."""
    y = activate(name, a)
    if name == "softmax":
        return y * (error - (error * y).sum(axis=-1, keepdims=True))
    return error * {"identity": 1.0, "tanh": 1 - y**2, "relu": a > 0, "sigmoid": y * (1 - y)}[name]


def gradient_chip(
    sizes: str, activation: str = "tanh", readout: str = "softmax", **options: Any
) -> GradientChip:
    """A chip with a random network and biases that are not zero."""
    network = Network.mlp(sizes, Stream(3, "network"), activation, readout)
    generator = Stream(4, "biases").generator()
    biases = {
        name: 0.3 * generator.standard_normal(values.shape)
        for name, values in network.parameters().items()
        if name.endswith(".bias")
    }
    return GradientChip(network.with_parameters(biases), **options)


def one_step(chip: Any, learner: Any, x: Array, y: Array, loss: Any, key: int = 1) -> dict[str, Array]:
    """What the learner makes of one batch, after it was bound to the chip."""
    learner.bind(chip.network, chip.capabilities)
    return told(chip, learner, x, y, loss, key)


def told(chip: Any, learner: Any, x: Array, y: Array, loss: Any, key: int = 1) -> dict[str, Array]:
    """What a learner that is bound makes of one batch."""
    probe = learner.ask(key, len(x))
    reading = chip.run(x, probe)
    return learner.tell(informed(reading, y, probe, loss), loss(reading.output, y))
