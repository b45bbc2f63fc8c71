"""What a chip showed: outputs, what was observed on the way, and what remembers or differentiates it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Eligibility(Protocol):
    """What the synapses of one layer remember of a run, each of itself alone; the host sends them credit.

    Synapse by synapse it is the score of what was released: the derivative of the logarithm of
    its probability by the parameter that ``Program.write`` changes, 0 where no input arrived.
    """

    def correlate(self, credit: Array) -> Array:
        """Sum of ``credit`` [pass, sample] times the score of each weight: (n_out, n_in) float32."""


class Traces(Eligibility, Protocol):
    """What a ``LocalRule`` summed up in one layer; ``credit`` has a row per pass, or per pair of passes."""

    @property
    def power(self) -> Array:
        """Sum over neurons and steps of the squared post variable: (passes or pairs, samples) float32."""

    def correlate_bias(self, credit: Array) -> Array:
        """As ``correlate``, for a bias, which is an input of 1 at every step: (n_out,) float32."""


class Derivatives(Protocol):
    """Derivatives of one reading's outputs by the parameters: yardsticks, never on-chip learning."""

    def backward(self, error: Array) -> dict[str, Array]:
        """Vector-Jacobian product: ``error`` has the shape of the output; one array per parameter."""

    def forward(self, direction: Mapping[str, Array]) -> Array:
        """Jacobian-vector product along a direction in parameter space: the shape of the output."""


@runtime_checkable
class SecondDerivatives(Derivatives, Protocol):
    """Derivatives that can be taken twice."""

    def backward_change(self, error: Array, direction: Mapping[str, Array]) -> dict[str, Array]:
        """How ``backward(error)`` changes per unit step of the parameters along ``direction``."""


@dataclass(frozen=True)
class Curvature:
    """Second derivative of each sample's loss by its own output, which is diagonal for every loss here.

    Attributes
    ----------
    exact : (passes, samples, ...) float32
        With the label that the sample has.
    expected : (passes, samples, ...) float32
        Mean over labels drawn from what the network itself predicts: its Fisher information, >= 0.
    """

    exact: Array
    expected: Array


@dataclass(frozen=True)
class Reading:
    """What a chip showed: arrays indexed ``[pass, sample, ...]``.

    Attributes
    ----------
    output : (passes, samples, classes) float32
        The read-out (probabilities after softmax, else the last node values). A network with time
        gives (passes, samples, steps, n_out): spikes, or the membranes of a leaky integrator.
    steps : int
        Steps of time that an ``output`` without a time axis sums up; 1 without time.
    inputs : dict of str to (passes, samples, n_in) float32
        Digital input of each layer, if ``"nodes"`` was observed.
    nodes : dict of str to (passes, samples, n_out) float32
        Node value of each layer as its converter delivered it, before the activation.
    noise : dict of str to (passes, samples, n_out) float32
        Node noise, if ``"noise"`` was observed and the chip knows it.
    weights : dict of str to (passes, n_out, n_in) float32
        Read-back of each layer before each pass, if ``"weights"`` was observed.
    ticks : (passes, samples) uint64
        The read period in which each read took place; with time, in which the first step did.
    events : dict of str to int
        What this run cost: reads, conversions, device reads (see ``Program.events``).
    eligibility : dict of str to Eligibility
        What the synapses of each layer remember, if ``"events"`` were observed or ``local`` was set
        (then ``Traces``).
    spikes, membranes : dict of str to (passes, samples, steps, n) float32
        By neuron node, if observed; membranes before the reset.
    derivatives : Derivatives or None
        If ``"derivatives"`` were observed.
    error : (passes, samples, ...) float32 or None
        Derivative of each sample's loss by its output, if ``"error"`` was observed.
    curvature : Curvature or None
        If ``"curvature"`` was observed.
    """

    output: Array
    inputs: Mapping[str, Array] = field(default_factory=dict)
    nodes: Mapping[str, Array] = field(default_factory=dict)
    noise: Mapping[str, Array] = field(default_factory=dict)
    weights: Mapping[str, Array] = field(default_factory=dict)
    ticks: Array = field(default_factory=lambda: np.zeros((1, 0), np.uint64))
    events: Mapping[str, int] = field(default_factory=dict)
    eligibility: Mapping[str, Eligibility] = field(default_factory=dict)
    spikes: Mapping[str, Array] = field(default_factory=dict)
    membranes: Mapping[str, Array] = field(default_factory=dict)
    derivatives: Derivatives | None = None
    error: Array | None = None
    steps: int = 1
    curvature: Curvature | None = None
