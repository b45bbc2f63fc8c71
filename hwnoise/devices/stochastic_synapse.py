"""Synapses that transmit with a probability: fixed, or carrying the weight (eq:release-event)."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from hwnoise.devices.effect import Handles
from hwnoise.devices.junction_release import JunctionRelease
from hwnoise.devices.release import Floats, Probabilities, Release


class FixedRelease(Release):
    """Every synapse releases with the same probability; its amplitude carries the weight.

    The amplitude is the weight over ``probability``, so that the mean transmission is the weight.

    Attributes
    ----------
    law : str
        ``"fixed"``.
    probability : float
        Of release, 1e-6 to 1; at 1 the synapse is certain.
    """

    law: Literal["fixed"] = "fixed"
    probability: float = Field(default=0.5, ge=1e-6, le=1)
    handles: Handles = ("paired", "mean_subtracted")

    reach: ClassVar[float] = 1.0  # largest mean weight, in amplitudes
    gain: ClassVar[float] = 1.0  # how far the parameter moves for a small change of the mean weight
    teaches: ClassVar[bool] = False  # a release says nothing about an amplitude that had no part in it

    @model_validator(mode="after")
    def _shows_no_score(self) -> FixedRelease:
        if "local_event" in self.handles:
            raise ValueError("a release of fixed probability says nothing about the weight: no 'local_event'")
        return self

    @property
    def lift(self) -> int | None:
        """The power of two on an amplitude that makes up for what is not released; None where none does."""
        mantissa, power = math.frexp(self.probability * self.draws)
        return 1 - power if mantissa == 0.5 else None

    def parameter_of(self, weight: Floats) -> Floats:
        """What is stored for the normalised mean ``weight``: the weight itself."""
        return weight

    def bounded(self, parameter: Floats) -> Floats:
        """The parameter within what can be stored: anything."""
        return parameter

    def synapses(self, parameter: Floats) -> tuple[Floats, Probabilities]:
        """Amplitude of each event, and release probability, of every synapse: (n_in, n_out) each."""
        share = self.probability * self.draws
        return parameter / share, np.full(parameter.shape, self.probability)


class LogisticRelease(Release):
    """The probability carries the weight, on an excitatory and an inhibitory synapse (eq:release-logistic).

    A weight is the difference of two synapses of equal, fixed amplitude ``a`` that release with
    ``sigmoid(q)`` and ``sigmoid(-q)``: its mean is ``a tanh(q / 2)``. For a magnetic junction
    driven by a current, ``q = 2 I / I_0``.

    Attributes
    ----------
    law : str
        ``"logistic"``.
    logit_range : float
        Largest absolute ``q``, 0.001 to 20.

    References
    ----------
    H. S. Seung, Neuron 40:1063 (2003): a release probability that is the sigmoid of a parameter.
    K. Y. Camsari, B. M. Sutton, S. Datta, Appl. Phys. Rev. 6:011305 (2019): the magnetic junction.
    """

    law: Literal["logistic"] = "logistic"
    logit_range: float = Field(default=6.0, ge=1e-3, le=20)
    handles: Handles = ("local_event", "paired", "mean_subtracted")

    gain: ClassVar[float] = 2.0  # dq = 2 dw / a where the synapse is undecided
    teaches: ClassVar[bool] = True

    @property
    def reach(self) -> float:
        """Largest mean weight, in amplitudes."""
        return math.tanh(self.logit_range / 2)

    def parameter_of(self, weight: Floats) -> Floats:
        """The logit ``q`` of the mean ``weight``, which is in amplitudes, up to ``reach``."""
        exact = np.clip(weight.astype(np.float64), -self.reach, self.reach)
        return (2 * np.arctanh(exact)).astype(np.float32)

    def bounded(self, parameter: Floats) -> Floats:
        """The logit within its range."""
        return np.clip(parameter, -self.logit_range, self.logit_range)

    def synapses(self, parameter: Floats) -> tuple[Floats, Probabilities]:
        """Amplitude of each event and release probability: (n_in, 2 n_out), excitatory ones first."""
        amplitude = np.full_like(parameter, 1 / self.draws)
        excitatory = 1 / (1 + np.exp(-parameter.astype(np.float64)))
        return np.hstack([amplitude, -amplitude]), np.hstack([excitatory, 1 - excitatory])


StochasticSynapse = Annotated[FixedRelease | LogisticRelease | JunctionRelease, Field(discriminator="law")]
