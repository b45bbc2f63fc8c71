"""Weights in digital memory: exact storage; the only noise is what the substrate adds when reading."""

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
    """One layer's weights as numbers (n_in, n_out), exactly as written."""

    block = 0  # ticks over which a view holds: for ever

    def __init__(self, substrate: Substrate, weight: Floats, stream: Stream, headroom: float) -> None:
        self._noise = substrate.read_noise
        relative = substrate.adc is not None or self._noise is not None  # does anything refer to a range?
        largest = np.float32(np.abs(weight).max(initial=0.0) or 1.0)
        self.weight_range = np.full(weight.shape[1], largest * headroom if relative else 1.0, np.float32)
        self.weight = aligned_empty(weight.shape)
        np.divide(weight, self.weight_range, out=self.weight)
        self.writes = np.zeros(weight.shape, np.uint32)
        fresh = None if self._noise is None else aligned_empty(weight.shape)
        self._view = View(self.weight, fresh, None, stream.child("read").key, None)
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
        """Bring the variance of the read noise in line with the weights."""
        if self._noise is not None and self._view.fresh is not None:
            self._view.fresh[rows] = self._noise.variance_at(self.weight[rows])
