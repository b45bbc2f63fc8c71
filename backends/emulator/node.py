"""Noise that enters at the nodes: white, telegraph with its state, and the bytes of a shift register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.devices.effect import Effect
from hwnoise.kernels import bernoulli, gaussian, loihi_noise, telegraph
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]
STATE_TICK = np.uint64(2**64 - 1)  # the tick whose draws set the first telegraph states
KNOWN = frozenset({"known", "replayable"})  # handles of a noise that the chip can show as such


class NodeNoises:
    """The node noise of one layer, and the telegraph state of each of its nodes."""

    def __init__(self, substrate: Substrate, nodes: int, stream: Stream) -> None:
        self.white, self.two_level = substrate.node_noise, substrate.telegraph
        self.bytes = substrate.loihi_noise
        self.nodes = nodes
        self._white_key = stream.child("node_noise").key
        self._flip_key = stream.child("telegraph/flip").key
        self._level_key = stream.child("telegraph/white").key
        self._byte_key = stream.child("loihi_noise").key
        self._jump_key = stream.child("telegraph/jump").key
        self.levels = np.ones(nodes, np.int8)
        if self.two_level is not None:
            self._flip(0.5, STATE_TICK)

    def draw(self, tick: int, rows: int) -> tuple[Floats | None, Floats | None]:
        """Noise of ``rows`` consecutive reads from ``tick``.

        Returns
        -------
        noise, known : (rows, nodes) float32, or None where there is none
            All of it, and the part that the chip knows; perhaps one and the same array.
        """
        parts = (
            (self.white, self._draw_white(tick, rows)),
            (self.two_level, self._draw_levels(tick, rows)),
            (self.bytes, self._draw_bytes(tick, rows)),
        )
        return _sum([drawn for _, drawn in parts]), _sum(
            [drawn for effect, drawn in parts if is_known(effect)]
        )

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

    def _draw_white(self, tick: int, rows: int) -> Floats | None:
        if self.white is None:
            return None
        noise = np.empty((rows, self.nodes), np.float32)
        gaussian.fill_gaussian(self._white_key, np.uint64(tick), noise)
        noise *= np.float32(self.white.sigma)
        return noise

    def _draw_levels(self, tick: int, rows: int) -> Floats | None:
        t = self.two_level
        if t is None:
            return None
        noise = np.zeros((rows, self.nodes), np.float32)
        telegraph.add_telegraph(
            self.levels, t.flip, np.float32(t.offset), np.float32(t.amplitude), np.float32(t.sigma),
            self._flip_key, self._level_key, np.uint64(tick), noise,
        )  # fmt: skip
        return noise

    def _draw_bytes(self, tick: int, rows: int) -> Floats | None:
        if self.bytes is None or self.bytes.unit is None:
            return None
        noise = np.empty((rows, self.nodes), np.int32)
        loihi_noise.fill_loihi_noise(
            self._byte_key, np.uint64(tick), self.bytes.mantissa, self.bytes.exponent, noise
        )
        return noise.astype(np.float32) * np.float32(self.bytes.unit)

    def _flip(self, probability: float, tick: np.uint64) -> None:
        flips = np.zeros((1, self.nodes), np.uint8)
        bernoulli.fill_bernoulli(self._jump_key, tick, probability, flips)
        self.levels[flips[0] != 0] *= -1


def is_known(effect: Effect | None) -> bool:
    """Whether the chip can show this noise itself, not only what it does to two passes."""
    return effect is not None and bool(KNOWN & set(effect.handles))


def _sum(parts: list[Floats | None]) -> Floats | None:
    drawn = [part for part in parts if part is not None]
    if len(drawn) < 2:
        return drawn[0] if drawn else None
    return np.asarray(np.sum(drawn, axis=0, dtype=np.float32))
