"""One parameter on a digital chip: integers, and what an update makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels.philox import fill_words

Array = NDArray[Any]


class Held:
    """An array of integers ``low, low + step, ... high`` that stand for multiples of ``unit``.

    Parameters
    ----------
    value : float array
        What the network has.
    unit : float
        Of the network's numbers per integer 1.
    grid : (int, int, int)
        low, high, step.
    key : uint64, optional
        With one, updates are rounded up or down at random, in proportion (eq:stochastic-rounding),
        and nothing else is kept. Without, they accumulate in ``wanted``, as on a host.
    """

    def __init__(
        self, value: Array, unit: float, grid: tuple[int, int, int], key: np.uint64 | None = None
    ) -> None:
        self.unit, self.key, self.writes = unit, key, 0
        self.low, self.high, self.step = grid
        self.wanted = self._within(np.asarray(value, np.float32))
        self.integers = self._nearest(self.wanted)

    def read(self) -> Array:
        """What the chip holds, in the network's numbers: float32."""
        return np.asarray(self.integers * self.unit, np.float32)

    def write(self, update: Array) -> int:
        """Add ``update``; return how many integers changed."""
        before = self.integers
        if self.key is None:
            self.wanted = self._within(self.wanted + np.asarray(update, np.float32))
            self.integers = self._nearest(self.wanted)
        else:
            wanted = before / self.step + np.asarray(update) / (self.unit * self.step)
            self.integers = self._at_random(wanted, self.key)
            self.wanted = self.read()
            self.writes += 1
        return int(np.count_nonzero(self.integers != before))

    def state(self) -> dict[str, Array]:
        """What was asked for, and how many random roundings took place."""
        return {
            "wanted": self.wanted.copy(),
            "integers": self.integers.copy(),
            "writes": np.array(self.writes, np.int64),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""
        self.wanted, self.integers = state["wanted"].copy(), state["integers"].copy()
        self.writes = int(state["writes"])

    def _within(self, value: Array) -> Array:
        """Keep what is asked for within what can be held: beyond it an update would wait for ever."""
        limits = np.float32(self.low * self.unit), np.float32(self.high * self.unit)
        return np.clip(value, *limits)

    def _nearest(self, value: Array) -> Array:
        return self._on_grid(np.rint(value.astype(np.float64) / (self.unit * self.step)))

    def _at_random(self, level: Array, key: np.uint64) -> Array:
        below = np.floor(level)
        words = np.empty((1, level.size), np.uint32)
        fill_words(key, np.uint64(self.writes), words)
        up = words.reshape(level.shape) < (level - below) * 2.0**32
        return self._on_grid(below + up)

    def _on_grid(self, levels: Array) -> Array:
        return np.clip(levels * self.step, self.low, self.high).astype(np.int32)
