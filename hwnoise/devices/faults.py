"""Faults: devices stuck at one conductance, and lines that do not conduct (eq:stuck, eq:dead-lines)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hwnoise.devices.effect import Effect
from hwnoise.kernels import faults as kernel
from hwnoise.kernels.bernoulli import fill_bernoulli
from hwnoise.streams import Stream

Rate = Annotated[float, Field(ge=0, le=1)]
Shape = tuple[int, int, int]
KINDS = ("stuck_low", "stuck_high", "stuck_between")  # their order divides the uniform draw
BETWEEN, CUT_OFF = 3, 4  # fates; 0 is a good device


@dataclass(frozen=True)
class FaultMap:
    """The faulty devices of one array: drawn from rates, or measured on a chip.

    Attributes
    ----------
    where : (n,) int64
        Flat indices into conductances of shape (planes, n_in, n_out).
    conductance : (n,) float32 [µS]
        What each conducts, whatever is written to it.
    counts : dict of str to int
        Devices of each stuck kind, ``"cut_off"`` devices on dead lines, and the dead lines themselves.
    """

    where: NDArray[np.int64]
    conductance: NDArray[np.float32]
    counts: dict[str, int]

    def hold(self, g: NDArray[np.float32]) -> None:
        """Put the faulty devices of ``g`` (planes, n_in, n_out) [µS] at their conductance, in place."""
        np.put(g, self.where, self.conductance)


class Faults(Effect):
    """Faults are drawn once per chip and outlive every write.

    Attributes
    ----------
    stuck_low, stuck_high : float
        Fraction of devices that stay at the lowest, at the highest conductance, in [0, 1].
    stuck_between : float
        Fraction that stays at a conductance of its own, uniform between the two, in [0, 1].
    dead_rows : float
        Fraction of input lines that are interrupted, in [0, 1]; all planes of devices share them.
    dead_columns : float
        Fraction of output lines that are interrupted, in [0, 1]; each plane has its own.
    """

    stuck_low: Rate = 0.0
    stuck_high: Rate = 0.0
    stuck_between: Rate = 0.0
    dead_rows: Rate = 0.0
    dead_columns: Rate = 0.0

    @model_validator(mode="after")
    def _a_device_has_one_fate(self) -> Faults:
        total = sum(self._rates())
        if total > 1 + 1e-12:
            raise ValueError(f"{' + '.join(KINDS)} must be at most 1, not {total:.6g}")
        return self

    def draw(
        self,
        stream: Stream,
        shape: Shape,
        lowest: float,
        highest: float,
        tile: tuple[int, int] | None = None,
        column_tile: NDArray[np.int64] | None = None,
    ) -> FaultMap:
        """Draw the faults of one array.

        Parameters
        ----------
        stream : Stream
            Of this array; the map is a pure function of it.
        shape : (planes, n_in, n_out)
        lowest, highest : float [µS]
            What stuck devices conduct.
        tile : (rows, columns), optional
            Lines end at the edges of a tile this large; by default the array is one tile. Stuck
            devices do not depend on it.
        column_tile : (n_out,) int64, optional
            Which column of tiles each output lies on, where they do not simply follow each other.
        """
        fates = np.empty((1, int(np.prod(shape))), np.uint8)
        kernel.fill_fates(stream.child("devices").key, np.uint64(0), self._edges(), fates)
        high, wide = tile or shape[1:]
        across = np.arange(shape[2]) // wide if column_tile is None else column_tile
        lines = self._cut(stream, np.arange(shape[1]) // high, across, fates.reshape(shape))
        where = np.flatnonzero(fates)
        kinds = fates[0, where]
        g = np.array([0, lowest, highest, 0, 0], np.float32)[kinds]
        u = np.empty(np.count_nonzero(kinds == BETWEEN), np.float32)
        kernel.fill_uniform_at(stream.child("between").key, where[kinds == BETWEEN], u)
        g[kinds == BETWEEN] = lowest + (highest - lowest) * u
        number = np.bincount(kinds, minlength=CUT_OFF + 1).tolist()
        return FaultMap(where, g, dict(zip((*KINDS, "cut_off"), number[1:], strict=True)) | lines)

    def _rates(self) -> list[float]:
        return [getattr(self, kind) for kind in KINDS]

    def _edges(self) -> NDArray[np.uint64]:
        cumulative = np.minimum(np.cumsum(self._rates()), 1.0)
        return np.asarray(np.floor(cumulative * 2.0**32), np.uint64)

    def _cut(
        self,
        stream: Stream,
        row_tile: NDArray[np.int64],
        column_tile: NDArray[np.int64],
        fates: NDArray[np.uint8],
    ) -> dict[str, int]:
        """Cut the devices on dead lines off, and count the lines."""
        planes, n_in, n_out = fates.shape
        rows = np.empty((int(column_tile.max()) + 1, n_in), np.bool_)
        columns = np.empty((planes * (int(row_tile.max()) + 1), n_out), np.bool_)
        fill_bernoulli(stream.child("rows").key, np.uint64(0), self.dead_rows, rows)
        fill_bernoulli(stream.child("columns").key, np.uint64(0), self.dead_columns, columns)
        if rows.any():
            fates[:, rows.T[:, column_tile]] = CUT_OFF
        if columns.any():
            fates[columns.reshape(planes, -1, n_out)[:, row_tile]] = CUT_OFF
        return {"dead_rows": int(rows.sum()), "dead_columns": int(columns.sum())}
