"""Inputs of 0 and 1 as lists of those that are 1: made once, used by every array they arrive at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.read import PARALLEL_FROM, TILE
from hwnoise.backends.emulator.threads import for_each
from hwnoise.kernels.event_product import add_listed, list_active

Floats = NDArray[np.float32]
Listed = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class Active:
    """The active inputs of rows (rows, n), TILE rows at a time.

    Attributes
    ----------
    tiles : list of (columns, ends)
        As ``hwnoise.kernels.event_product.list_active`` fills them.
    """

    tiles: list[Listed]

    @classmethod
    def of(cls, x: Floats) -> Active | None:
        """List what is active in ``x`` (rows, n); None if anything is neither 0 nor 1."""
        tiles: dict[int, Listed | None] = {}

        def work(first: int) -> None:
            if None in tiles.values():
                return
            rows = x[first : first + TILE]
            listed = np.empty(rows.size + 1, np.int32), np.empty(len(rows) + 1, np.int32)
            tiles[first] = listed if list_active(rows, *listed) else None

        starts = range(0, len(x), TILE)
        for_each(work, starts, x.size >= PARALLEL_FROM)
        found = [tiles.get(first) for first in starts]
        return None if None in found else cls([listed for listed in found if listed is not None])

    @property
    def count(self) -> int:
        """How many inputs are active, over all rows."""
        return sum(int(ends[-1]) for _, ends in self.tiles)

    def product(self, weight: Floats, y: Floats) -> None:
        """Write the product of these inputs with ``weight`` (n, n_out) to ``y`` (rows, n_out)."""

        def work(tile: int) -> None:
            add_listed(*self.tiles[tile], weight, y[tile * TILE : (tile + 1) * TILE])

        for_each(work, range(len(self.tiles)), self.count * y.shape[1] >= PARALLEL_FROM)
