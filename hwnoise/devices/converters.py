"""DAC and ADC: uniform converters with a range (eq:dac, eq:dac-slice, eq:adc)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from hwnoise.devices.effect import Effect

MAX_BITS = 22  # with more, float32 products and inverses would not tell neighbouring levels apart


class _Converter(Effect):
    bits: int = Field(default=8, ge=2, le=MAX_BITS)

    @property
    def levels(self) -> int:
        """Magnitudes above zero; sign-magnitude converters have two zeros and lose one code."""
        return int(2 ** (self.bits - 1) - 1)

    @model_validator(mode="before")
    @classmethod
    def _shows_its_rounding(cls, table: Any) -> Any:
        """Stochastic rounding is a noise like any other: two passes differ by it."""
        if isinstance(table, dict) and table.get("rounding") == "stochastic":
            return {"handles": ("paired", "mean_subtracted"), **table}
        return table


class Dac(_Converter):
    """Input converter.

    Attributes
    ----------
    bits : int
        Resolution including the sign, 2 to 22.
    rounding : str
        ``"nearest"`` level, ties to even; or ``"stochastic"``: one of the two levels beside the
        value, right on average (eq:stochastic-rounding), a new draw per value and read.
    range : "vector" or float
        Full scale: each input vector's own largest magnitude (rescaled digitally after the
        array), or a fixed value from 1e-6 to 1e6 in input units, beyond which the input clips.
    slice_bits : int, optional
        Bits of the magnitude that are sent at a time, 1 to 21: a bit-serial converter. Each slice is
        a read of the array and a conversion of its own, and digits add them up (eq:dac-slice).
    """

    rounding: Literal["nearest", "stochastic"] = "nearest"
    range: Literal["vector"] | float = "vector"
    slice_bits: int | None = Field(default=None, ge=1, le=MAX_BITS - 1)

    @property
    def slices(self) -> int:
        """Reads of the array for one input vector."""
        return 1 if self.slice_bits is None else -(-(self.bits - 1) // self.slice_bits)

    @field_validator("range", mode="before")
    @classmethod
    def _is_a_range(cls, value: Any) -> Any:
        if value == "vector" or (type(value) in (int, float) and 1e-6 <= value <= 1e6):
            return value
        raise ValueError("must be 'vector' or a number from 1e-06 to 1e+06")


class Adc(_Converter):
    """Output converter.

    Attributes
    ----------
    bits : int
        Resolution including the sign, 2 to 22.
    rounding : str
        As for the input converter; or ``"floor"``: the level below, with codes in two's complement
        from ``-2**(bits - 1)``, half a level too low on average (eq:adc-floor).
    range : float
        Full scale in units of (full-scale input) x (full-scale weight), 1e-6 to 1e6; beyond it clips.
    """

    rounding: Literal["nearest", "stochastic", "floor"] = "nearest"
    range: float = Field(default=10.0, ge=1e-6, le=1e6)

    @property
    def lowest(self) -> float:
        """Least value it delivers: a level below ``-range`` in two's complement (eq:adc-floor)."""
        return -self.range * (1 + (self.rounding == "floor") / self.levels)
