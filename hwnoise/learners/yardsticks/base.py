"""What all yardsticks share: one look at the derivatives of a reading, and what that costs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from hwnoise.backends.base import Array, Capabilities, Derivatives, Probe, Program, Reading
from hwnoise.errors import InputError, MismatchError
from hwnoise.learners.base import GRADIENT, Needs, at_least, check_losses
from hwnoise.learners.fit import require

if TYPE_CHECKING:
    from hwnoise.network import Network

# In forward passes, the unit in which passes of every learner are counted. A backward pass has two products
# per layer where a forward pass has one; a product with the Jacobian adds one to the pass it goes with.
FORWARD, BACKWARD, JACOBIAN, SECOND = 1, 2, 1, 4


@dataclass
class Yardstick(ABC):
    """The parts of ``Learner`` that do not depend on the rule.

    Parameters
    ----------
    passes : int
        Passes per sample whose derivatives are averaged, >= 1.
    quiet : bool
        Take the derivatives without noise, where the chip can be quiet; else through the noise
        (hardware-aware training).
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    source: ClassVar[str]
    needs: ClassVar[Needs] = GRADIENT
    observes: ClassVar[frozenset[str]] = frozenset({"derivatives", "error"})

    passes: int = 1
    quiet: bool = False
    _size: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        self.passes = at_least(self.name, "passes", self.passes, 1)
        if not isinstance(self.quiet, bool):
            raise InputError(f"learner {self.name}: quiet must be true or false, not {self.quiet!r}")

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """See ``Learner.bind``."""
        require(self.name, self.needs, capabilities, network)
        if self.quiet and capabilities.quiet == "none":
            raise MismatchError(f"learner {self.name}: quiet = true needs a chip that can be made quiet")
        self._size = network.n_parameters

    def calibrate(self, program: Program) -> None:  # noqa: B027 - most rules have nothing to do here
        """Nothing to measure."""

    def directions(self, batch: int) -> int:
        """A gradient has them all: one per parameter."""
        return self._size

    def work(self) -> float:
        """Cost of a step in forward passes per sample; a backward pass counts as two."""
        return self.passes * (FORWARD + BACKWARD)

    def ask(self, key: int, batch: int) -> Probe:
        """Equal passes, and their derivatives."""
        quiet = tuple(range(self.passes)) if self.quiet else ()
        return Probe(passes=self.passes, quiet_passes=quiet, observe=self.observes)

    @abstractmethod
    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """See ``Learner.tell``."""

    def state(self) -> dict[str, Array]:
        """See ``Learner.state``: nothing."""
        return {}

    def restore(self, state: Mapping[str, Array]) -> None:  # noqa: B027 - and nothing to remember
        """See ``Learner.restore``."""

    def _derivatives(self, reading: Reading, losses: Array) -> tuple[Derivatives, Array]:
        """What the chip showed, and the derivative of the mean loss by the output."""
        count = check_losses(losses, self.passes).size
        if reading.derivatives is None or reading.error is None:
            raise MismatchError(f"learner {self.name} asked for derivatives, and the chip showed none")
        return reading.derivatives, reading.error / count
