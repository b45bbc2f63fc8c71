"""Conductance: how a weight sits on a differential pair of devices (eq:pair-mapping)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.effect import Effect


class Conductance(Effect):
    """A weight is ``range * (g_plus - g_minus) / g_max``; one device of the pair is programmed to 0.

    Attributes
    ----------
    g_max : float
        Largest programmable conductance [µS], 1e-6 to 1e6; targets are clipped to it.
    scaling : str
        What shares one range: each ``"column"`` (its output is rescaled digitally, Rasch et al.
        2023), or the whole ``"layer"``.
    """

    g_max: float = Field(default=25.0, ge=1e-6, le=1e6)
    scaling: Literal["column", "layer"] = "column"

    def weight_range(self, weight: NDArray[np.float32], headroom: float) -> NDArray[np.float32]:
        """Weight that a fully programmed device stands for, per column; above 0.

        A column of zeros takes the range of the layer, a layer of zeros takes 1: they may grow yet.

        Parameters
        ----------
        weight : (n_in, n_out) float32
        headroom : float
            Range over the largest weight, >= 1: room for weights to grow in training.
        """
        columns = np.abs(weight).max(axis=0, initial=0.0)
        layer = columns.max(initial=0.0) or np.float32(1)
        largest = np.where(columns > 0, columns, layer) if self.scaling == "column" else layer
        return np.full(columns.shape, largest * np.float32(headroom), np.float32)
