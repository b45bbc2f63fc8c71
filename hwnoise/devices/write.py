"""Writing: updates accumulate digitally and are programmed when they exceed a device step (eq:write-step)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hwnoise.devices.effect import Effect


class Write(Effect):
    """How an update reaches the devices.

    Attributes
    ----------
    mode : str
        ``"accumulate"``: a weight is programmed, with programming noise, when its accumulated
        update reaches ``step``. ``"ideal"``: every update is applied exactly, without noise,
        wear or count; for study only.
    step : float
        Device step in units of the weight range, in (0, 1].
    """

    mode: Literal["accumulate", "ideal"] = "accumulate"
    step: float = Field(default=0.04, gt=0, le=1)
