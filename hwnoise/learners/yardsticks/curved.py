"""What rules of higher order share: the gradient and the products with a curvature, as flat vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from hwnoise.backends.base import Array, Curvature, Derivatives, Reading
from hwnoise.errors import InputError, MismatchError
from hwnoise.learners.yardsticks.base import Yardstick
from hwnoise.learners.yardsticks.solvers import Product
from hwnoise.learners.yardsticks.vectors import Layout


@dataclass(frozen=True)
class Slope:
    """One reading, seen from the parameters.

    Attributes
    ----------
    derivatives : Derivatives
    error : (passes, samples, ...) float
        Derivative of the mean loss by the output.
    curvature : Curvature
        Second derivative of each sample's loss.
    layout : Layout
    gradient : (n,) float64
    count : int
        Passes times samples.
    """

    derivatives: Derivatives
    error: Array
    curvature: Curvature
    layout: Layout
    gradient: Array
    count: int

    def through(self, weights: Array) -> Product:
        """The product ``J^T diag(weights) J`` / count (eq:gauss-newton)."""

        def product(vector: Array) -> Array:
            moved = self.derivatives.forward(self.layout.unpack(vector))
            return self.layout.pack(self.derivatives.backward(weights * moved / self.count))

        return product

    def outer(self) -> Product:
        """The product with the mean outer product of single samples' gradients (eq:natural-gradient)."""

        def product(vector: Array) -> Array:
            moved = self.derivatives.forward(self.layout.unpack(vector))
            along = (self.error * moved).sum(axis=tuple(range(2, moved.ndim)), keepdims=True)
            return self.layout.pack(self.derivatives.backward(self.error * along * self.count))

        return product


@dataclass
class CurvedYardstick(Yardstick):
    """A yardstick that also sees how the loss is curved in the output."""

    observes: ClassVar[frozenset[str]] = frozenset({"derivatives", "error", "curvature"})

    def _slope(self, reading: Reading, losses: Array) -> Slope:
        derivatives, error = self._derivatives(reading, losses)
        if reading.curvature is None:
            raise MismatchError(f"learner {self.name} asked for the curvature of the loss, and was told none")
        gradient = derivatives.backward(error)
        layout = Layout.of(gradient)
        return Slope(derivatives, error, reading.curvature, layout, layout.pack(gradient), losses.size)


def not_negative(learner: str, option: str, value: object, *, above: bool = False) -> float:
    """Return ``value`` if it is a number >= 0 (or above it); InputError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise InputError(f"learner {learner}: {option} must be a number >= 0, not {value!r}")
    if above and value == 0:
        raise InputError(f"learner {learner}: {option} must be above 0")
    return float(value)
