"""Cubic-regularised Newton: the third-order yardstick, for small networks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hwnoise.backends.base import Array, Capabilities, Reading, SecondDerivatives
from hwnoise.errors import MismatchError
from hwnoise.learners.base import GRADIENT, STATIC, Needs, at_least
from hwnoise.learners.yardsticks.base import BACKWARD, FORWARD, JACOBIAN, SECOND
from hwnoise.learners.yardsticks.curved import CurvedYardstick, Slope, not_negative
from hwnoise.learners.yardsticks.solvers import Product, lanczos

if TYPE_CHECKING:
    from hwnoise.network import Network


@dataclass
class CubicNewton(CurvedYardstick):
    """The step to the minimum of a quadratic model with a cubic term that bounds the rest (eq:cubic).

    It uses the whole Hessian, negative curvature included: at a saddle it moves on where Newton's
    method would stop. Looked for in the space of the first ``subspace`` Hessian products. The
    estimate is the step itself: a learning rate of 1 with plain ``sgd`` takes all of it.

    Parameters
    ----------
    bound : float
        How fast the Hessian may change per unit step (a bound on third derivatives), > 0.
    subspace : int
        Hessian products spent on the solution, >= 1.

    References
    ----------
    Y. Nesterov, B. Polyak, Math. Program. 108:177 (2006).
    C. Cartis, N. Gould, P. Toint, Math. Program. 127:245 (2011): in a Lanczos space.
    B. Pearlmutter, Neural Comput. 6:147 (1994): Hessian products.
    """

    name: ClassVar[str] = "cubic"
    summary: ClassVar[str] = "yardstick of third order for small networks: cubic-regularised Newton"
    source: ClassVar[str] = (
        "Y. Nesterov, B. Polyak, Math. Program. 108:177 (2006); "
        "C. Cartis, N. Gould, P. Toint, Math. Program. 127:245 (2011)"
    )
    needs: ClassVar[Needs] = replace(GRADIENT, networks=STATIC)

    bound: float = 3.0
    subspace: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        self.bound = not_negative(self.name, "bound", self.bound, above=True)
        self.subspace = at_least(self.name, "subspace", self.subspace, 1)

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """See ``Learner.bind``; refuses networks with time, whose slopes at a spike are made up."""
        if network.is_timed and self.needs.met_by(capabilities):
            raise MismatchError(
                f"learner {self.name} needs second derivatives, and a spike has none: the slope that stands "
                "for its first derivative is itself the derivative of nothing; gauss-newton does without"
            )
        super().bind(network, capabilities)

    def work(self) -> float:
        """See ``Yardstick.work``: a gradient, and products of both parts of the Hessian."""
        product = JACOBIAN + BACKWARD + SECOND
        return self.passes * (FORWARD + BACKWARD + self.subspace * product)

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Return the step to be taken off (eq:cubic)."""
        slope = self._slope(reading, losses)
        if not slope.gradient.any():
            return slope.layout.unpack(slope.gradient)
        basis, inner = lanczos(self._hessian(slope), slope.gradient, self.subspace)
        start = np.zeros(len(basis))
        start[0] = np.linalg.norm(slope.gradient)
        return slope.layout.unpack(-cubic_step(inner, start, self.bound) @ basis)

    def _hessian(self, slope: Slope) -> Product:
        """The whole Hessian of the mean loss: that of the loss, and that of the network (eq:hessian)."""
        derivatives, of_loss = slope.derivatives, slope.through(slope.curvature.exact)
        if not isinstance(derivatives, SecondDerivatives):
            raise MismatchError(
                f"learner {self.name} needs second derivatives, and this backend has none; "
                "gauss-newton does without"
            )

        def product(vector: Array) -> Array:
            change = derivatives.backward_change(slope.error, slope.layout.unpack(vector))
            return np.asarray(of_loss(vector) + slope.layout.pack(change))

        return product


def cubic_step(hessian: Array, gradient: Array, bound: float) -> Array:
    """Return the d that minimises ``g d + d H d / 2 + bound |d|^3 / 6`` (eq:cubic).

    Parameters
    ----------
    hessian : (k, k) float64
        Symmetric.
    gradient : (k,) float64
    bound : float
        > 0.

    Examples
    --------
    >>> cubic_step(np.array([[0.0]]), np.array([-2.0]), bound=1.0).round(6)
    array([2.])
    """
    values, axes = np.linalg.eigh(hessian)
    along = axes.T @ gradient

    def step(length: float) -> Array:
        stiffness = values + bound * length / 2
        return np.asarray(-np.divide(along, stiffness, out=np.zeros_like(along), where=stiffness > 0))

    low = max(0.0, -2 * float(values[0]) / bound)
    high = low + 2 * np.sqrt(2 * float(np.linalg.norm(gradient)) / bound) + np.finfo(float).tiny
    for _ in range(200):  # |step| falls as the length that is put in grows: halve until no digit is left
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if np.linalg.norm(step(middle)) > middle else (low, middle)
    found = step(high)
    missing = high**2 - float(found @ found)
    if values[0] < 0 and missing > 1e-9 * high**2:  # the gradient is blind to the lowest axis: go down it
        found[0] = np.sqrt(missing)
    return np.asarray(axes @ found)
