"""Tile: how large one array is; a larger layer is split over several (eq:tiles, eq:partial-sums)."""

from __future__ import annotations

from pydantic import Field

from hwnoise.devices.effect import Effect
from hwnoise.tiling import Tiling, partition

MAX_LINES = 65_536


class Tile(Effect):
    """Each row of tiles reads its share of the inputs, with noise and converters of its own; digits add up.

    A node's own noise and its bias belong to the node: they enter once.

    Attributes
    ----------
    rows : int
        Input lines of one array, 1 to 65,536.
    columns : int
        Output lines of one array, 1 to 65,536.
    """

    rows: int = Field(ge=1, le=MAX_LINES)
    columns: int = Field(ge=1, le=MAX_LINES)

    def partition(self, n_in: int, n_out: int) -> Tiling:
        """Which weights of a layer lie on which tile."""
        return partition(n_in, n_out, self.rows, self.columns)
