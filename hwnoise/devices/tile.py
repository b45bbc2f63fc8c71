"""Tile: how large one array is; a larger layer takes several (eq:tiles, eq:partial-sums, eq:sum-clip)."""

from __future__ import annotations

from typing import Literal

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
    sums : str
        ``"wide"``: the digital sum of an output's parts holds any number. ``"clipped"``: it has the
        bits of one part, and clips where the converter does (eq:sum-clip).
    """

    rows: int = Field(ge=1, le=MAX_LINES)
    columns: int = Field(ge=1, le=MAX_LINES)
    sums: Literal["wide", "clipped"] = "wide"

    def partition(self, n_in: int, n_out: int) -> Tiling:
        """Which weights of a layer lie on which tile."""
        return partition(n_in, n_out, self.rows, self.columns)
