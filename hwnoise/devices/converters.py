"""DAC and ADC: uniform converters with a range (eq:dac, eq:adc)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hwnoise.devices.effect import Effect


class _Converter(Effect):
    bits: int = Field(8, ge=2, le=24)

    @property
    def levels(self) -> int:
        """Magnitudes above zero; sign-magnitude converters have two zeros and lose one code."""
        return int(2 ** (self.bits - 1) - 1)


class Dac(_Converter):
    """Input converter.

    Attributes
    ----------
    bits : int
        Resolution including the sign, 2 to 24.
    range : "vector" or float
        Full scale: each input vector's own largest magnitude (rescaled digitally after the
        array), or a fixed value > 0 in input units, beyond which the input clips.
    """

    range: Literal["vector"] | float = "vector"


class Adc(_Converter):
    """Output converter.

    Attributes
    ----------
    bits : int
        Resolution including the sign, 2 to 24.
    range : float
        Full scale in units of (full-scale input) x (full-scale weight), > 0; beyond it clips.
    """

    range: float = Field(10.0, gt=0)
