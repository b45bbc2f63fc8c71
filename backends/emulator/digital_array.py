"""Weights in digital memory: exact storage, or of a few bits; what reads them may be uneven, and noisy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.chunks import row_slices
from hwnoise.backends.emulator.read import View, aligned_empty
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]


class DigitalArray:
    """One layer's weights as numbers (n_in, n_out), exactly as written.

    With levels the memory that is read holds the level nearest to each; updates still add up exactly.
    A frozen mismatch is that of the devices which turn each number into a current.
    """

    block = 0  # ticks over which a view holds: for ever

    def __init__(self, substrate: Substrate, weight: Floats, stream: Stream, headroom: float) -> None:
        self._noise, mismatch = substrate.read_noise, substrate.mismatch
        self._dynamic = mismatch if mismatch and mismatch.refresh == "dynamic" else None
        self._levels = substrate.levels
        relative = substrate.adc or self._noise or self._levels  # does anything refer to a range?
        largest = np.float32(np.abs(weight).max(initial=0.0) or 1.0)
        self.weight_range = np.full(weight.shape[1], largest * headroom if relative else 1.0, np.float32)
        self.weight = aligned_empty(weight.shape)
        np.divide(weight, self.weight_range, out=self.weight)
        self.writes = np.zeros(weight.shape, np.uint32)
        self._factors: Floats | None = None
        if mismatch is not None and self._dynamic is None:
            drawn = mismatch.factors(stream.child("mismatch").key, (1, weight.size))
            self._factors = drawn.reshape(weight.shape)
        as_stored = self._factors is None and self._levels is None
        seen = self.weight if as_stored else aligned_empty(weight.shape)
        fresh = aligned_empty(weight.shape) if self._noise or self._dynamic else None
        self._view = View(seen, fresh, None, stream.child("read").key, None)
        self._renew(slice(None))

    def view(self, tick: int) -> View:
        """The weights; ``tick`` does not matter to digital memory."""
        return self._view

    def write(self, delta: Floats, tick: int) -> int:
        """Add ``delta`` (n_in, n_out); returns how many device writes it took: none."""
        for rows in row_slices(self.weight.shape):
            self.weight[rows] += delta[rows] / self.weight_range
            self._renew(rows)
        return 0

    def state(self) -> dict[str, NDArray[Any]]:
        """The weights."""
        return {"weight": self.weight.copy()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        self.weight[...] = state["weight"]
        self._renew(slice(None))

    def _renew(self, rows: slice) -> None:
        """Bring what a read sees, and the variance of its noise, in line with the weights."""
        seen, fresh = self._view.weight[rows], self._view.fresh
        if self._levels is not None:
            seen[:] = self._levels.nearest(self.weight[rows])
        elif self._factors is not None:
            seen[:] = self.weight[rows]
        if self._factors is not None:
            np.multiply(seen, self._factors[rows], out=seen)
        if fresh is not None:
            fresh[rows] = 0 if self._noise is None else self._noise.variance_at(seen)
            if self._dynamic is not None:
                fresh[rows] += self._dynamic.variance_at(seen)
