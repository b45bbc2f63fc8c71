"""The chip's clock: every read of the array takes one period."""

from __future__ import annotations

from pydantic import Field

from hwnoise.devices.effect import Effect


class Clock(Effect):
    """Time between two reads.

    Attributes
    ----------
    read_period : float
        Seconds from one input vector to the next, 1e-12 to 1e6.
    """

    read_period: float = Field(default=1e-6, ge=1e-12, le=1e6)
