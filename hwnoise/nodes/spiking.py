"""Neurons that NIR has no name for; in files they carry names of our own, as activations do.

Symbols as in :mod:`hwnoise.nodes.neurons`; what they share with an ``LIF`` is described there (``Firing``).
None of them has a synaptic current: an ``LI`` before it is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hwnoise.errors import InputError
from hwnoise.nodes.base import Array
from hwnoise.nodes.neurons import Elementwise, Firing, zero


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RefractoryLIF(Firing):
    """An LIF whose membrane stays where the reset left it for a time after each spike.

    Parameters
    ----------
    refractory : array
        How long [s], >= 0; rounded to whole steps.
    """

    refractory: Array
    v_reset: Array = field(default_factory=zero)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AdaptiveLIF(Firing):
    """An LIF whose threshold rises by ``adaptation`` with each spike and falls back.

    The threshold is v_threshold + theta with tau_adaptation dtheta/dt = -theta between spikes
    (Bellec et al., NeurIPS 2018).

    Parameters
    ----------
    tau_adaptation : array
        Time constant of theta [s], > 0.
    adaptation : array
        What a spike adds to theta [V].
    """

    tau_adaptation: Array
    adaptation: Array
    v_reset: Array = field(default_factory=zero)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TernaryLIF(Firing):
    """An LIF that sends 1 above ``v_threshold`` and -1 below ``v_low``; both reset it.

    Parameters
    ----------
    v_low : array
        Lower firing potential [V], at most ``v_threshold``.
    """

    v_low: Array
    v_reset: Array = field(default_factory=zero)

    def __post_init__(self) -> None:
        Elementwise.__post_init__(self)
        if not (self.v_low <= self.v_threshold).all():
            raise InputError("TernaryLIF.v_low must not be above v_threshold")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GradedLIF(Firing):
    """An LIF that sends its membrane where that is beyond ``v_threshold`` on either side, and resets."""

    v_reset: Array = field(default_factory=zero)
