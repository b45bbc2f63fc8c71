"""Weights on meshes of interferometers: set block by block, read by light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.read import View, aligned_empty
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]


class MeshArray:
    """One layer's weights (n_in, n_out) on blocks of a photonic mesh.

    A passive mesh amplifies nothing: the range of the weights is the largest singular value of all
    blocks, times the headroom. State are the weights asked for, what waits digitally, and how
    often each was set; the shifters' gains are drawn anew from the stream.
    """

    block = 0  # ticks over which a view holds: until the next write

    def __init__(self, substrate: Substrate, weight: Floats, stream: Stream, headroom: float) -> None:
        assert substrate.photonic_mesh is not None
        self._mesh, self._write = substrate.photonic_mesh, substrate.write
        self._size, self.shape = self._mesh.block, weight.shape
        self._down, self._across = (-(-n // self._size) for n in weight.shape)
        self._gains = self._drawn(stream)
        largest = float(np.linalg.norm(self._blocks(weight), 2, axis=(1, 2)).max(initial=0.0)) or 1.0
        self.weight_range = np.full(weight.shape[1], largest * headroom, np.float32)
        self.target, self.pending = (weight / self.weight_range).astype(np.float32), np.zeros_like(weight)
        self.writes = np.zeros(weight.shape, np.uint32)
        seen = aligned_empty(weight.shape)
        self._view = View(seen, None, None, stream.child("read").key, None)
        self._set(np.arange(self._down * self._across))

    def view(self, tick: int) -> View:
        """The weights that light sees; they stay until the next write."""
        return self._view

    def write(self, delta: Floats, tick: int) -> int:
        """Add ``delta`` (n_in, n_out) in weight units; returns how many weights were set anew.

        A block is set as a whole, when the largest of its waiting updates makes a step (eq:write-step).
        """
        self.pending += delta / self.weight_range
        ideal = self._write.mode == "ideal"
        waiting = np.abs(self._blocks(self.pending)).max(axis=(1, 2))
        due = np.flatnonzero(waiting > 0 if ideal else waiting >= self._write.step)
        if not len(due):
            return 0
        moved = self._mask(due)
        self.target[moved] += self.pending[moved]
        self.pending[moved] = 0
        self._set(due)
        if ideal:
            return 0
        self.writes[moved] += np.uint32(1)
        return int(moved.sum())

    def state(self) -> dict[str, NDArray[Any]]:
        """Named copies of all that must survive."""
        return {name: getattr(self, name).copy() for name in _STATE}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        for name in _STATE:
            getattr(self, name)[...] = state[name]
        self._set(np.arange(self._down * self._across))

    def _set(self, due: NDArray[np.int64]) -> None:
        """Set the phases of blocks ``due``; what is beyond a passive mesh is cut off (eq:mesh-rotations)."""
        wanted = self._blocks(self.target)[due]
        gains = tuple(gain[due] for gain in self._gains)
        found = self._mesh.realised(wanted, (gains[0], gains[1], gains[2]))
        size = self._size
        for number, values in zip(due, found, strict=True):
            row, column = divmod(int(number), self._across)
            part = self._view.weight[row * size : (row + 1) * size, column * size : (column + 1) * size]
            part[:] = values[: part.shape[0], : part.shape[1]]

    def _blocks(self, weight: Floats) -> NDArray[np.float64]:
        """``weight`` cut into blocks (blocks, n, n), filled up with zeros."""
        size, (n_in, n_out) = self._size, self.shape
        spare = (0, self._down * size - n_in), (0, self._across * size - n_out)
        whole = np.pad(weight.astype(np.float64), spare)
        return whole.reshape(self._down, size, self._across, size).swapaxes(1, 2).reshape(-1, size, size)

    def _mask(self, due: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which weights lie in blocks ``due``."""
        chosen = np.zeros(self._down * self._across, np.bool_)
        chosen[due] = True
        each = chosen.reshape(self._down, self._across).repeat(self._size, 0).repeat(self._size, 1)
        return each[: self.shape[0], : self.shape[1]]

    def _drawn(self, stream: Stream) -> list[NDArray[np.float64]]:
        """Gains of left meshes, attenuators and right meshes of all blocks (eq:mesh-phase)."""
        blocks, found = self._down * self._across, []
        for name, count in (
            ("left", self._mesh.shifters),
            ("middle", self._size),
            ("right", self._mesh.shifters),
        ):
            z = np.empty((1, blocks * count), np.float32)
            fill_gaussian(stream.child(f"photonic_mesh/{name}").key, np.uint64(0), z)
            found.append(1 + self._mesh.phase_spread * z.reshape(blocks, count).astype(np.float64))
        return found


_STATE = ("target", "pending", "writes")
