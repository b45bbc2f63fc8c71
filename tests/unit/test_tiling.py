"""Tiles cover a layer exactly once, and their converted parts add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.testing import assert_mean, assert_rejects, draws_for_mean
from hwnoise.tiling import Tiling, add_partial_sums, partition

Floats = NDArray[np.float32]
sizes = st.integers(1, 70)


def cover(tiling: Tiling, n_in: int, n_out: int) -> NDArray[np.int64]:
    count = np.zeros((n_in, n_out), np.int64)
    for inputs, outputs in tiling.tiles:
        count[inputs, outputs] += 1
    return count


@given(sizes, sizes, sizes, sizes)
def test_every_weight_lies_on_one_tile(n_in: int, n_out: int, rows: int, columns: int) -> None:
    """Check eq:tiles: any shape, ragged or not, and no tile larger than an array or empty."""
    tiling = partition(n_in, n_out, rows, columns)
    assert (cover(tiling, n_in, n_out) == 1).all()
    for inputs, outputs in tiling.tiles:
        assert 1 <= inputs.stop - inputs.start <= rows
        assert 1 <= outputs.stop - outputs.start <= columns
    tiles = -(-n_in // rows) * -(-n_out // columns)
    assert len(tiling.tiles) == tiles
    assert tiling.utilisation == pytest.approx(n_in * n_out / (tiles * rows * columns))


def test_columns_are_cut_by_the_column_limit() -> None:
    """Check eq:tiles on arrays that are not square: cutting outputs by the row limit is a known defect."""
    tiling = partition(100, 100, rows=64, columns=16)
    assert [s.stop for s in tiling.row_slices] == [64, 100]
    assert [s.stop for s in tiling.column_slices] == [16, 32, 48, 64, 80, 96, 100]


def test_a_layer_that_fits_is_one_tile() -> None:
    tiling = partition(256, 256, 256, 256)
    assert tiling.tiles == ((slice(0, 256), slice(0, 256)),)
    assert tiling.utilisation == 1.0


@pytest.mark.parametrize("bad", ["n_in", "n_out", "rows", "columns"])
def test_a_size_below_one_is_refused(bad: str) -> None:
    given_sizes = {"n_in": 3, "n_out": 3, "rows": 2, "columns": 2} | {bad: 0}
    with pytest.raises(InputError, match=f"{bad} of a tiling must be at least 1, not 0"):
        partition(**given_sizes)


@given(sizes, sizes, sizes)
def test_parts_add_up(n_in: int, n_out: int, rows: int) -> None:
    """Check eq:partial-sums: without a converter it is the whole product, read part by part."""
    tiling = partition(n_in, n_out, rows, n_out)
    i, j = np.mgrid[:n_in, :n_out]
    weight = ((3 * i + 5 * j) % 7 - 3).astype(np.float32)  # small integers: sums are exact
    x = (np.arange(4 * n_in).reshape(4, n_in) % 5 - 2).astype(np.float32)
    seen = []

    def read(number: int, inputs: slice, part: Floats, out: Floats) -> None:
        seen.append((number, inputs))
        np.matmul(part, weight[inputs], out=out)

    y = np.full((4, n_out), np.nan, np.float32)
    add_partial_sums(tiling.row_slices, read, x, y)
    assert np.array_equal(y, x @ weight)
    assert seen == list(enumerate(tiling.row_slices))


def test_every_row_of_tiles_rounds_once(rng: np.random.Generator) -> None:
    """Check eq:partial-sums: S conversions carry S times the variance of one; one at the end is noticed."""
    step, tiles, rows = 0.5, 4, 64
    samples, n_out = 64, draws_for_mean(0.05) // 64
    weight = rng.uniform(-1, 1, (tiles * rows, n_out)).astype(np.float32)
    x = rng.uniform(-1, 1, (samples, tiles * rows)).astype(np.float32)

    def converted(y: Floats) -> Floats:
        return step * np.rint(y / step)

    def read(number: int, inputs: slice, part: Floats, out: Floats) -> None:
        out[...] = converted(part @ weight[inputs])

    y = np.empty((samples, n_out), np.float32)
    add_partial_sums(partition(tiles * rows, n_out, rows, n_out).row_slices, read, x, y)
    variance = tiles * step**2 / 12
    spread = variance * np.sqrt(2 - 1.2 / tiles)  # of a squared sum of uniform errors, excess kurtosis -1.2
    assert_mean((y - x @ weight) ** 2, variance, spread)
    assert_rejects(assert_mean, (converted(x @ weight) - x @ weight) ** 2, variance, spread)
