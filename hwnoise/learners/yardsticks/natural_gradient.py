"""Natural gradient: the steepest descent in what the network predicts, not in its parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from hwnoise.backends.base import Array, Reading
from hwnoise.learners.base import at_least, one_of
from hwnoise.learners.yardsticks.base import BACKWARD, FORWARD, JACOBIAN
from hwnoise.learners.yardsticks.curved import CurvedYardstick, not_negative
from hwnoise.learners.yardsticks.gauss_newton import damped
from hwnoise.learners.yardsticks.solvers import conjugate_gradients


@dataclass
class NaturalGradient(CurvedYardstick):
    """The inverse Fisher matrix times the gradient, no further than ``divergence`` (eq:natural-gradient).

    Undamped, it does not depend on how the network is parametrised. With a cross entropy and the
    ``model`` Fisher it has the direction of Gauss-Newton; what differs is how the step ends.

    Parameters
    ----------
    fisher : str
        ``"model"``: mean over labels drawn from the network's own predictions; ``"empirical"``: the
        labels there are, which is cheaper in other settings and a worse metric near the optimum.
    divergence : float
        A step at learning rate 1 changes the predictions by at most so many nats per sample
        (Kullback-Leibler), > 0.
    damping : float
        In units of the curvature along the gradient, >= 0 (eq:damping).
    iterations : int
        Products spent on the solution, >= 1.

    References
    ----------
    S. Amari, Neural Comput. 10:251 (1998).
    J. Martens, J. Mach. Learn. Res. 21(146):1 (2020): the Fisher matrix, Gauss-Newton, and what is empirical.
    """

    name: ClassVar[str] = "natural-gradient"
    summary: ClassVar[str] = "yardstick of second order: natural gradient, steps of bounded divergence"
    source: ClassVar[str] = "S. Amari, Neural Comput. 10:251 (1998); J. Martens, JMLR 21(146):1 (2020)"

    fisher: Literal["model", "empirical"] = "model"
    divergence: float = 0.05
    damping: float = 0.1
    iterations: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self.name, "fisher", self.fisher, ("model", "empirical"))
        self.divergence = not_negative(self.name, "divergence", self.divergence, above=True)
        self.damping = not_negative(self.name, "damping", self.damping)
        self.iterations = at_least(self.name, "iterations", self.iterations, 1)

    def work(self) -> float:
        """See ``Yardstick.work``: one product more than Gauss-Newton, for the length of the step."""
        products = self.iterations + 2
        return self.passes * (FORWARD + BACKWARD + products * (JACOBIAN + BACKWARD))

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Return the step to be taken off (eq:natural-gradient)."""
        slope = self._slope(reading, losses)
        exact = slope.through(slope.curvature.expected)
        if self.fisher == "empirical":
            exact = slope.outer()
        step = conjugate_gradients(
            damped(exact, slope.gradient, self.damping), slope.gradient, self.iterations
        )
        moved = 0.5 * float(step @ exact(step))  # nats, to second order
        shrink = math.sqrt(self.divergence / moved) if moved > self.divergence else 1.0
        return slope.layout.unpack(np.asarray(shrink * step))
