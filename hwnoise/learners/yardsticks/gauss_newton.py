"""Damped Gauss-Newton: the second-order yardstick, solved by conjugate gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hwnoise.backends.base import Array, Reading
from hwnoise.learners.base import at_least
from hwnoise.learners.yardsticks.base import BACKWARD, FORWARD, JACOBIAN
from hwnoise.learners.yardsticks.curved import CurvedYardstick, not_negative
from hwnoise.learners.yardsticks.solvers import Product, conjugate_gradients


@dataclass
class GaussNewton(CurvedYardstick):
    """The step to the minimum of the quadratic model without the network's own curvature (eq:gauss-newton).

    The matrix is never formed: every product is one Jacobian product forward and one backward. The
    estimate is the step itself, so a learning rate of 1 with plain ``sgd`` takes all of it.

    Parameters
    ----------
    damping : float
        Added to the curvature, in units of the curvature along the gradient, >= 0 (eq:damping).
    iterations : int
        Products spent on the solution, >= 1.

    References
    ----------
    N. Schraudolph, Neural Comput. 14:1723 (2002): products, and the curvature of a softmax read-out.
    J. Martens, ICML 2010: damping and conjugate gradients.
    D. Marquardt, J. Soc. Ind. Appl. Math. 11:431 (1963).
    """

    name: ClassVar[str] = "gauss-newton"
    summary: ClassVar[str] = "yardstick of second order: damped Gauss-Newton by conjugate gradients"
    source: ClassVar[str] = "N. Schraudolph, Neural Comput. 14:1723 (2002); J. Martens, ICML 2010"

    damping: float = 0.1
    iterations: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        self.damping = not_negative(self.name, "damping", self.damping)
        self.iterations = at_least(self.name, "iterations", self.iterations, 1)

    def work(self) -> float:
        """See ``Yardstick.work``: a gradient, then one product per iteration and one for the damping."""
        products = self.iterations + 1
        return self.passes * (FORWARD + BACKWARD + products * (JACOBIAN + BACKWARD))

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Return the step to be taken off (eq:gauss-newton)."""
        slope = self._slope(reading, losses)
        product = damped(slope.through(slope.curvature.expected), slope.gradient, self.damping)
        return slope.layout.unpack(conjugate_gradients(product, slope.gradient, self.iterations))


def damped(product: Product, gradient: Array, damping: float) -> Product:
    """Add ``damping`` times the curvature along the gradient to a product (eq:damping)."""
    square = float(gradient @ gradient)
    extra = damping * float(gradient @ product(gradient)) / square if damping and square else 0.0
    return lambda vector: product(vector) + extra * vector
