"""Conductance: how a weight sits on a differential pair of devices (eq:pair-mapping)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.effect import Effect


class Conductance(Effect):
    """A weight is ``range * (g_plus - g_minus) / g_max``; one device of the pair is at 0.

    Attributes
    ----------
    g_max : float
        Largest programmable conductance [µS], > 0; targets are clipped to it.
    headroom : float
        Range of a layer over its largest weight when it is mapped, >= 1: room for training.
    """

    g_max: float = Field(25.0, gt=0)
    headroom: float = Field(1.0, ge=1, le=100)

    def weight_range(self, weight: NDArray[np.floating]) -> float:
        """Weight [1] that a fully programmed device stands for; per layer, at least tiny."""
        largest = float(np.max(np.abs(weight), initial=0.0))
        return max(largest * self.headroom, 1e-12)
