"""Fresh keys and filled arrays for the statistical tests of the draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from hwnoise.testing import assert_uncorrelated

Draws = NDArray[Any]


def fresh_key(rng: np.random.Generator) -> np.uint64:
    """Return a key that no other test uses."""
    return rng.integers(0, 2**64, dtype=np.uint64)


def filled(
    fill: Callable[..., None],
    key: np.uint64,
    *parameters: float,
    shape: tuple[int, int],
    kind: DTypeLike = "f4",
) -> Draws:
    """Return what ``fill`` writes for the ticks and elements from 0."""
    out = np.empty(shape, kind)
    fill(key, np.uint64(0), *parameters, out)
    return out


def without_tick(table: Draws) -> Draws:
    """Return what a fill that forgets the tick would give: every row is the first one."""
    return np.repeat(table[:1], len(table), axis=0)


def assert_independent(table: Draws) -> None:
    """Check that draws (ticks, elements) are uncorrelated along both axes, and so are their squares.

    The lags are those the layout singles out: next lane, next word, next word pair, next chunk.
    """
    for values in (table, table.astype(np.float64) ** 2):
        if values.std() == 0:  # the square of a sign
            continue
        for lag in (1, 16, 32, 64):
            assert_uncorrelated(values[:, :-lag], values[:, lag:])
        assert_uncorrelated(values[:-1], values[1:])


def assert_streams_independent(a: Draws, b: Draws) -> None:
    """Check that two streams do not go together, in value or in size."""
    assert_uncorrelated(a, b)
    if (a**2).std() > 0 and (b**2).std() > 0:
        assert_uncorrelated(a**2, b**2)
