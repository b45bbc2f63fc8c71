"""White noise on a node's value (eq:node-noise)."""

from __future__ import annotations

from pydantic import Field

from hwnoise.devices.effect import Effect, Handles


class NodeNoise(Effect):
    """Each node reads as ``a + sigma z``, a new z per node and read.

    Attributes
    ----------
    sigma : float
        Standard deviation in the node's own unit, >= 0.
    """

    enters = "node"

    sigma: float = Field(default=0.0, ge=0, le=1e6)
    handles: Handles = ("paired", "mean_subtracted")
