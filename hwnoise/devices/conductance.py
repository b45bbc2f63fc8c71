"""Conductance: how a weight sits on a differential pair of devices (eq:pair-mapping)."""

from __future__ import annotations

from typing import Literal

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
    scaling : str
        What shares one range: each ``"column"`` (its output is rescaled digitally, Rasch et al.
        2023), or the whole ``"layer"``.
    """

    g_max: float = Field(25.0, gt=0)
    scaling: Literal["column", "layer"] = "column"

    def weight_range(self, weight: NDArray[np.float32], headroom: float) -> NDArray[np.float32]:
        """Weight that a fully programmed device stands for, per column; above 0.

        Parameters
        ----------
        weight : (n_in, n_out) float32
        headroom : float
            Range over the largest weight, >= 1: room for weights to grow in training.
        """
        largest = np.abs(weight).max(axis=0, initial=0.0)
        if self.scaling == "layer":
            largest = np.full_like(largest, largest.max(initial=0.0))
        return np.maximum(largest * np.float32(headroom), np.float32(1e-12))
