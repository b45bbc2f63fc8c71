"""Hedonistic synapses: each correlates its own releases with the reward that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from hwnoise.backends.base import Array, Capabilities, Order, Probe, Program, Reading
from hwnoise.errors import MismatchError
from hwnoise.learners.base import Needs, at_least, check_losses, one_of, pick_order
from hwnoise.learners.fit import require

if TYPE_CHECKING:
    from hwnoise.network import Network

MEMORY = 100  # batches that the running mean of the loss looks back


@dataclass
class Hedonistic:
    """Send every synapse the loss above its baseline; it knows what it released (eq:hedonistic).

    A synapse that released where it could have failed, or the other way round, makes that more
    likely if the loss was low. The estimate is unbiased at any depth and for noise of any size.
    Biases are digital, have no noise, and get no estimate.

    Parameters
    ----------
    passes : int
        Passes per sample, >= 1. The baseline of a pass is the mean loss of the other passes over the
        same sample; of a single pass, the running mean of the loss.
    order : str
        ``"interleaved"``, ``"batch"``, or ``"auto"``: by the batch where the noise has memory.

    References
    ----------
    H. S. Seung, Neuron 40:1063 (2003).
    R. J. Williams, Mach. Learn. 8:229 (1992): the estimator, and why any baseline will do.
    """

    name: ClassVar[str] = "hedonistic"
    summary: ClassVar[str] = "synapses that release at random, each crediting its own releases; no biases"
    source: ClassVar[str] = "H. S. Seung, Neuron 40:1063 (2003); R. J. Williams, Mach. Learn. 8:229 (1992)"
    needs: ClassVar[Needs] = Needs("event", frozenset({"local_event"}), frozenset({"read", "memory"}))

    passes: int = 2
    order: Literal["auto", "interleaved", "batch"] = "auto"
    _order: Order = field(default="interleaved", init=False)
    _mean: float | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.passes = at_least(self.name, "passes", self.passes, 1)
        one_of(self.name, "order", self.order, ("auto", "interleaved", "batch"))

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """See ``Learner.bind``."""
        require(self.name, self.needs, capabilities, network)
        self._order = pick_order(self.order, capabilities)

    def calibrate(self, program: Program) -> None:
        """Nothing to measure: a synapse knows its probability."""

    def directions(self, batch: int) -> int:
        """Every pass over every sample is a direction of its own, but one pass of several is baseline."""
        return batch * max(self.passes - 1, 1)

    def ask(self, key: int, batch: int) -> Probe:
        """Equal passes, every synapse remembering what it released."""
        return Probe(passes=self.passes, order=self._order, observe=frozenset({"events"}))

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Estimate the gradient (eq:hedonistic, eq:release-score); 0 for a synapse that had no choice."""
        losses = check_losses(losses, self.passes)
        if not reading.eligibility:
            raise MismatchError(f"learner {self.name} asked for events, and the chip showed none")
        credit = self._excess(losses.astype(np.float64)) / losses.size
        return {
            f"{layer}.weight": synapses.correlate(credit) for layer, synapses in reading.eligibility.items()
        }

    def _excess(self, losses: Array) -> Array:
        """Loss above a baseline that its own releases had no part in (eq:hedonistic-baseline)."""
        if self.passes > 1:
            others = (losses.sum(axis=0) - losses) / (self.passes - 1)
            return np.asarray(losses - others)
        before, now = self._mean, float(losses.mean())
        self._mean = now if before is None else before + (now - before) / MEMORY
        return np.asarray(losses - (now if before is None else before))

    def state(self) -> dict[str, Array]:
        """See ``Learner.state``: the running mean, where there is one."""
        return {} if self._mean is None else {"mean": np.array(self._mean)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """See ``Learner.restore``."""
        self._mean = float(state["mean"]) if "mean" in state else None
