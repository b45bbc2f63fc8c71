"""Short-term plasticity: release that tires and warms up (eq:plasticity-use, eq:plasticity-resources)."""

from __future__ import annotations

from pydantic import Field, model_validator

from hwnoise.devices.effect import Effect


class ShortTermPlasticity(Effect):
    """A release takes a share u of a synapse's resources, which recover; u grows with events, and decays.

    The probability of release at rest is that of the stochastic synapse; an input other than 0 is an event.

    Attributes
    ----------
    recovery_time : float
        Time constant [s] with which resources come back, 0 (at once) to 1e6.
    facilitation_time : float
        Time constant [s] with which u falls back, 0 (at once) to 1e6.
    """

    recovery_time: float = Field(default=0.0, ge=0, le=1e6)
    facilitation_time: float = Field(default=0.0, ge=0, le=1e6)

    @model_validator(mode="after")
    def _does_something(self) -> ShortTermPlasticity:
        if self.recovery_time == self.facilitation_time == 0:
            raise ValueError("recovery_time or facilitation_time must be above 0: nothing changes otherwise")
        return self
