"""A noisy product: rows of inputs through one array, each row a read at its own tick."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.threads import for_each
from hwnoise.kernels import held_read, read_noise

Floats = NDArray[np.float32]
TILE = 64  # rows; also the longest time over which the held bands of a view may move
LINE = 16  # float32 in a cache line, which is also the widest vector
PARALLEL_FROM = 1 << 20  # multiply-accumulates below which threads cost more than they give


@dataclass(frozen=True)
class View:
    """An array's devices as one block of ticks sees them, normalised to the weight range.

    Attributes
    ----------
    weight : (n_in, n_out) float32
        Everything that does not move within the block.
    fresh : (n_in, n_out) float32, optional
        Variance of the noise that is new at every read.
    held : (n_in, n_out) float32, optional
        Standard deviation of each band that moves within the block.
    read_key : uint64
    held_keys : (3,) uint64
    curve : dict of int to (n_in, n_out) float32
        What devices carry beyond ``weight``, by the power of the input; empty where they are linear.
    """

    weight: Floats
    fresh: Floats | None
    held: Floats | None
    read_key: Any
    held_keys: Any
    curve: dict[int, Floats] = field(default_factory=dict)


def aligned_empty(shape: int | tuple[int, ...]) -> Floats:
    """Return an uninitialised float32 array that begins at a cache line.

    NumPy's begin anywhere, mostly 16 bytes into one, and then every wide vector straddles two:
    streaming a matrix takes up to a fifth longer.
    """
    size = shape if isinstance(shape, int) else math.prod(shape)
    spacious = np.empty(size + LINE, np.float32)
    first = -(spacious.ctypes.data // 4) % LINE
    return spacious[first : first + size].reshape(shape)


def noisy_product(view: View, x: Floats, tick: int, y: Floats) -> None:
    """Write what ``view`` carries at ``x``, with all noise, to ``y``; row r is read at ``tick + r``.

    Parameters
    ----------
    x : (rows, n_in) float32
    tick : int
    y : (rows, n_out) float32
        Overwritten.
    """
    if len(x) == 1 and view.held is None and view.fresh is not None and not view.curve:
        read_noise.read_vector(x, view.weight, view.fresh, view.read_key, np.uint64(tick), y)
        return
    work = _tile_work(view, x, tick, y)
    for_each(work, _tiles(len(x), tick, view.held is not None), x.size * y.shape[1] >= PARALLEL_FROM)


def add_curve(view: View, x: Floats, y: Floats) -> None:
    """Add to ``x @ weight`` what the curves of the devices make of it (eq:conduction-sum)."""
    for power, matrix in view.curve.items():
        y += reduce(np.multiply, repeat(x, power)) @ matrix


def _tiles(rows: int, tick: int, aligned: bool) -> list[slice]:
    """Slices of at most TILE rows, aligned to blocks of TILE ticks where bands hold that long.

    Else, of more than two such tiles, pairs are one: BLAS repacks the matrix for every tile. The
    slices depend on the rows alone, so the bits are the same on any number of threads.
    """
    length = TILE if aligned or rows <= 2 * TILE else 2 * TILE
    first = TILE - tick % TILE if aligned else length
    edges = [0, *range(first, rows, length), rows]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def _tile_work(view: View, x: Floats, tick: int, y: Floats) -> Callable[[slice], None]:
    def work(rows: slice) -> None:
        part, out, start = x[rows], y[rows], np.uint64(tick + rows.start)
        if view.held is None:
            np.matmul(part, view.weight, out=out)
        else:
            held_read.read_held(part, view.weight, view.held, view.held_keys, start, out)
        add_curve(view, part, out)
        if view.fresh is not None:
            squared = np.empty_like(part)
            read_noise.square(part, squared)
            read_noise.add_output_noise(view.read_key, start, squared @ view.fresh, out)

    return work
