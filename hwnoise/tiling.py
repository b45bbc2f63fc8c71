"""Tiling: a layer larger than the chip's arrays is split over several of them (eq:tiles, eq:partial-sums)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError

Floats = NDArray[np.float32]
PartialRead = Callable[[int, slice, Floats, Floats], None]


@dataclass(frozen=True)
class Tiling:
    """Which inputs and outputs of a layer lie on which array.

    Attributes
    ----------
    rows, columns : int
        Size of one array.
    row_slices, column_slices : tuple of slice
        Inputs of each row of tiles, outputs of each column of tiles; the last may be shorter.
    groups : int
        Shares of inputs and outputs that are cut alike, each on arrays of its own: slices are those of the
        first.
    """

    rows: int
    columns: int
    row_slices: tuple[slice, ...]
    column_slices: tuple[slice, ...]
    groups: int = 1

    @property
    def tiles(self) -> tuple[tuple[slice, slice], ...]:
        """Inputs and outputs of every array, row of tiles by row of tiles, group by group."""
        n_in, n_out = self.row_slices[-1].stop, self.column_slices[-1].stop
        return tuple(
            (_moved(inputs, group * n_in), _moved(outputs, group * n_out))
            for group in range(self.groups)
            for inputs in self.row_slices
            for outputs in self.column_slices
        )

    @property
    def utilisation(self) -> float:
        """Fraction of the cells of all arrays that hold a weight, in (0, 1]."""
        used = self.row_slices[-1].stop * self.column_slices[-1].stop
        arrays = len(self.row_slices) * len(self.column_slices)
        return float(used / (arrays * self.rows * self.columns))


def partition(n_in: int, n_out: int, rows: int, columns: int) -> Tiling:
    """Cut a layer of ``n_in`` times ``n_out`` weights into arrays of ``rows`` times ``columns`` (eq:tiles).

    Raises
    ------
    InputError
        A size below 1.

    Examples
    --------
    >>> tiling = partition(784, 64, rows=256, columns=256)
    >>> len(tiling.tiles), tiling.row_slices[-1], round(tiling.utilisation, 4)
    (4, slice(768, 784, None), 0.1914)
    """
    for name, size in {"n_in": n_in, "n_out": n_out, "rows": rows, "columns": columns}.items():
        if size < 1:
            raise InputError(f"{name} of a tiling must be at least 1, not {size}")
    return Tiling(rows, columns, _cut(n_in, rows), _cut(n_out, columns))


def add_partial_sums(row_slices: Sequence[slice], read: PartialRead, x: Floats, y: Floats) -> None:
    """Write the digital sum of what each row of tiles converts to ``y`` (eq:partial-sums).

    Parameters
    ----------
    row_slices : sequence of slice
        Inputs of each row of tiles.
    read : callable
        ``read(number, inputs, x[:, inputs], part)`` reads row of tiles ``number`` and overwrites
        ``part`` (samples, n_out) with its converted outputs.
    x : (samples, n_in) float32
    y : (samples, n_out) float32
        Overwritten; added up from the first row of tiles to the last.
    """
    read(0, row_slices[0], x[:, row_slices[0]], y)
    part = np.empty_like(y) if len(row_slices) > 1 else y
    for number, inputs in enumerate(row_slices[1:], start=1):
        read(number, inputs, x[:, inputs], part)
        y += part


def _moved(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)


def _cut(n: int, size: int) -> tuple[slice, ...]:
    return tuple(slice(first, min(first + size, n)) for first in range(0, n, size))
