"""Neurons that NIR has no name for; in files they carry names of our own, as activations do.

Symbols as in :mod:`hwnoise.nodes.neurons`. None of them has a synaptic current: an ``LI`` before it is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hwnoise.errors import InputError
from hwnoise.nodes.base import Array
from hwnoise.nodes.neurons import Elementwise, Neuron


def _zero() -> Array:
    return np.zeros((), np.float32)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RefractoryLIF(Neuron):
    """An LIF whose membrane stays where the reset left it for a time after each spike.

    Parameters
    ----------
    tau : array
        Membrane time constant [s], > 0.
    r : array
        Input gain, volts per unit of I.
    v_leak, v_threshold, v_reset : array
        Resting, firing and reset potential [V]; ``v_reset`` is 0 unless given.
    refractory : array
        How long [s], >= 0; rounded to whole steps.
    """

    tau: Array
    r: Array
    v_leak: Array
    v_threshold: Array
    refractory: Array
    v_reset: Array = field(default_factory=_zero)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AdaptiveLIF(Neuron):
    """An LIF whose threshold rises by ``adaptation`` with each spike and falls back.

    The threshold is v_threshold + theta with tau_adaptation dtheta/dt = -theta between spikes
    (Bellec et al., NeurIPS 2018).

    Parameters
    ----------
    tau : array
        Membrane time constant [s], > 0.
    r : array
        Input gain, volts per unit of I.
    v_leak, v_threshold, v_reset : array
        Resting, firing and reset potential [V]; ``v_reset`` is 0 unless given.
    tau_adaptation : array
        Time constant of theta [s], > 0.
    adaptation : array
        What a spike adds to theta [V].
    """

    tau: Array
    r: Array
    v_leak: Array
    v_threshold: Array
    tau_adaptation: Array
    adaptation: Array
    v_reset: Array = field(default_factory=_zero)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TernaryLIF(Neuron):
    """An LIF that sends 1 above ``v_threshold`` and -1 below ``v_low``; both reset it.

    Parameters
    ----------
    tau : array
        Membrane time constant [s], > 0.
    r : array
        Input gain, volts per unit of I.
    v_leak, v_threshold, v_low, v_reset : array
        Resting, upper and lower firing, and reset potential [V]; ``v_reset`` is 0 unless given.
    """

    tau: Array
    r: Array
    v_leak: Array
    v_threshold: Array
    v_low: Array
    v_reset: Array = field(default_factory=_zero)

    def __post_init__(self) -> None:
        Elementwise.__post_init__(self)
        if not (self.v_low <= self.v_threshold).all():
            raise InputError("TernaryLIF.v_low must not be above v_threshold")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GradedLIF(Neuron):
    """An LIF that sends its membrane where that is beyond ``v_threshold`` on either side, and resets.

    Parameters
    ----------
    tau : array
        Membrane time constant [s], > 0.
    r : array
        Input gain, volts per unit of I.
    v_leak, v_threshold, v_reset : array
        Resting, firing and reset potential [V]; ``v_reset`` is 0 unless given.
    """

    tau: Array
    r: Array
    v_leak: Array
    v_threshold: Array
    v_reset: Array = field(default_factory=_zero)
