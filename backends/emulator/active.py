"""Inputs of 0 and 1 as lists of those that are 1: made once, used by every array they arrive at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.read import PARALLEL_FROM
from hwnoise.backends.emulator.threads import for_each
from hwnoise.kernels.event_product import add_listed, count_active, list_active

Floats = NDArray[np.float32]
Listed = tuple[NDArray[Any], NDArray[Any]]
ROWS = 256  # of one call of a kernel, which costs as much as some ten rows
SPARSE_BELOW = 0.2  # share of active inputs from which a dense product is faster


@dataclass(frozen=True)
class Active:
    """The active inputs of rows (rows, n), ROWS of them at a time.

    Attributes
    ----------
    x : (rows, n) float32
        The inputs.
    tiles : list of (columns, ends)
        As ``hwnoise.kernels.event_product.list_active`` fills them.
    """

    x: Floats
    tiles: list[Listed]

    @classmethod
    def of(cls, x: Floats) -> Active | None:
        """List what is active in ``x`` (rows, n); None if anything is neither 0 nor 1."""
        tiles: dict[int, Listed | None] = {}

        def work(first: int) -> None:
            if None in tiles.values():
                return
            rows = x[first : first + ROWS]
            columns, ends = np.empty(rows.size + 8, np.int32), np.empty(len(rows) + 1, np.int32)
            is_binary = list_active(rows, columns, ends)
            tiles[first] = (columns[: ends[-1]].copy(), ends) if is_binary else None  # not all that room

        starts = range(0, len(x), ROWS)
        for_each(work, starts, x.size >= PARALLEL_FROM)
        found = [tiles.get(first) for first in starts]
        return None if None in found else cls(x, [listed for listed in found if listed is not None])

    @classmethod
    def sparse(cls, x: Floats, listed: Active | None = None) -> tuple[Active | None, int]:
        """``of(x)`` where adding what is active one by one beats a dense product, else None; its count.

        ``listed`` is taken where it is of the same numbers in the same place.
        """
        active = listed if listed is not None and _is_same(listed.x, x) else cls.of(x)
        count = count_active(x) if active is None else active.count
        return (active if count < SPARSE_BELOW * x.size else None), count

    @property
    def count(self) -> int:
        """How many inputs are active, over all rows."""
        return sum(int(ends[-1]) for _, ends in self.tiles)

    def per_row(self) -> Floats:
        """How many inputs are active in each row: (rows,) float32."""
        return np.concatenate([np.diff(ends) for _, ends in self.tiles]).astype(np.float32)

    def product(self, weight: Floats, y: Floats) -> None:
        """Write the product of these inputs with ``weight`` (n, n_out) to ``y`` (rows, n_out)."""

        def work(tile: int) -> None:
            add_listed(*self.tiles[tile], weight, y[tile * ROWS : (tile + 1) * ROWS])

        for_each(work, range(len(self.tiles)), self.count * y.shape[1] >= PARALLEL_FROM)


def _is_same(a: Floats, b: Floats) -> bool:
    """Whether two arrays, neither with gaps, are the same numbers in memory."""
    return a.ctypes.data == b.ctypes.data and a.shape == b.shape
