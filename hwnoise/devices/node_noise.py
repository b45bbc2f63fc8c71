"""White noise on a node's value (eq:node-noise)."""

from __future__ import annotations

from pydantic import Field

from hwnoise.devices.effect import Effect, Handle


class NodeNoise(Effect):
    """Each node reads as ``a + sigma z``, a new z per node and read.

    Attributes
    ----------
    sigma : float
        Standard deviation in the node's own unit, >= 0.
    """

    sigma: float = Field(0.0, ge=0)
    handles: tuple[Handle, ...] = ("paired", "mean_subtracted")
