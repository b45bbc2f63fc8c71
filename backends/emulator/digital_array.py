"""Weights in digital memory: exact storage; the only noise is what the substrate adds when reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.read import View
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]


class DigitalArray:
    """One layer's weights as numbers (n_in, n_out), exactly as written."""

    block = 0  # ticks over which a view holds: for ever

    def __init__(self, substrate: Substrate, weight: Floats, stream: Stream, headroom: float) -> None:
        self.substrate = substrate
        noisy = substrate.adc is not None or substrate.read_noise is not None
        largest = np.float32(np.abs(weight).max(initial=1e-12) * headroom if noisy else 1.0)
        self.weight_range = np.full(weight.shape[1], largest, np.float32)
        self.weight = (weight / self.weight_range).astype(np.float32)
        self.writes = np.zeros(weight.shape, np.uint32)
        self._read_key = stream.child("read").key
        self._view: View | None = None

    def view(self, tick: int) -> View:
        """The weights; ``tick`` does not matter to digital memory."""
        if self._view is None:
            noise = self.substrate.read_noise
            fresh = None if noise is None else noise.variance_at(self.weight).astype(np.float32)
            self._view = View(self.weight, fresh, None, self._read_key, None)
        return self._view

    def write(self, delta: Floats, tick: int) -> int:
        """Add ``delta`` (n_in, n_out); returns how many device writes it took: none."""
        self.weight += delta / self.weight_range
        self._view = None
        return 0

    def state(self) -> dict[str, NDArray[Any]]:
        """The weights."""
        return {"weight": self.weight.copy()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        self.weight = np.array(state["weight"], np.float32)
        self._view = None
