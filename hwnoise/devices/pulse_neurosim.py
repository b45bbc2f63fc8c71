"""The conductance curve of NeuroSim, from levels and a nonlinearity label (eq:neurosim)."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.pulse_response import Floats, Kind, Normal, Range, Response


class NeuroSim(Response):
    """``G(P) = B (1 - e**(-P / A)) + G_min`` up, its mirror image down, A from a nonlinearity (eq:neurosim).

    Attributes
    ----------
    levels_up, levels_down : float
        Pulses across the range, 1 to 1e6.
    nonlinearity_up, nonlinearity_down : float
        Published labels, -9 to 9: the first steps are the largest where it is above 0 (up) and
        below 0 (down).
    nonlinearity_spread : float
        Standard deviation of both over devices, 0 to 9.

    Notes
    -----
    Cycle noise is additive, a share of the range per pulse.
    """

    shape: Literal["neurosim"] = "neurosim"
    kind: ClassVar[Kind] = "affine"

    levels_up: float = Field(ge=1, le=1e6)
    levels_down: float = Field(ge=1, le=1e6)
    nonlinearity_up: float = Field(ge=-9, le=9)
    nonlinearity_down: float = Field(ge=-9, le=9)
    nonlinearity_spread: float = Field(default=0.0, ge=0, le=9)

    def pulse_size(self, low: float, high: float) -> float:
        """The range over the mean number of levels."""
        return 2 * (high - low) / (self.levels_up + self.levels_down)

    def cells(self, up: Floats, down: Floats, span: Range, normal: Normal) -> list[Floats]:
        """Steps at weight 0, and their slopes: an exponential curve is a step linear in the weight."""
        rate_up = curvature(self.nonlinearity_up + self.nonlinearity_spread * normal("slope_up"))
        rate_down = curvature(-self.nonlinearity_down + self.nonlinearity_spread * normal("slope_down"))
        share_up, share_down = -np.expm1(-rate_up / self.levels_up), -np.expm1(-rate_down / self.levels_down)
        top = span.low + (span.high - span.low) / -np.expm1(-rate_up)
        bottom = span.high - (span.high - span.low) / -np.expm1(-rate_down)
        rows = share_up * top * up, -share_down * bottom * down, share_up * up, -share_down * down
        return [row.astype(np.float32) for row in rows]

    def noise(self, s: float, low: float, high: float) -> tuple[float, float, float, float]:
        """``s`` times the range."""
        return 0.0, s * (high - low), 0.0, 0.0


def curvature(nonlinearity: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return 1 / A, in units of the pulses across the range, for a nonlinearity label (eq:neurosim-label).

    Parameters
    ----------
    nonlinearity : (n,) float
        Labels, clipped to ±9; negative ones bend the other way.

    Notes
    -----
    A label is the largest distance of the curve from a line, over ``0.07 sqrt(2)``; it is largest where
    ``f' = 1``. Tabulated, within 1e-6. Test: ``tests/golden/test_pulsed_golden.py``.
    """
    k = np.logspace(-4, 3, 20_001)
    full = -np.expm1(-k)
    p = np.log(k / full) / k
    label = (-np.expm1(-k * p) / full - p) / (0.07 * math.sqrt(2))
    wanted = np.clip(np.abs(np.asarray(nonlinearity, float)), label[0], 9.0)
    found = np.exp(np.interp(np.log(wanted), np.log(label), np.log(k)))
    return np.where(np.asarray(nonlinearity) < 0, -found, found)
