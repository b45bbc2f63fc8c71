"""Direct feedback alignment: the error of the output, sent to every layer through fixed random weights."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hwnoise.backends.base import Array, Capabilities, Reading
from hwnoise.errors import MismatchError
from hwnoise.learners.base import GRADIENT, STATIC, Needs, at_least, check_losses, observed
from hwnoise.learners.yardsticks.base import FORWARD, Yardstick
from hwnoise.streams import Stream

if TYPE_CHECKING:
    from hwnoise.network import DenseLayer, Network


@dataclass
class DirectFeedbackAlignment(Yardstick):
    """Every hidden layer gets the output's error by a random matrix of its own (eq:dfa).

    The last layer gets its exact gradient. Nothing is sent back through the forward weights, but
    the error and the slopes of the activations are exact, so it counts as a yardstick.

    Parameters
    ----------
    seed : int
        Of the feedback matrices, >= 0; they stay as they are for the whole run.

    References
    ----------
    A. Nøkland, NeurIPS 2016, arXiv:1609.01596.
    """

    name: ClassVar[str] = "dfa"
    summary: ClassVar[str] = "yardstick without a backward pass: the output's error by fixed random weights"
    source: ClassVar[str] = "A. Nøkland, NeurIPS 2016, arXiv:1609.01596"
    needs: ClassVar[Needs] = replace(GRADIENT, networks=STATIC)
    observes: ClassVar[frozenset[str]] = frozenset({"nodes", "error"})

    seed: int = 0
    _layers: tuple[DenseLayer, ...] = field(default=(), init=False, repr=False)
    _feedback: dict[str, Array] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.seed = at_least(self.name, "seed", self.seed, 0)

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """See ``Learner.bind``; draws the feedback matrices."""
        super().bind(network, capabilities)
        self._layers = network.dense_layers()
        stream, n_error = Stream(self.seed, "dfa"), len(self._layers[-1].bias)
        for layer in self._layers[:-1]:
            drawn = stream.child(layer.name).generator().standard_normal((n_error, len(layer.bias)))
            self._feedback[layer.name] = (drawn / np.sqrt(n_error)).astype(np.float32)

    def work(self) -> float:
        """See ``Yardstick.work``: one product per layer forward, and one for the update."""
        return self.passes * 2 * FORWARD

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Estimate the gradient (eq:dfa)."""
        count = check_losses(losses, self.passes).size
        nodes = observed(self.name, "nodes", reading.nodes)
        if reading.error is None:
            raise MismatchError(f"learner {self.name} asked for the error of the output, and was told none")
        last = self._layers[-1]
        at_output = _through(last.activation, nodes[last.name], reading.output, reading.error / count)
        estimate = {}
        for layer in self._layers:
            error = at_output
            if layer is not last:
                sent = at_output @ self._feedback[layer.name]
                error = _through(layer.activation, nodes[layer.name], None, sent)
            flat, inputs = error.reshape(-1, error.shape[-1]), reading.inputs[layer.name]
            estimate[f"{layer.name}.weight"] = flat.T @ inputs.reshape(-1, inputs.shape[-1])
            estimate[f"{layer.name}.bias"] = flat.sum(axis=0)
        return {name: np.asarray(values, np.float32) for name, values in estimate.items()}


def _through(activation: str, node: Array, output: Array | None, error: Array) -> Array:
    """Take ``error`` back from the output of an activation to its node (eq:dfa)."""
    if activation == "softmax":
        if output is None:
            raise MismatchError("learner dfa: a softmax can only be the last layer")
        return np.asarray(output * (error - np.sum(output * error, axis=-1, keepdims=True)))
    if activation == "relu":
        return np.asarray(np.where(node > 0, error, 0))
    if activation == "tanh":
        return np.asarray(error * (1 - np.tanh(node) ** 2))
    if activation == "sigmoid":
        return np.asarray(error / (4 * np.cosh(node / 2) ** 2))
    return error
