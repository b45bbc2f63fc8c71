"""A small NumPy chip whose noise is known to the test, and closed forms to compare learners with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from hwnoise.backends.base import Capabilities, Noise, Probe, Reading
from hwnoise.network import Network
from hwnoise.nodes import Activation, Affine, Input, Node, Output, Relu, Tanh
from hwnoise.streams import Stream

Array = Any
ACTIVATIONS = {"identity": lambda a: a, "tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}
NODES: dict[str, type[Activation]] = {"tanh": Tanh, "relu": Relu}
KURTOSIS = {"gaussian": 3.0, "rademacher": 1.0, "uniform": 1.8}
CHUNK = 64


def shows(*handles: str, level: str = "node", time_scale: str = "read", quiet: str = "none") -> Capabilities:
    """Capabilities of a chip with one noise that can be observed in these ways."""
    return Capabilities((Noise("test_noise", level, frozenset(handles), time_scale),), quiet)


def unit_noise(form: str, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Noise of zero mean and unit variance."""
    if form == "gaussian":
        return generator.standard_normal(shape)
    if form == "rademacher":
        return generator.integers(0, 2, shape) * 2.0 - 1.0
    return generator.uniform(-np.sqrt(3), np.sqrt(3), shape)


def bound(learner: Any, capabilities: Capabilities) -> Any:
    """The learner, bound to a chip that shows ``capabilities``."""
    learner.bind(None, capabilities)
    return learner


def per_sample(learner: Any, nodes: Array, losses: Array, noise: Array | None = None) -> Array:
    """Estimates (samples, nodes) of every single sample, from calls of ``tell``.

    Sample s of a call has the s-th unit vector as its input, so that column s of the weight
    estimate, times the number of samples, is what that sample contributed.
    """
    found = []
    for start in range(0, losses.shape[1], CHUNK):
        part = slice(start, start + CHUNK)
        samples = losses[:, part].shape[1]
        eye = np.broadcast_to(np.eye(samples, dtype=np.float32), (len(losses), samples, samples))
        reading = Reading(
            output=np.zeros((len(losses), samples, 1), np.float32),
            inputs={"a": eye},
            nodes={"a": nodes[:, part].astype(np.float32)},
            noise={} if noise is None else {"a": noise[:, part].astype(np.float32)},
        )
        found.append(learner.tell(reading, losses[:, part])["a.weight"].T * samples)
    return np.concatenate(found).astype(np.float64)


def weight_reading(first: Array, second: Array) -> Reading:
    """A reading of one layer read back before each of two passes."""
    pair = np.stack([first, second]).astype(np.float32)
    return Reading(output=np.zeros((2, 1, 1), np.float32), weights={"a": pair})


@dataclass(frozen=True)
class ToyLayer:
    """A dense layer."""

    name: str
    weight: Array
    bias: Array
    activation: str


@dataclass
class ToyChip:
    """Dense layers with noise at the nodes or on the weights; implements ``Program``.

    ``node_sigma``: per layer a number or one per node, fresh at every read. ``weight_sigma``:
    redrawn before every pass. ``read_error``: of a read-back. ``step``: of the converter, 0 for none.
    """

    layers: list[ToyLayer]
    capabilities: Capabilities
    node_sigma: Mapping[str, Any] = field(default_factory=dict)
    weight_sigma: float = 0.0
    read_error: float = 0.0
    step: float = 0.0
    form: str = "gaussian"
    generator: np.random.Generator = field(default_factory=lambda: Stream(1, "toy").generator())
    events: dict[str, int] = field(default_factory=lambda: {"reads": 0})

    @classmethod
    def of_sizes(cls, *sizes: int, activation: str = "tanh", **options: Any) -> ToyChip:
        """A chip with random weights; the last layer is linear."""
        generator = Stream(2, "toy/weights").generator()
        layers = [
            ToyLayer(
                f"l{k}",
                (generator.standard_normal((n_out, n_in)) / np.sqrt(n_in)).astype(np.float32),
                np.zeros(n_out, np.float32),
                "identity" if k == len(sizes) - 2 else activation,
            )
            for k, (n_in, n_out) in enumerate(pairwise(sizes))
        ]
        return cls(layers, **options)

    @property
    def network(self) -> Network:
        """The network that is on it, with its present weights."""
        nodes: dict[str, Node] = {"input": Input(self.layers[0].weight.shape[1:])}
        for layer in self.layers:
            nodes[layer.name] = Affine(layer.weight, layer.bias)
            if layer.activation != "identity":
                nodes[f"{layer.name}_activation"] = NODES[layer.activation](layer.bias.shape)
        nodes["output"] = Output(self.layers[-1].bias.shape)
        return Network(nodes, tuple(pairwise(nodes)))

    def run(self, x: Array, probe: Probe) -> Reading:
        """Read the batch pass by pass."""
        traces = [self._pass(x, k in probe.quiet_passes) for k in range(probe.passes)]
        self.events["reads"] += probe.passes * len(x)
        shown = probe.observe | {"inputs"} if "nodes" in probe.observe else probe.observe
        joined = {
            what: {n.name: np.stack([t[what][n.name] for t in traces]) for n in self.layers} for what in shown
        }
        return Reading(np.stack([t["output"] for t in traces]), **joined)

    def _pass(self, x: Array, quiet: bool) -> dict[str, Any]:
        trace: dict[str, Any] = {"inputs": {}, "nodes": {}, "noise": {}, "weights": {}}
        for layer in self.layers:
            noise = unit_noise(self.form, (len(x), len(layer.bias)), self.generator)
            noise *= 0.0 if quiet else self.node_sigma.get(layer.name, 0.0)
            weight = layer.weight + self.weight_sigma * self.generator.standard_normal(layer.weight.shape)
            node = x @ weight.T + layer.bias + noise
            node = np.round(node / self.step) * self.step if self.step else node
            trace["inputs"][layer.name] = x.astype(np.float32)
            trace["nodes"][layer.name] = node.astype(np.float32)
            trace["noise"][layer.name] = noise.astype(np.float32)
            error = self.read_error * self.generator.standard_normal(weight.shape)
            trace["weights"][layer.name] = (weight + error).astype(np.float32)
            x = ACTIVATIONS[layer.activation](node)
        trace["output"] = x.astype(np.float32)
        return trace

    def read_weights(self) -> dict[str, Array]:
        """Read back with nothing moving in between: only the read error differs."""
        found = {}
        for layer in self.layers:
            error = self.read_error * self.generator.standard_normal(layer.weight.shape)
            found[f"{layer.name}.weight"] = (layer.weight + error).astype(np.float32)
            found[f"{layer.name}.bias"] = layer.bias.copy()
        return found

    def diagnostics(self) -> dict[str, Array]:
        """True parameters; column by column, as a chip may hold them."""
        pairs = [(f"{n.name}.{what}", getattr(n, what)) for n in self.layers for what in ("weight", "bias")]
        return {name: np.array(values, order="F") for name, values in pairs}

    def write(self, update: Mapping[str, Array]) -> None:
        """Add exactly."""
        for layer in self.layers:
            layer.weight[...] += update.get(f"{layer.name}.weight", 0)
            layer.bias[...] += update.get(f"{layer.name}.bias", 0)

    def state(self) -> dict[str, Array]:
        """Parameters."""
        return self.diagnostics()

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""
        for layer in self.layers:
            layer.weight[...] = state[f"{layer.name}.weight"]
            layer.bias[...] = state[f"{layer.name}.bias"]


def half_squared_error(output: Array, target: Array) -> Array:
    """Half the squared distance, per pass and sample."""
    return 0.5 * np.square(output - target).sum(axis=-1)
