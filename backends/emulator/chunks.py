"""Large arrays a part at a time: temporaries stay small however large a layer is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

CHUNK = 1 << 15  # elements; a few arrays of this size stay in a second-level cache


def row_slices(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of the rows of a matrix of ``shape``, of about CHUNK elements and at least one row each."""
    rows, columns = shape
    each = max(1, CHUNK // max(1, columns))
    for first in range(0, rows, each):
        yield slice(first, min(first + each, rows))


def slices(size: int) -> Iterator[slice]:
    """Slices of at most CHUNK of ``size`` elements."""
    for first in range(0, size, CHUNK):
        yield slice(first, min(first + CHUNK, size))


def run_of(elements: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """``elements`` in rising order, as a slice where they follow each other: no copy, and twice as fast."""
    if len(elements) and elements[-1] - elements[0] == len(elements) - 1:
        return slice(int(elements[0]), int(elements[-1]) + 1)
    return elements
