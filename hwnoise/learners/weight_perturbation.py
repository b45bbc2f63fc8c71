"""Weight perturbation by noise that the chip can read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hwnoise.backends.base import Array, Capabilities, Probe, Program, Reading
from hwnoise.learners.base import Needs, at_least, check_losses, observed
from hwnoise.learners.fit import require
from hwnoise.learners.variance import RunningVariance, divide

if TYPE_CHECKING:
    from hwnoise.network import Network

RESOLVED = 0.1  # share of the observed variance below which a move cannot be told from read error


@dataclass
class WeightPerturbation:
    """Correlate the change of the mean loss with the change of every weight (eq:wp).

    The weights are read back before each of two passes over the batch. The variance of a true
    move is the observed one less that of the read error, which ``calibrate`` measures; without
    calibration the estimate is too small by the factor of eq:wp-attenuation. Biases are digital,
    have no noise, and get no estimate.

    Parameters
    ----------
    calibration_reads : int
        Read-backs in a row that measure the read error, >= 2.

    References
    ----------
    J. Werfel, X. Xie, H. S. Seung, Neural Comput. 17:2699 (2005).
    """

    name: ClassVar[str] = "wp"
    summary: ClassVar[str] = "weight perturbation by slow weight noise, read back before each pass; no biases"
    source: ClassVar[str] = "J. Werfel, X. Xie, H. S. Seung, Neural Comput. 17:2699 (2005)"
    # Noise that lasts until the next write is the same in both passes: it perturbs nothing.
    needs: ClassVar[Needs] = Needs("weight", frozenset({"readback"}), frozenset({"memory"}))

    calibration_reads: int = 8
    _moves: RunningVariance = field(default_factory=RunningVariance, init=False, repr=False)
    _error: RunningVariance = field(default_factory=RunningVariance, init=False, repr=False)

    def __post_init__(self) -> None:
        self.calibration_reads = at_least(self.name, "calibration_reads", self.calibration_reads, 2)

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """See ``Learner.bind``."""
        require(self.name, self.needs, capabilities, network)

    def calibrate(self, program: Program) -> None:
        """Measure the read error: differences of read-backs with nothing in between."""
        last = program.read_weights()
        for _ in range(self.calibration_reads - 1):
            following = program.read_weights()
            for name, values in following.items():
                if name.endswith(".weight"):
                    self._error.update(name.removesuffix(".weight"), (values - last[name])[None])
            last = following

    def directions(self, batch: int) -> int:
        """One: all samples of a pass see the same weights."""
        return 1

    def ask(self, key: int, batch: int) -> Probe:
        """Two passes over the whole batch, the weights read back before each."""
        return Probe(passes=2, order="batch", observe=frozenset({"weights"}))

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Estimate the gradient (eq:wp); 0 for a weight whose moves drown in read error."""
        losses = check_losses(losses, 2)
        difference = np.float32((losses[0] - losses[1]).mean(dtype=np.float64))
        estimate = {}
        for layer, values in observed(self.name, "weights", reading.weights).items():
            moved = values[0] - values[1]
            self._moves.update(layer, moved[None])
            moved = divide(moved, self._true_variance(layer))
            moved *= difference
            estimate[f"{layer}.weight"] = moved
        return estimate

    def _true_variance(self, layer: str) -> Array:
        observed = self._moves.variance(layer)
        true = observed - self._error.variance(layer)
        return np.where(true > RESOLVED * observed, true, np.float32(0))

    def state(self) -> dict[str, Array]:
        """See ``Learner.state``."""
        return {**self._moves.state("moves"), **self._error.state("error")}

    def restore(self, state: Mapping[str, Array]) -> None:
        """See ``Learner.restore``."""
        self._moves.restore(state, "moves")
        self._error.restore(state, "error")
