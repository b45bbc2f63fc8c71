"""White read noise: fresh for every device at every read (eq:read-noise)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.effect import Effect, Handles


class ReadNoise(Effect):
    """Each weight reads as ``w + s(w) z``, a new z per device and read.

    Attributes
    ----------
    sigma : float
        Standard deviation in units of the weight range, 0 to 10.
    dependence : str
        ``"constant"``: s = sigma; ``"proportional"``: s = sigma abs(w); ``"sqrt"``:
        s = sigma sqrt(abs(w)), variance proportional to conductance (Rasch et al. 2023).
    """

    enters = "weight"

    sigma: float = Field(default=0.0, ge=0, le=10)
    dependence: Literal["constant", "proportional", "sqrt"] = "constant"
    handles: Handles = ("paired", "mean_subtracted")

    def variance_at(self, w: NDArray[np.floating]) -> NDArray[np.floating]:
        """Variance against the normalised weight ``w`` in [-1, 1]."""
        power = {"constant": 0, "sqrt": 1, "proportional": 2}[self.dependence]
        return np.asarray(self.sigma**2 * np.abs(w) ** power)
