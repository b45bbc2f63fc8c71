"""Activity-based node perturbation: two noisy passes, no clean pass, no access to the noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from hwnoise.backends.base import Array, Capabilities, Order, Probe, Program, Reading
from hwnoise.learners.base import Needs, at_least, check_losses, observed, one_of, pick_order
from hwnoise.learners.fit import require
from hwnoise.learners.outer import Outer
from hwnoise.learners.variance import RunningVariance, divide

if TYPE_CHECKING:
    from hwnoise.network import Network


@dataclass
class ActivityNodePerturbation:
    """Correlate the change of the loss with the change of every node (eq:anp).

    Parameters
    ----------
    order : str
        ``"interleaved"``, ``"batch"``, or ``"auto"``: by the batch where the noise has memory.
    pairs : int
        Pairs of passes per sample, >= 1.
    normalizer : str
        ``"sample"``: the published rule. ``"node"``: the same rule on differences divided by their
        observed standard deviation, node by node; unbiased where nodes are unequally noisy.

    References
    ----------
    S. Dalm, M. van Gerven, N. Ahmad, arXiv:2310.00965 (2023).
    L. Koenders et al., Phys. Rev. Applied 23:054035 (2025): two noisy passes.
    """

    name: ClassVar[str] = "anp"
    summary: ClassVar[str] = (
        "activity-based node perturbation from pairs of noisy passes; nothing else is needed"
    )
    source: ClassVar[str] = (
        "S. Dalm, M. van Gerven, N. Ahmad, arXiv:2310.00965; "
        "L. Koenders et al., Phys. Rev. Applied 23:054035 (2025)"
    )
    needs: ClassVar[Needs] = Needs(
        "node", frozenset({"paired", "mean_subtracted", "known"}), frozenset({"read", "memory"})
    )

    order: Literal["auto", "interleaved", "batch"] = "auto"
    pairs: int = 1
    normalizer: Literal["sample", "node"] = "sample"
    _order: Order = field(default="interleaved", init=False)
    _moves: RunningVariance = field(default_factory=RunningVariance, init=False, repr=False)
    _outer: Outer = field(default_factory=Outer, init=False, repr=False)

    def __post_init__(self) -> None:
        self.pairs = at_least(self.name, "pairs", self.pairs, 1)
        one_of(self.name, "order", self.order, ("auto", "interleaved", "batch"))
        one_of(self.name, "normalizer", self.normalizer, ("sample", "node"))

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """See ``Learner.bind``."""
        require(self.name, self.needs, capabilities, network)
        self._order, self._outer = pick_order(self.order, capabilities), Outer(network)

    def calibrate(self, program: Program) -> None:
        """Nothing to measure: both passes see the same instruments."""

    def directions(self, batch: int) -> int:
        """Every pair of passes of every sample is a direction of its own."""
        return batch * self.pairs

    def ask(self, key: int, batch: int) -> Probe:
        """Two noisy passes per pair."""
        return Probe(passes=2 * self.pairs, order=self._order, observe=frozenset({"nodes"}))

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Estimate the gradient (eq:anp); 0 for a sample in which no node moved."""
        losses = check_losses(losses, 2 * self.pairs)
        observed(self.name, "nodes", reading.nodes)
        difference = (losses[0::2] - losses[1::2]).astype(np.float32).reshape(-1)
        if self.normalizer == "node":
            for layer, moved in _moves(reading):
                self._moves.update(layer, moved)
        scale = divide(difference, self._extent(reading) * np.float32(len(difference)))[:, None]
        estimate = {}
        for layer, moved in _moves(
            reading
        ):  # twice through the layers, so that one difference is held at a time
            moved *= scale
            moved = self._weighted(layer, moved)
            inputs = reading.inputs[layer][0::2]
            seen = inputs.reshape(-1, inputs.shape[-1])
            estimate[f"{layer}.weight"] = self._outer.weight(layer, moved, seen)
            estimate[f"{layer}.bias"] = self._outer.bias(layer, moved)
        return estimate

    def _extent(self, reading: Reading) -> Array:
        """Mean over all nodes of the squared move, for each sample."""
        nodes = sum(values.shape[-1] for values in reading.nodes.values())
        squares = [
            np.einsum("sn,sn->s", moved, self._weighted(layer, moved)) for layer, moved in _moves(reading)
        ]
        return np.asarray(np.sum(squares, axis=0) / np.float32(nodes))

    def _weighted(self, layer: str, moved: Array) -> Array:
        return moved if self.normalizer == "sample" else divide(moved, self._moves.variance(layer))

    def state(self) -> dict[str, Array]:
        """See ``Learner.state``: empty unless the normalizer is ``"node"``."""
        return self._moves.state("moves")

    def restore(self, state: Mapping[str, Array]) -> None:
        """See ``Learner.restore``."""
        self._moves.restore(state, "moves")


def _moves(reading: Reading) -> Iterator[tuple[str, Array]]:
    """The difference between the two passes of every pair, (pairs * samples, nodes), layer by layer."""
    for layer, values in reading.nodes.items():
        yield layer, (values[0::2] - values[1::2]).reshape(-1, values.shape[-1])
