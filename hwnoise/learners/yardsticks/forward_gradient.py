"""Forward gradients: directional derivatives along random directions, no backward pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from hwnoise.backends.base import Array, Capabilities, Probe, Reading
from hwnoise.learners.base import at_least, one_of
from hwnoise.learners.yardsticks.base import FORWARD, JACOBIAN, Yardstick

if TYPE_CHECKING:
    from hwnoise.network import Network


@dataclass
class ForwardGradient(Yardstick):
    """The derivative of the loss along a random direction, times that direction (eq:forward-gradient).

    What weight perturbation would be with exact derivatives instead of differences: unbiased, and
    as noisy as the number of parameters makes it.

    Parameters
    ----------
    samples : int
        Random directions per step, >= 1.
    form : str
        ``"gaussian"`` or ``"rademacher"``.

    References
    ----------
    A. Baydin, B. Pearlmutter, D. Syme, F. Wood, P. Torr, arXiv:2202.08587 (2022).
    """

    name: ClassVar[str] = "forward-gradient"
    summary: ClassVar[str] = "yardstick of first order: exact derivatives along random directions"
    source: ClassVar[str] = "A. Baydin, B. Pearlmutter, D. Syme, F. Wood, P. Torr, arXiv:2202.08587 (2022)"

    samples: int = 1
    form: Literal["gaussian", "rademacher"] = "gaussian"
    _shapes: dict[str, tuple[int, ...]] = field(default_factory=dict, init=False, repr=False)
    _key: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.samples = at_least(self.name, "samples", self.samples, 1)
        one_of(self.name, "form", self.form, ("gaussian", "rademacher"))

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """See ``Learner.bind``."""
        super().bind(network, capabilities)
        self._shapes = {name: values.shape for name, values in network.parameters().items()}

    def directions(self, batch: int) -> int:
        """As many as are drawn: all samples of a batch share them."""
        return self.samples

    def work(self) -> float:
        """See ``Yardstick.work``."""
        return self.passes * (FORWARD + self.samples * JACOBIAN)

    def ask(self, key: int, batch: int) -> Probe:
        """As every yardstick; ``key`` draws the directions."""
        self._key = key
        return super().ask(key, batch)

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Estimate the gradient (eq:forward-gradient)."""
        derivatives, error = self._derivatives(reading, losses)
        generator = np.random.Generator(np.random.Philox(key=self._key))
        estimate = {name: np.zeros(shape, np.float32) for name, shape in self._shapes.items()}
        for _ in range(self.samples):
            direction = {name: self._draw(generator, shape) for name, shape in self._shapes.items()}
            slope = np.sum(error * derivatives.forward(direction), dtype=np.float64) / self.samples
            for name, values in direction.items():
                estimate[name] += np.float32(slope) * values
        return estimate

    def _draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        if self.form == "gaussian":
            return generator.standard_normal(shape, np.float32)
        return np.asarray(2 * generator.integers(0, 2, shape) - 1, np.float32)
