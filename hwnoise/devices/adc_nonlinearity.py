"""Integral nonlinearity: output converters whose codes are not equally far apart (eq:adc-nonlinearity)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.effect import Effect
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.streams import Stream

Floats = NDArray[np.float32]
MAX_BITS = 12  # every code of every converter is a number of its own


class AdcNonlinearity(Effect):
    """Codes come from a ladder of unit elements that are not alike; its two ends are calibrated.

    Attributes
    ----------
    unit_spread : float
        Standard deviation of an element, relative to the mean one, 0 to 1. The integral nonlinearity
        of the middle code of L is ``unit_spread sqrt(L) / 2`` levels.
    """

    unit_spread: float = Field(ge=0, le=1)

    def worst(self, levels: int) -> float:
        """Standard deviation of the middle code, in levels (eq:adc-nonlinearity)."""
        return self.unit_spread * math.sqrt(levels) / 2

    def draw(self, stream: Stream, shape: tuple[int, int], levels: int) -> Floats:
        """Deviation (row tiles, n_out, levels + 1) of each code from where it should be, in levels."""
        count = shape[0] * shape[1]
        steps = np.empty((count, levels), np.float32)
        fill_gaussian(stream.key, np.uint64(0), steps)
        walk = np.cumsum(steps, axis=1, dtype=np.float64)
        tied = walk - walk[:, -1:] * (np.arange(1, levels + 1) / levels)
        bent = np.concatenate([np.zeros((count, 1)), self.unit_spread * tied], axis=1)
        return np.asarray(bent.reshape(*shape, levels + 1), np.float32)
