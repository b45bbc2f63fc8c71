"""Spiking node perturbation: a trace at every synapse, and one loss difference for all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from hwnoise.backends.base import Array, Capabilities, LocalRule, Order, Probe, Program, Reading, Traces
from hwnoise.learners.base import TIMED, Needs, at_least, check_losses, one_of, pick_order
from hwnoise.learners.fit import require
from hwnoise.learners.traces import share, steps_of, traces
from hwnoise.learners.variance import divide

if TYPE_CHECKING:
    from hwnoise.network import Network

_POST: dict[str, Literal["drive_difference", "membrane_difference"]] = {
    "drive": "drive_difference",
    "membrane": "membrane_difference",
}


@dataclass
class SpikingNodePerturbation:
    """Correlate the change of the loss with what every synapse saw of its neuron's change (eq:snp).

    Two noisy passes over the same spikes. A synapse sums, step by step, its presynaptic trace times
    what its neuron took in more in the first pass than in the second; the host sends one loss
    difference per sample. Nothing per neuron or per step leaves the chip.

    Parameters
    ----------
    pairs : int
        Pairs of passes per sample, >= 1.
    order : str
        ``"interleaved"``, ``"batch"``, or ``"auto"``: by the batch where the noise has memory.
    post : str
        ``"drive"``: what a membrane took in at a step; ``"membrane"``: the membrane itself, in which
        earlier steps and resets live on.
    trace : float or None
        Share of a presynaptic trace left after one step, in [0, 1); None: as in the membrane it feeds.
        At 0 the estimate is unbiased; a longer trace trades bias for variance.
    normalizer : str
        ``"layer"``: by the mean squared change in each layer; ``"network"``: over all layers together,
        for neurons that are equally noisy.

    References
    ----------
    I. R. Fiete and H. S. Seung, Phys. Rev. Lett. 97:048104 (2006): perturbed conductances of spiking neurons.
    S. Dalm, M. van Gerven, N. Ahmad, arXiv:2310.00965 (2023): the normaliser is what was observed.
    J. Garcia Fernandez, S. Keemink, M. van Gerven, Front. Neurosci. 18:1439155 (2024): through time.
    """

    name: ClassVar[str] = "snp"
    summary: ClassVar[str] = (
        "local traces times what two noisy passes differ by, and one loss difference per sample"
    )
    source: ClassVar[str] = (
        "I. R. Fiete and H. S. Seung, Phys. Rev. Lett. 97:048104 (2006); "
        "S. Dalm, M. van Gerven, N. Ahmad, arXiv:2310.00965; "
        "J. Garcia Fernandez, S. Keemink, M. van Gerven, Front. Neurosci. 18:1439155 (2024)"
    )
    needs: ClassVar[Needs] = Needs(
        "node", frozenset({"paired", "mean_subtracted", "known"}), frozenset({"read", "memory"}), TIMED
    )

    pairs: int = 1
    order: Literal["auto", "interleaved", "batch"] = "auto"
    post: Literal["drive", "membrane"] = "drive"
    trace: float | None = None
    normalizer: Literal["layer", "network"] = "layer"
    _order: Order = field(default="interleaved", init=False)
    _neurons: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.pairs = at_least(self.name, "pairs", self.pairs, 1)
        self.trace = share(self.name, "trace", self.trace)
        one_of(self.name, "order", self.order, ("auto", "interleaved", "batch"))
        one_of(self.name, "post", self.post, ("drive", "membrane"))
        one_of(self.name, "normalizer", self.normalizer, ("layer", "network"))

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """See ``Learner.bind``."""
        require(self.name, self.needs, capabilities, network)
        self._order = pick_order(self.order, capabilities)
        self._neurons = {name: math.prod(shape) for name, shape in network.output_shapes.items()}

    def calibrate(self, program: Program) -> None:
        """Nothing to measure: both passes see the same instruments."""

    def directions(self, batch: int) -> int:
        """Every pair of passes of every sample is a direction of its own."""
        return batch * self.pairs

    def ask(self, key: int, batch: int) -> Probe:
        """Two noisy passes per pair, with the synapses summing up."""
        return Probe(
            passes=2 * self.pairs,
            order=self._order,
            local=LocalRule("spike" if self.trace == 0 else "trace", _POST[self.post], self.trace),
        )

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Estimate the gradient (eq:snp); 0 for a sample in which nothing changed."""
        losses = check_losses(losses, 2 * self.pairs)
        synapses = traces(self.name, reading)
        difference = (losses[0::2] - losses[1::2]).astype(np.float32)
        change = self._change(synapses, steps_of(reading))
        estimate = {}
        for layer, found in synapses.items():
            credit = divide(difference, change[layer] * np.float32(difference.size))
            estimate[f"{layer}.weight"] = found.correlate(credit)
            estimate[f"{layer}.bias"] = found.correlate_bias(credit)
        return estimate

    def _change(self, synapses: Mapping[str, Traces], steps: int) -> dict[str, Array]:
        """Mean square of the post variable, (pairs, samples), that each layer is divided by."""
        sizes = {layer: np.float32(self._neurons[layer] * steps) for layer in synapses}
        if self.normalizer == "layer":
            return {layer: found.power / sizes[layer] for layer, found in synapses.items()}
        total = np.sum([found.power for found in synapses.values()], axis=0, dtype=np.float32)
        return dict.fromkeys(synapses, np.asarray(total / sum(sizes.values())))

    def state(self) -> dict[str, Array]:
        """See ``Learner.state``: nothing is remembered."""
        return {}

    def restore(self, state: Mapping[str, Array]) -> None:
        """See ``Learner.restore``."""
