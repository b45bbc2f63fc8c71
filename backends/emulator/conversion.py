"""Converters of a layer: inputs to lines, and what the columns of one row of tiles put out to digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Probe
from hwnoise.devices.converters import Adc, Dac
from hwnoise.kernels import converters

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Drive:
    """Rows of inputs as the lines of a layer are driven with them, each a read at its own tick.

    Attributes
    ----------
    q : (rows, n_in) float32
        Relative to the full scale.
    scale : (rows,) float32
        Full scale of each row, in input units.
    tick : int
        Of row 0; row r is read at ``tick + r``.
    quiet : (rows,) bool, optional
        Rows read with all noise switched off that moves within a block of reads.
    probe : Probe
        Says which rows belong to which pass.
    """

    q: Floats
    scale: Floats
    tick: int
    quiet: Mask | None
    probe: Probe

    def still(self, block: slice) -> Mask | None:
        """Which rows of ``block`` are quiet."""
        return None if self.quiet is None else self.quiet[block]


class InputConverters:
    """The DAC of every input line; without one, inputs pass as they are."""

    def __init__(self, dac: Dac | None, key: Any) -> None:
        self._dac, self._key = dac, key

    def drive(self, x: Floats, tick: int, quiet: Mask | None, probe: Probe) -> Drive:
        """Convert ``x`` (rows, n_in): normalised to [-1, 1], with the full scale of each row."""
        dac, scale = self._dac, np.ones(len(x), np.float32)
        if dac is None:
            return Drive(np.ascontiguousarray(x, np.float32), scale, tick, quiet, probe)
        q = np.empty(x.shape, np.float32)
        at_once = dac.levels if dac.rounding == "nearest" else 0
        if dac.range == "vector":
            converters.dac_vector(x, at_once, q, scale)
        else:
            converters.dac_fixed(x, np.float32(dac.range), at_once, q)
            scale[:] = dac.range
        if not at_once:
            _round(q, 1.0, dac.levels, quiet, self._key, tick)
        return Drive(q, scale, tick, quiet, probe)


class OutputConverters:
    """The ADC of every column of one row of tiles; without one, outputs are only rescaled.

    Parameters
    ----------
    adc : Adc, optional
    key : uint64
        Of its stochastic rounding.
    gain, offset : (n_out,) float32, optional
        What each converter does to its input; the offset is in units of its full scale.
    """

    def __init__(self, adc: Adc | None, key: Any, gain: Floats | None, offset: Floats | None) -> None:
        self._adc, self._key, self._gain, self._offset = adc, key, gain, offset
        self.full_scale = adc.range if adc else 1.0

    def convert(
        self, y: Floats, drive: Drive, block: slice, full_scale: float, weight_range: Floats, bias: Floats
    ) -> None:
        """Turn ``y`` (rows, n_out), read in ``block`` of ``drive``, into node values, in place."""
        if self._gain is not None and self._offset is not None:
            y *= self._gain
            y += self._offset * np.float32(full_scale)
        adc, at_once = self._adc, 0
        if adc is not None and adc.rounding == "nearest":
            at_once = adc.levels
        elif adc is not None:
            _round(y, full_scale, adc.levels, drive.still(block), self._key, drive.tick + block.start)
        scale = drive.scale[block]
        converters.adc(y, scale, at_once, np.float32(full_scale), weight_range, bias, y)


def _round(y: Floats, full_scale: float, levels: int, quiet: Mask | None, key: Any, tick: int) -> None:
    nearest = np.zeros(len(y), np.bool_) if quiet is None else quiet
    converters.round_stochastically(y, np.float32(full_scale), levels, nearest, key, np.uint64(tick))
