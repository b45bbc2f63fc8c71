"""Products of several passes, which differ from pass to pass by the chip's noise and by nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.active import Active, Listed
from hwnoise.backends.emulator.read import PARALLEL_FROM, TILE, View, aligned_empty, noisy_product
from hwnoise.backends.emulator.threads import for_each
from hwnoise.kernels import read_noise
from hwnoise.kernels.event_noise import add_event_noise, are_alike
from hwnoise.kernels.event_product import add_listed

Floats = NDArray[np.float32]


def paired_product(
    view: View,
    x: Floats,
    tick: int,
    passes: Sequence[slice] | Sequence[NDArray[Any]],
    quiet: NDArray[np.bool_] | None,
    y: Floats,
) -> None:
    """Write ``x @ weight`` with fresh noise to ``y``, each pass in tiles of its own.

    BLAS rounds a row by its place in the tile: the same inputs, some rows further on, give another last
    bit. A rule that divides differences by their size would learn from that as well as from noise.

    Parameters
    ----------
    view : View
        Nothing moves within it: ``held`` is None.
    x : (rows, n_in) float32
        Row r is read at ``tick + r``.
    passes : sequence of slice or of (n,) int
        The rows of each pass.
    quiet : (rows,) bool, optional
        Rows without noise.
    y : (rows, n_out) float32
        Overwritten.
    """
    still = replace(view, fresh=None)
    for rows in passes:
        part = y[rows]
        noisy_product(still, x[rows], tick, part)
        y[rows] = part  # where the rows are indices it was a copy
    if view.fresh is not None:
        _add_fresh(view.fresh, view.read_key, x, tick, quiet, y)


def sparse_product(
    view: View, x: Floats, active: Active, tick: int, quiet: NDArray[np.bool_] | None, y: Floats
) -> None:
    """Write ``x @ weight`` with fresh noise to ``y`` for inputs ``x`` of which ``active`` lists what is 1.

    Equal rows give equal bits wherever they are: passes need no tiles of their own. Parameters as in
    ``paired_product``.
    """
    fresh = view.fresh
    alike = fresh is not None and are_alike(fresh)

    def work(tile: Listed) -> None:
        rows = tile.rows
        tile.add(view.weight, y)
        if fresh is None:
            return
        if alike:  # a matter of counting
            times, variance = tile.per_row(), fresh[:1]
        else:
            times, variance = np.ones(len(y[rows]), np.float32), aligned_empty(y[rows].shape)
            add_listed(tile.columns, tile.ends, fresh, variance)
        if quiet is not None:
            times[quiet[rows]] = 0
        add_event_noise(view.read_key, np.uint64(tick + rows.start), times, variance, y[rows])

    for_each(work, active.tiles, active.count * y.shape[1] >= PARALLEL_FROM)


def _add_fresh(
    fresh: Floats, key: Any, x: Floats, tick: int, quiet: NDArray[np.bool_] | None, y: Floats
) -> None:
    def work(rows: slice) -> None:
        squared = np.empty_like(x[rows])
        read_noise.square(x[rows], squared)
        variance = squared @ fresh
        if quiet is not None:
            variance[quiet[rows]] = 0
        read_noise.add_output_noise(key, np.uint64(tick + rows.start), variance, y[rows])

    tiles = [slice(first, min(first + TILE, len(x))) for first in range(0, len(x), TILE)]
    for_each(work, tiles, x.size * y.shape[1] >= PARALLEL_FROM)
