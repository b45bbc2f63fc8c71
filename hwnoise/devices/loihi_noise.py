"""Loihi's noise: a random byte added to every neuron at every step (eq:loihi-noise)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hwnoise.devices.effect import Effect, Handles


class LoihiNoise(Effect):
    """Each neuron's membrane or current gets ``(R - 128 + 64 mantissa) 2**(exponent - 7)``, R a random byte.

    The bytes come from our counter generator: the chip's shift-register sequence is not published.

    Attributes
    ----------
    mantissa : int
        Offset, -8 to 8; the byte's mean is -1/2 without one.
    exponent : int
        7 to 23; the standard deviation is ``73.9 * 2**(exponent - 7)`` in units of the membrane.
    target : str
        ``"membrane"`` or ``"current"``.
    unit : float, optional
        What 1 of the noise adds to a node, above 0 and up to 1e6, on a chip without whole numbers;
        there it enters the node's sum, whatever the target.
    """

    enters = "node"

    mantissa: int = Field(default=0, ge=-8, le=8)
    exponent: int = Field(default=15, ge=7, le=23)
    target: Literal["membrane", "current"] = "membrane"
    unit: float | None = Field(default=None, gt=0, le=1e6)
    handles: Handles = ("paired", "mean_subtracted")
