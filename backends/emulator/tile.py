"""Rows of tiles: arrays that share some of a layer's inputs, with noise and converters of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.conversion import OutputConverters
from hwnoise.backends.emulator.read import View
from hwnoise.backends.emulator.release_view import ReleaseView
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate
from hwnoise.tiling import Tiling, partition

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class TileRow:
    """One row of tiles of a layer.

    Attributes
    ----------
    inputs : slice
        Input lines it takes.
    whole : bool
        Whether these are all lines of the layer.
    converters : OutputConverters
    read_key : uint64
        Of the noise that is new at every read.
    held_keys : (3,) uint64
        Of the bands that move within a block.
    """

    inputs: slice
    whole: bool
    converters: OutputConverters
    read_key: Any
    held_keys: Any

    def part(self, view: View | ReleaseView) -> View | ReleaseView:
        """The devices of this row of tiles."""
        if self.whole:
            return view
        if isinstance(view, ReleaseView):
            return view.part(self.inputs, self.read_key)
        weight, fresh, held = (
            None if a is None else a[self.inputs] for a in (view.weight, view.fresh, view.held)
        )
        assert weight is not None
        curve = {power: a[self.inputs] for power, a in view.curve.items()}
        return View(weight, fresh, held, self.read_key, self.held_keys, curve)


def tiling_of(substrate: Substrate, n_in: int, n_out: int) -> Tiling:
    """How a layer is split over arrays of this kind; over one as large as the layer if they have no size."""
    if substrate.tile is None:
        return partition(n_in, n_out, n_in, n_out)
    return substrate.tile.partition(n_in, n_out)


def tile_rows(substrate: Substrate, tiling: Tiling, stream: Stream, serial: int = 0) -> list[TileRow]:
    """The rows of tiles of one layer; a single one draws what the layer would draw without tiles.

    ``serial`` counts the slices of a bit-serial input: the same tiles, read again, with noise of its own.
    """
    count, n_out = len(tiling.row_slices), tiling.column_slices[-1].stop
    uneven, bent = _converter_spread(substrate, stream, (count, n_out))
    rows = []
    for number, inputs in enumerate(tiling.row_slices):
        own = stream.child(f"tile/{number}") if number else stream
        held = np.array([own.child(f"one_over_f/{k}").key for k in (1, 2, 3)], np.uint64)
        now = own.child(f"slice/{serial}") if serial else own
        gain, offset = (uneven[0][number], uneven[1][number]) if uneven else (None, None)
        deviation = None if bent is None else bent[number]
        out = OutputConverters(
            substrate.adc, now.child("adc").key, gain, offset,
            substrate.output_noise, now.child("output_noise").key, deviation,
        )  # fmt: skip
        rows.append(TileRow(inputs, count == 1 and not serial, out, now.child("read").key, held))
    return rows


def _converter_spread(
    substrate: Substrate, stream: Stream, shape: tuple[int, int]
) -> tuple[tuple[Floats, Floats] | None, Floats | None]:
    """Gains and offsets of the converters (row tiles, n_out) of one layer, and the places of their codes."""
    mismatch, bent, adc = substrate.converter_mismatch, substrate.adc_nonlinearity, substrate.adc
    uneven = None if mismatch is None else mismatch.draw(stream.child("converter_mismatch"), shape)
    if bent is None or adc is None:
        return uneven, None
    return uneven, bent.draw(stream.child("adc_nonlinearity"), shape, adc.levels)
