"""Three-factor learning: what came before, what the neuron did beyond its mean, and a reward for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from hwnoise.backends.base import Array, Capabilities, LocalRule, Order, Probe, Program, Reading
from hwnoise.learners.base import TIMED, Needs, at_least, check_losses, one_of, pick_order
from hwnoise.learners.fit import require
from hwnoise.learners.traces import share, traces

if TYPE_CHECKING:
    from hwnoise.network import Network

_POST: dict[str, Literal["spike_excess", "membrane_excess"]] = {
    "spike": "spike_excess",
    "membrane": "membrane_excess",
}
MEMORY = 20  # batches that the running mean of the loss looks back


@dataclass
class ThreeFactor:
    """Reward what a neuron did beyond its own mean over a few noisy passes (eq:three-factor).

    First factor: the presynaptic trace. Second: the spikes of the neuron, minus their mean over the
    passes over the same sample. Third: the loss above its baseline, one number per pass. Only what the
    noise really changed counts, so that few directions are left to explore where spikes are rare.

    Parameters
    ----------
    passes : int
        Passes per sample, >= 2.
    post : str
        ``"spike"``: reward-modulated spike timing; ``"membrane"``: reward-modulated Hebbian.
    baseline : str
        Of a loss: ``"passes"``: the mean over the passes over its sample; ``"running"``: the mean
        over the last batches, all that a chip can keep that does not repeat itself.
    trace : float or None
        Share of a presynaptic trace left after one step, in [0, 1); None: as in the membrane it feeds,
        which is how long a spike matters there.
    order : str
        ``"interleaved"``, ``"batch"``, or ``"auto"``: by the batch where the noise has memory.

    References
    ----------
    R. Legenstein, S. Chase, A. Schwartz, W. Maass, J. Neurosci. 30:8400 (2010): exploratory Hebbian rule.
    R. J. Williams, Mach. Learn. 8:229 (1992): reward times deviation from the mean is a gradient.
    """

    name: ClassVar[str] = "three-factor"
    summary: ClassVar[str] = (
        "presynaptic trace, times spikes beyond their mean over a few noisy passes, times reward"
    )
    source: ClassVar[str] = (
        "R. Legenstein, S. Chase, A. Schwartz, W. Maass, J. Neurosci. 30:8400 (2010); "
        "R. J. Williams, Mach. Learn. 8:229 (1992)"
    )
    needs: ClassVar[Needs] = Needs(
        "node", frozenset({"mean_subtracted", "paired"}), frozenset({"read", "memory"}), TIMED
    )

    passes: int = 2
    post: Literal["spike", "membrane"] = "spike"
    baseline: Literal["passes", "running"] = "passes"
    trace: float | None = None
    order: Literal["auto", "interleaved", "batch"] = "auto"
    _order: Order = field(default="interleaved", init=False)
    _mean: float | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.passes = at_least(self.name, "passes", self.passes, 2)
        self.trace = share(self.name, "trace", self.trace)
        one_of(self.name, "post", self.post, tuple(_POST))
        one_of(self.name, "baseline", self.baseline, ("passes", "running"))
        one_of(self.name, "order", self.order, ("auto", "interleaved", "batch"))

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """See ``Learner.bind``."""
        require(self.name, self.needs, capabilities, network)
        self._order = pick_order(self.order, capabilities)

    def calibrate(self, program: Program) -> None:
        """Nothing to measure: the mean is taken over the passes themselves."""

    def directions(self, batch: int) -> int:
        """Every pass over every sample is a direction of its own, but one pass of several is the mean."""
        return batch * (self.passes - 1)

    def ask(self, key: int, batch: int) -> Probe:
        """Equal noisy passes, with the synapses summing up."""
        rule = LocalRule("spike" if self.trace == 0 else "trace", _POST[self.post], self.trace)
        return Probe(passes=self.passes, order=self._order, local=rule)

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Estimate a direction of ascent (eq:three-factor); 0 where no pass differs from the others."""
        losses = check_losses(losses, self.passes)
        synapses = traces(self.name, reading)
        scale = losses.shape[1] * (self.passes - 1)
        credit = (self._excess(losses.astype(np.float64)) / scale).astype(np.float32)
        estimate = {}
        for layer, found in synapses.items():
            estimate[f"{layer}.weight"] = found.correlate(credit)
            estimate[f"{layer}.bias"] = found.correlate_bias(credit)
        return estimate

    def _excess(self, losses: Array) -> Array:
        """Loss above its baseline (eq:three-factor-baseline)."""
        if self.baseline == "passes":
            return np.asarray(losses - losses.mean(axis=0))
        now = float(losses.mean())
        before = now if self._mean is None else self._mean
        self._mean = before + (now - before) / MEMORY
        return np.asarray(losses - before)

    def state(self) -> dict[str, Array]:
        """See ``Learner.state``: the running mean, where there is one."""
        return {} if self._mean is None else {"mean": np.array(self._mean)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """See ``Learner.restore``."""
        self._mean = float(state["mean"]) if "mean" in state else None
