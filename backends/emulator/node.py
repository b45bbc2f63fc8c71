"""Noise that enters at the nodes: white, and telegraph with its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels import bernoulli, read_noise, telegraph
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]
STATE_TICK = np.uint64(2**64 - 1)  # the tick whose draws set the first telegraph states


class NodeNoises:
    """The node noise of one layer, and the telegraph state of each of its nodes."""

    def __init__(self, substrate: Substrate, nodes: int, stream: Stream) -> None:
        self.white, self.two_level = substrate.node_noise, substrate.telegraph
        self.nodes = nodes
        self._white_key = stream.child("node_noise").key
        self._flip_key = stream.child("telegraph/flip").key
        self._level_key = stream.child("telegraph/white").key
        self._jump_key = stream.child("telegraph/jump").key
        self.levels = np.ones(nodes, np.int8)
        if self.two_level is not None:
            self._flip(0.5, STATE_TICK)

    def draw(self, tick: int, rows: int) -> Floats | None:
        """Noise of ``rows`` consecutive reads from ``tick``: (rows, nodes), or None if there is none."""
        if self.white is None and self.two_level is None:
            return None
        noise = np.zeros((rows, self.nodes), np.float32)
        if self.white is not None:
            variance = np.full((rows, self.nodes), self.white.sigma**2, np.float32)
            read_noise.add_output_noise(self._white_key, np.uint64(tick), variance, noise)
        if self.two_level is not None:
            t = self.two_level
            level = [np.float32(v) for v in (t.offset, t.amplitude, t.sigma)]
            telegraph.add_telegraph(
                self.levels, t.flip, *level, self._flip_key, self._level_key, np.uint64(tick), noise
            )
        return noise

    def skip(self, reads: int, tick: int) -> None:
        """Let ``reads`` periods pass unread: the state flips with the probability of that many."""
        if self.two_level is not None and reads > 0:
            self._flip(self.two_level.flip_over(reads), np.uint64(tick))

    def state(self) -> dict[str, NDArray[Any]]:
        """The telegraph levels."""
        return {} if self.two_level is None else {"levels": self.levels.copy()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        if self.two_level is not None:
            self.levels = np.array(state["levels"], np.int8)

    def _flip(self, probability: float, tick: np.uint64) -> None:
        flips = np.zeros((1, self.nodes), np.uint8)
        bernoulli.fill_bernoulli(self._jump_key, tick, probability, flips)
        self.levels[flips[0] != 0] *= -1
