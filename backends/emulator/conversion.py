"""Converters of a layer: inputs to lines, and what the columns of one row of tiles put out to digits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.active import Active
from hwnoise.devices.converters import Adc, Dac
from hwnoise.devices.output_noise import OutputNoise
from hwnoise.kernels import adc_nonlinearity, converters
from hwnoise.kernels.gaussian import fill_gaussian

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
    steps : int
        Rows that a pass of a sample has: 1 without time.
    active : Active, optional
        Inputs of 0 and 1 as lists, where few are 1.
    """

    q: Floats
    scale: Floats
    tick: int
    quiet: Mask | None
    probe: Probe
    steps: int = 1
    active: Active | None = None

    def still(self, block: slice) -> Mask | None:
        """Which rows of ``block`` are quiet."""
        return None if self.quiet is None else self.quiet[block]


class InputConverters:
    """The DAC of every input line; without one, inputs pass as they are."""

    def __init__(self, dac: Dac | None, key: Any) -> None:
        self.dac, self.key = dac, key

    def drive(self, x: Floats, tick: int, quiet: Mask | None, probe: Probe) -> Drive:
        """Convert ``x`` (rows, n_in): normalised to [-1, 1], with the full scale of each row."""
        dac, scale = self.dac, np.ones(len(x), np.float32)
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
            _round(q, 1.0, dac.levels, quiet, self.key, tick)
        return Drive(q, scale, tick, quiet, probe)

    def slices(self, whole: Drive) -> list[Drive]:
        """The drives that carry ``whole``, the most significant digits first (eq:dac-slice)."""
        dac = self.dac
        if dac is None or dac.slice_bits is None:
            return [whole]
        drives, base = [], 2**dac.slice_bits
        for place in reversed(range(dac.slices)):
            q = np.empty_like(whole.q)
            converters.dac_slice(whole.q, dac.levels, base, place, q)
            weight = np.float32((base - 1) * base**place / dac.levels)
            drives.append(replace(whole, q=q, scale=whole.scale * weight))
        return drives


@dataclass(frozen=True)
class OutputConverters:
    """The ADC of every column of one row of tiles; without one, outputs are only rescaled.

    Attributes
    ----------
    adc : Adc, optional
    key : uint64
        Of its stochastic rounding.
    gain, offset : (n_out,) float32, optional
        What each converter does to its input; the offset is in units of its full scale.
    noise : OutputNoise, optional
        On the array's output, before all of this.
    noise_key : uint64
    deviation : (n_out, levels + 1) float32, optional
        Of each converter's codes, in levels.
    """

    adc: Adc | None
    key: Any
    gain: Floats | None = None
    offset: Floats | None = None
    noise: OutputNoise | None = None
    noise_key: Any = None
    deviation: Floats | None = None

    @property
    def full_scale(self) -> float:
        """Range of the converter."""
        return self.adc.range if self.adc else 1.0

    def convert(
        self, y: Floats, drive: Drive, block: slice, full_scale: float, weight_range: Floats, bias: Floats
    ) -> None:
        """Turn ``y`` (rows, n_out), read in ``block`` of ``drive``, into node values, in place."""
        if self.noise is not None:
            self._add_noise(y, drive, block, np.float32(self.noise.sigma_at(full_scale)))
        if self.gain is not None and self.offset is not None:
            y *= self.gain
            y += self.offset * np.float32(full_scale)
        if self.deviation is not None:
            adc_nonlinearity.bend(y, np.float32(full_scale), self.deviation)
        adc, at_once = self.adc, 0
        if adc is not None and adc.rounding == "nearest":
            at_once = adc.levels
        elif adc is not None and adc.rounding == "floor":
            converters.round_down(y, np.float32(full_scale), adc.levels)
        elif adc is not None:
            _round(y, full_scale, adc.levels, drive.still(block), self.key, drive.tick + block.start)
        scale = drive.scale[block]
        converters.adc(y, scale, at_once, np.float32(full_scale), weight_range, bias, y)

    def clip_sums(self, y: Floats, scale: Floats, weight_range: Floats) -> None:
        """Clip sums ``y`` (rows, n_out) of converted values to what one of them can be (eq:sum-clip)."""
        assert self.adc is not None
        unit = scale[:, None] * weight_range
        np.clip(y, np.float32(self.adc.lowest) * unit, np.float32(self.adc.range) * unit, out=y)

    def _add_noise(self, y: Floats, drive: Drive, block: slice, sigma: np.float32) -> None:
        """Add white noise to every output of every row that is not quiet (eq:output-noise)."""
        z, still = np.empty_like(y), drive.still(block)
        fill_gaussian(self.noise_key, np.uint64(drive.tick + block.start), z)
        z *= sigma
        if still is not None:
            z[still] = 0
        y += z


def _round(y: Floats, full_scale: float, levels: int, quiet: Mask | None, key: Any, tick: int) -> None:
    nearest = np.zeros(len(y), np.bool_) if quiet is None else quiet
    converters.round_stochastically(y, np.float32(full_scale), levels, nearest, key, np.uint64(tick))
