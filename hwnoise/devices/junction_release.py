"""Two magnetic junctions as a synapse: a pulse switches each or does not (eq:junction-switching)."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from hwnoise.devices.effect import Handles
from hwnoise.devices.release import Floats, Probabilities, Release

LARGEST_EXPONENT = 20.0  # of the switching rate, to either side of even odds
HALVINGS = 60


class JunctionRelease(Release):
    """Each event is a current pulse; a junction that switches transmits, and is set back after the read.

    A weight is the difference of two junctions of equal, fixed amplitude ``a``. The parameter
    ``q = stability (i - i_half)`` drives one with a current that much above ``half_current``, the
    other that much below: the mean is ``a (p(q) - p(-q))`` (eq:junction-weight).

    Attributes
    ----------
    law : str
        ``"junction"``.
    stability : float
        Energy barrier over thermal energy, 5 to 200.
    pulse_length : float
        Duration of a pulse [s], 1e-9 to 1.
    attempt_time : float
        Inverse of the attempt rate [s], 1e-12 to 1e-6.
    current_swing : float
        Largest distance of the current from ``half_current``, in critical currents, 1e-3 to 1.

    References
    ----------
    R. H. Koch, J. A. Katine, J. Z. Sun, Phys. Rev. Lett. 92:088302 (2004): switching with thermal activation.
    A. F. Vincent et al., IEEE Trans. Biomed. Circuits Syst. 9:166 (2015): junctions as stochastic synapses.
    """

    law: Literal["junction"] = "junction"
    stability: float = Field(ge=5, le=200)
    pulse_length: float = Field(ge=1e-9, le=1)
    attempt_time: float = Field(default=1e-9, ge=1e-12, le=1e-6)
    current_swing: float = Field(default=0.1, ge=1e-3, le=1)
    handles: Handles = ("local_event", "paired", "mean_subtracted")

    gain: ClassVar[float] = 1 / math.log(2)  # dq = dw / (a ln 2) where both odds are even
    teaches: ClassVar[bool] = True

    @model_validator(mode="after")
    def _is_thermally_activated(self) -> JunctionRelease:
        low, high = self.half_current - self.current_swing, self.half_current + self.current_swing
        if low < 0 or high > 1:
            raise ValueError(
                f"the currents run from {low:.3g} to {high:.3g} critical currents with this current_swing, "
                "and the law of thermal activation holds from 0 to 1"
            )
        if self.logit_range > LARGEST_EXPONENT:
            raise ValueError(
                f"stability times current_swing must be at most {LARGEST_EXPONENT:g}, not "
                f"{self.logit_range:.3g}: beyond, a pulse always or never switches"
            )
        return self

    @property
    def half_current(self) -> float:
        """Current that switches every other pulse, in critical currents (eq:junction-switching)."""
        return 1 - (math.log(self.pulse_length / self.attempt_time) - math.log(math.log(2))) / self.stability

    @property
    def logit_range(self) -> float:
        """Largest absolute ``q``."""
        return self.stability * self.current_swing

    @property
    def reach(self) -> float:
        """Largest mean weight, in amplitudes."""
        return float(_mean(np.array(self.logit_range)))

    def switching(self, current: Floats) -> Probabilities:
        """Probability that a pulse of ``current`` (in critical currents) switches (eq:junction-switching)."""
        rate = np.exp(-self.stability * (1 - np.asarray(current, np.float64))) / self.attempt_time
        return np.asarray(-np.expm1(-self.pulse_length * rate))

    def parameter_of(self, weight: Floats) -> Floats:
        """The ``q`` of the mean ``weight``, which is in amplitudes, up to ``reach``."""
        low = np.full(weight.shape, -self.logit_range)
        high, exact = -low, np.clip(weight.astype(np.float64), -self.reach, self.reach)
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            above = _mean(middle) > exact
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return np.asarray(0.5 * (low + high), np.float32)

    def bounded(self, parameter: Floats) -> Floats:
        """``q`` within its range."""
        return np.clip(parameter, -self.logit_range, self.logit_range)

    def synapses(self, parameter: Floats) -> tuple[Floats, Probabilities]:
        """Amplitude of each event and switching probability: (n_in, 2 n_out), excitatory ones first."""
        amplitude = np.full_like(parameter, 1 / self.draws)
        q = parameter.astype(np.float64)
        return np.hstack([amplitude, -amplitude]), np.hstack([_switched(q), _switched(-q)])

    def score_factor(self, probability: Probabilities) -> Floats | None:
        """``-ln(1 - p) / p``: what a switching less its probability counts (eq:junction-score)."""
        exponent = -np.log1p(-np.minimum(probability, 1 - 2.0**-33))
        return np.asarray(exponent / probability)


def _switched(q: Probabilities) -> Probabilities:
    return np.asarray(-np.expm1(-math.log(2) * np.exp(q)))


def _mean(q: Probabilities) -> Probabilities:
    return _switched(q) - _switched(-q)
