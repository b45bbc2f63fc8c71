"""Zeroth-order learning rules whose perturbation is the noise of the chip itself."""

from __future__ import annotations

from hwnoise.learners.base import Learner, Needs
from hwnoise.learners.registry import describe, fitting, make, names

__all__ = ["Learner", "Needs", "describe", "fitting", "make", "names"]
