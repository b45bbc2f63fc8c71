"""White noise on an array's output, before the converter (eq:output-noise)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hwnoise.devices.effect import Effect, Handles


class OutputNoise(Effect):
    """Each output of each array reads as ``y + sigma z`` before it is converted, a new z per output and read.

    Attributes
    ----------
    sigma : float
        Standard deviation in the unit of ``reference``, 0 to 1e6.
    reference : str
        ``"product"``: (full-scale input) x (full-scale weight), whatever the converter's range;
        ``"full_scale"``: the range of the output converter, and so more noise with a wider range.
    """

    enters = "node"

    sigma: float = Field(ge=0, le=1e6)
    reference: Literal["product", "full_scale"] = "product"
    handles: Handles = ("paired", "mean_subtracted")

    def sigma_at(self, full_scale: float) -> float:
        """Standard deviation in units of the product, of a converter with range ``full_scale``."""
        return self.sigma * (full_scale if self.reference == "full_scale" else 1.0)
