"""The seam between learners and chips: a learner asks with a Probe, a Program answers with a Reading."""

from __future__ import annotations

from hwnoise.backends.base.capabilities import Capabilities, Handle, Noise, Quiet
from hwnoise.backends.base.probe import ONE_PASS, LocalRule, Order, Perturbation, Probe
from hwnoise.backends.base.program import Backend, Program
from hwnoise.backends.base.reading import (
    Array,
    Curvature,
    Derivatives,
    Eligibility,
    Reading,
    SecondDerivatives,
    Traces,
)

__all__ = [
    "ONE_PASS",
    "Array",
    "Backend",
    "Capabilities",
    "Curvature",
    "Derivatives",
    "Eligibility",
    "Handle",
    "LocalRule",
    "Noise",
    "Order",
    "Perturbation",
    "Probe",
    "Program",
    "Quiet",
    "Reading",
    "SecondDerivatives",
    "Traces",
]
