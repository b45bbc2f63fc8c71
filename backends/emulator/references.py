"""Reference columns: devices at the middle of their range, beside the weights of each column of tiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.tiling import Tiling

Indices = NDArray[np.int64]


def tile_of_columns(tiling: Tiling, width: int) -> Indices:
    """Which column of tiles each of ``width`` columns of devices lies on, reference columns included."""
    n_out = tiling.column_slices[-1].stop
    weights = np.repeat(
        np.arange(len(tiling.column_slices)), [s.stop - s.start for s in tiling.column_slices]
    )
    return np.concatenate([weights, np.arange(width - n_out)])


def reference_columns(tiling: Tiling) -> Indices:
    """The reference column (n_out,) that each output is read against: one a tile, after all others."""
    n_out = tiling.column_slices[-1].stop
    return np.asarray(n_out + tile_of_columns(tiling, n_out), np.int64)


def columns_of_tiles(tiling: Tiling, width: int) -> list[tuple[slice, Indices]]:
    """Input lines and columns of devices of every tile, row of tiles by row of tiles."""
    tile = tile_of_columns(tiling, width)
    columns = [np.flatnonzero(tile == number) for number in range(len(tiling.column_slices))]
    return [(inputs, outputs) for inputs in tiling.row_slices for outputs in columns]
