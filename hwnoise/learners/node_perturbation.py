"""Node perturbation with a baseline: a quiet pass, or the mean of noisy ones."""

from __future__ import annotations

from collections.abc import Mapping
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
class NodePerturbation:
    """Correlate the loss above its baseline with the noise of every node (eq:np).

    The noise itself is used where the chip knows it; then every layer is unbiased. Otherwise the
    node's distance from its baseline stands for it, which also holds what earlier layers passed
    on (eq:anp-depth). Either is divided by the variance that was observed of it.

    Parameters
    ----------
    order : str
        ``"interleaved"``, ``"batch"``, or ``"auto"``: by the batch where the noise has memory.
    baseline_passes : int
        Noisy passes averaged into the baseline where the chip cannot be quiet, >= 1.

    References
    ----------
    J. Werfel, X. Xie, H. S. Seung, Neural Comput. 17:2699 (2005).
    """

    name: ClassVar[str] = "np"
    summary: ClassVar[str] = "node perturbation against a quiet pass, or against the mean of noisy passes"
    source: ClassVar[str] = "J. Werfel, X. Xie, H. S. Seung, Neural Comput. 17:2699 (2005)"
    needs: ClassVar[Needs] = Needs(
        "node",
        frozenset({"known", "replayable", "paired", "mean_subtracted"}),
        frozenset({"read", "memory"}),
    )

    order: Literal["auto", "interleaved", "batch"] = "auto"
    baseline_passes: int = 4
    _order: Order = field(default="interleaved", init=False)
    _quiet: bool = field(default=False, init=False)
    _known: bool = field(default=False, init=False)
    _noise: RunningVariance = field(
        default_factory=lambda: RunningVariance(about_mean=True), init=False, repr=False
    )
    _outer: Outer = field(default_factory=Outer, init=False, repr=False)

    def __post_init__(self) -> None:
        self.baseline_passes = at_least(self.name, "baseline_passes", self.baseline_passes, 1)
        one_of(self.name, "order", self.order, ("auto", "interleaved", "batch"))

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """See ``Learner.bind``; also finds out what serves as baseline and as noise."""
        require(self.name, self.needs, capabilities, network)
        self._order, self._outer = pick_order(self.order, capabilities), Outer(network)
        self._quiet = capabilities.quiet != "none"
        noises = self.needs.served_by(capabilities)
        self._known = all(noise.handles & {"known", "replayable"} for noise in noises)

    def calibrate(self, program: Program) -> None:
        """Nothing to measure: variances are observed on the way."""

    def directions(self, batch: int) -> int:
        """Every sample draws a direction of its own."""
        return batch

    @property
    def passes(self) -> int:
        """Passes per sample: the perturbed one and its baseline."""
        return 2 if self._quiet else 1 + self.baseline_passes

    def ask(self, key: int, batch: int) -> Probe:
        """Pass 0 is the perturbed one, the others are its baseline."""
        observe = {"nodes", "noise"} if self._known else {"nodes"}
        quiet = (1,) if self._quiet else ()
        return Probe(self.passes, self._order, quiet_passes=quiet, observe=frozenset(observe))

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Estimate the gradient (eq:np); 0 for a node that never moved."""
        losses = check_losses(losses, self.passes)
        excess = ((losses[0] - losses[1:].mean(axis=0)) / losses.shape[1]).astype(np.float32)[:, None]
        estimate = {}
        what, shown = ("noise", reading.noise) if self._known else ("nodes", reading.nodes)
        for layer, values in observed(self.name, what, shown).items():
            moved = values[0] - _mean(values[1:])
            self._noise.update(layer, moved)
            moved -= self._noise.mean(layer)
            moved = divide(moved, self._noise.variance(layer))
            moved *= excess
            inputs = _mean(reading.inputs[layer][1:])
            estimate[f"{layer}.weight"] = self._outer.weight(layer, moved, inputs)
            estimate[f"{layer}.bias"] = self._outer.bias(layer, moved)
        return estimate

    def state(self) -> dict[str, Array]:
        """See ``Learner.state``."""
        return self._noise.state("noise")

    def restore(self, state: Mapping[str, Array]) -> None:
        """See ``Learner.restore``."""
        self._noise.restore(state, "noise")


def _mean(passes: Array) -> Array:
    return passes[0] if len(passes) == 1 else np.asarray(passes.mean(axis=0))
