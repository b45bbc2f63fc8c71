"""What could be reached with derivatives: rules of first, second and third order, never learned on a chip."""

from __future__ import annotations

from hwnoise.learners.yardsticks.base import Yardstick
from hwnoise.learners.yardsticks.bp import BackPropagation
from hwnoise.learners.yardsticks.cubic import CubicNewton
from hwnoise.learners.yardsticks.dfa import DirectFeedbackAlignment
from hwnoise.learners.yardsticks.forward_gradient import ForwardGradient
from hwnoise.learners.yardsticks.gauss_newton import GaussNewton
from hwnoise.learners.yardsticks.lbfgs import LimitedMemoryBFGS
from hwnoise.learners.yardsticks.natural_gradient import NaturalGradient

YARDSTICKS: tuple[type[Yardstick], ...] = (
    BackPropagation,
    ForwardGradient,
    DirectFeedbackAlignment,
    GaussNewton,
    NaturalGradient,
    LimitedMemoryBFGS,
    CubicNewton,
)

__all__ = ["YARDSTICKS", "Yardstick"]
