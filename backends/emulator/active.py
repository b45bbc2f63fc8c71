"""Inputs of 0 and 1 as lists of those that are 1: made once, used by every array they arrive at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.read import PARALLEL_FROM
from hwnoise.backends.emulator.threads import for_each, shares
from hwnoise.kernels.event_product import add_listed, count_active, list_active

Floats = NDArray[np.float32]
ROOM = 1 << 22  # inputs of one call of a kernel, at most: each might have to be listed, in 4 bytes
SPARSE_BELOW = 0.2  # share of active inputs from which a dense product is faster


class Listed(NamedTuple):
    """The active inputs of some rows: ``columns`` and ``ends`` as ``list_active`` fills them."""

    rows: slice
    columns: NDArray[Any]
    ends: NDArray[Any]

    @classmethod
    def of(cls, x: Floats, rows: slice) -> Listed | None:
        """List what is active in ``rows`` of ``x`` (rows, n); None if anything is neither 0 nor 1."""
        part = x[rows]
        columns, ends = np.empty(part.size + 8, np.int32), np.empty(len(part) + 1, np.int32)
        if not list_active(part, columns, ends):
            return None
        columns.resize(int(ends[-1]), refcheck=False)  # nobody else has seen it; the room is given back
        return cls(rows, columns, ends)

    def add(self, weight: Floats, y: Floats) -> None:
        """Write the product of these inputs with ``weight`` (n, n_out) to their rows of ``y``."""
        add_listed(self.columns, self.ends, weight, y[self.rows])

    def per_row(self) -> Floats:
        """How many inputs are active in each row: (rows,) float32."""
        return np.diff(self.ends).astype(np.float32)


@dataclass(frozen=True)
class Active:
    """The active inputs of rows (rows, n), in shares of the rows.

    Attributes
    ----------
    x : (rows, n) float32
        The inputs.
    tiles : list of Listed
    """

    x: Floats
    tiles: list[Listed]

    @classmethod
    def of(cls, x: Floats) -> Active | None:
        """List what is active in ``x`` (rows, n); None if anything is neither 0 nor 1."""
        parallel = x.size >= PARALLEL_FROM
        cuts = shares(len(x), max(1, ROOM // x.shape[1]), parallel)
        tiles: list[Listed | None] = [None] * len(cuts)

        def work(tile: int) -> None:
            tiles[tile] = Listed.of(x, cuts[tile])

        for_each(work, range(len(cuts)), parallel)
        found = [tile for tile in tiles if tile is not None]
        return cls(x, found) if len(found) == len(cuts) else None

    @classmethod
    def sparse(cls, x: Floats, listed: Active | None = None) -> tuple[Active | None, int]:
        """``of(x)`` where adding what is active one by one beats a dense product, else None; its count.

        ``listed`` is taken where it is of the same numbers in the same place.
        """
        active = listed if listed is not None and _is_same(listed.x, x) else cls.of(x)
        count = count_active(x) if active is None else active.count
        return (active if count < SPARSE_BELOW * x.size else None), count

    @cached_property
    def count(self) -> int:
        """How many inputs are active, over all rows."""
        return sum(int(tile.ends[-1]) for tile in self.tiles)

    def product(self, weight: Floats, y: Floats) -> None:
        """Write the product of these inputs with ``weight`` (n, n_out) to ``y`` (rows, n_out)."""
        for_each(lambda tile: tile.add(weight, y), self.tiles, self.count * y.shape[1] >= PARALLEL_FROM)


def _is_same(a: Floats, b: Floats) -> bool:
    """Whether two arrays, neither with gaps, are the same numbers in memory."""
    return a.ctypes.data == b.ctypes.data and a.shape == b.shape
