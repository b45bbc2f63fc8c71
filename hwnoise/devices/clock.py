"""The chip's clock: every read of the array takes one period."""

from __future__ import annotations

from pydantic import Field

from hwnoise.devices.effect import Effect


class Clock(Effect):
    """Time between two reads.

    Attributes
    ----------
    read_period : float
        Seconds from one input vector to the next, > 0.
    """

    read_period: float = Field(1e-6, gt=0)
