"""Limited-memory BFGS from curvature products: second order at twice the price of first order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from hwnoise.backends.base import Array, Reading
from hwnoise.learners.base import at_least
from hwnoise.learners.yardsticks.base import BACKWARD, FORWARD, JACOBIAN
from hwnoise.learners.yardsticks.curved import CurvedYardstick, not_negative
from hwnoise.learners.yardsticks.solvers import Product

Pair = tuple[Array, Array]


@dataclass
class LimitedMemoryBFGS(CurvedYardstick):
    """Approximate the inverse curvature by a few pairs of a step and what it did (eq:lbfgs).

    The change along a step is a Gauss-Newton product on the present batch, not a difference of two
    noisy gradients: it is defined for any batch, needs no knowledge of what a chip made of the step
    (its length drops out), and never has the wrong sign.

    Parameters
    ----------
    memory : int
        Pairs kept, >= 1; each holds two numbers per parameter.
    damping : float
        Added to the curvature of every pair, in units of that curvature, >= 0.

    References
    ----------
    J. Nocedal, Math. Comput. 35:773 (1980).
    R. Byrd, S. Hansen, J. Nocedal, Y. Singer, SIAM J. Optim. 26:1008 (2016): products instead of differences.
    """

    name: ClassVar[str] = "lbfgs"
    summary: ClassVar[str] = "yardstick of second order for small networks: limited-memory BFGS"
    source: ClassVar[str] = (
        "J. Nocedal, Math. Comput. 35:773 (1980); "
        "R. Byrd, S. Hansen, J. Nocedal, Y. Singer, SIAM J. Optim. 26:1008 (2016)"
    )

    memory: int = 10
    damping: float = 0.1
    _pairs: list[Pair] = field(default_factory=list, init=False, repr=False)
    _step: Array | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.memory = at_least(self.name, "memory", self.memory, 1)
        self.damping = not_negative(self.name, "damping", self.damping)

    def work(self) -> float:
        """See ``Yardstick.work``: a gradient and one product."""
        return self.passes * (FORWARD + BACKWARD + JACOBIAN + BACKWARD)

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Return the step to be taken off (eq:lbfgs)."""
        slope = self._slope(reading, losses)
        self._learn(slope.through(slope.curvature.expected), slope.gradient)
        self._step = two_loops(self._pairs, slope.gradient)
        return slope.layout.unpack(self._step)

    def _learn(self, product: Product, gradient: Array) -> None:
        """Look along the last step, or along the first gradient."""
        along = gradient if self._step is None else self._step
        square = float(along @ along)
        if square == 0:
            return
        along = along / np.sqrt(square)
        change = product(along)
        curvature = float(along @ change)
        if curvature > 0:
            change += self.damping * curvature * along
            self._pairs = [*self._pairs, (along, change)][-self.memory :]

    def state(self) -> dict[str, Array]:
        """See ``Learner.state``: the pairs and the last step."""
        if self._step is None:
            return {}
        numbered = {f"pair/{k}": np.stack(pair) for k, pair in enumerate(self._pairs)}
        return {"step": self._step, **numbered}

    def restore(self, state: Mapping[str, Array]) -> None:
        """See ``Learner.restore``."""
        self._step = np.array(state["step"]) if "step" in state else None
        pairs = [state[f"pair/{k}"] for k in range(len(state)) if f"pair/{k}" in state]
        self._pairs = [(np.array(along), np.array(change)) for along, change in pairs]


def two_loops(pairs: list[Pair], gradient: Array) -> Array:
    """Return the inverse curvature that ``pairs`` (oldest first) describe, times ``gradient`` (eq:lbfgs)."""
    step = gradient.copy()
    shares = []
    for along, change in reversed(pairs):
        shares.append(float(along @ step) / float(along @ change))
        step -= shares[-1] * change
    if pairs:
        along, change = pairs[-1]
        step *= float(along @ change) / float(change @ change)
    for (along, change), share in zip(pairs, reversed(shares), strict=True):
        step += (share - float(change @ step) / float(along @ change)) * along
    return step
