"""One constant: what an event costs, who says so, and how they know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hwnoise import validation
from hwnoise.errors import InputError

Quantity = Literal["energy", "latency", "power"]
Kind = Literal["measured", "modelled", "simulated", "digitised", "vendor", "user"]

_PREFIXES = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "µ": 1e-6, "m": 1e-3, "": 1.0}
UNITS: dict[str, tuple[Quantity, float]] = {
    **{f"{prefix}J": ("energy", scale) for prefix, scale in _PREFIXES.items()},
    **{f"{prefix}s": ("latency", scale) for prefix, scale in _PREFIXES.items()},
    "W": ("power", 1.0),
}
_AMOUNT = re.compile(r"\s*([0-9.eE+-]+)\s*([a-zA-Zµμ]+)\s*")


class Constant(BaseModel):
    """What one event costs.

    Attributes
    ----------
    event : str
        The counter in ``Program.events`` that it multiplies; empty for a yardstick, a whole task
        that was measured and is shown for comparison only.
    value : float
        In ``unit``, >= 0.
    unit : str
        fJ to J (energy), fs to s (latency), W (power, yardsticks only).
    low, high : float, optional
        Range in which the source puts it; ``value`` lies inside.
    covers : tuple of str
        Other counters whose cost is contained in this value.
    bits_in, bits_out : int, optional
        Resolution of the converters for which it holds.
    kind : str
        ``"measured"``, ``"modelled"``, ``"simulated"``, ``"digitised"`` (measured, read off a
        figure), ``"vendor"`` or ``"user"``.
    source, year, node, voltage, note : str, int, str, str, str
        Who published it; node and voltage are empty where the source does not give them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    event: str = Field(default="", max_length=100)
    value: float = Field(ge=0)
    unit: str
    low: float | None = Field(default=None, ge=0)
    high: float | None = Field(default=None, ge=0)
    covers: Annotated[tuple[str, ...], Field(strict=False)] = ()
    bits_in: int | None = Field(default=None, ge=1, le=64)
    bits_out: int | None = Field(default=None, ge=1, le=64)
    kind: Kind = "user"
    source: str = "given by the user"
    year: int | None = Field(default=None, ge=1900, le=2100)
    node: str = ""
    voltage: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _is_a_range_of_a_known_unit(self) -> Constant:
        if self.unit not in UNITS:
            raise ValueError(f"unit '{self.unit}' is none of {', '.join(UNITS)}")
        if self.quantity == "power" and self.event:
            raise ValueError(f"an event has an energy or a latency, and no power in {self.unit}")
        if not self.bounds[0] <= self.value <= self.bounds[1]:
            raise ValueError(
                f"value {self.value} lies outside its range {self.bounds[0]} to {self.bounds[1]}"
            )
        return self

    @property
    def quantity(self) -> Quantity:
        """``"energy"``, ``"latency"`` or ``"power"``, from the unit."""
        return UNITS[self.unit][0]

    @property
    def bounds(self) -> tuple[float, float]:
        """Range in ``unit``; the value itself where the source gives none."""
        return (
            self.value if self.low is None else self.low,
            self.value if self.high is None else self.high,
        )

    @property
    def si(self) -> tuple[float, float, float]:
        """Value, low and high in J, s or W."""
        low, high = self.bounds
        scale = UNITS[self.unit][1]
        return self.value * scale, low * scale, high * scale

    @property
    def bits(self) -> tuple[int, int] | None:
        """Resolution of input and output converter, or None if the constant does not depend on it."""
        return (
            None
            if self.bits_in is None and self.bits_out is None
            else (self.bits_in or 0, self.bits_out or 0)
        )


def parse(table: Mapping[str, Any], where: str) -> Constant:
    """Validate one table; ``where`` names it in errors."""
    try:
        return Constant.model_validate(dict(table))
    except ValidationError as error:
        raise validation.sentence(error, where, Constant.model_fields) from None


def from_text(event: str, text: object, where: str) -> Constant:
    """Make a constant of the user's from ``"100 pJ"``.

    Raises
    ------
    InputError
        If it is no number with a unit.
    """
    found = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    try:
        value = float(found[1]) if found else float("nan")
    except ValueError:
        value = float("nan")
    if found is None or value != value:
        raise InputError(
            f"{where}: {event} must be a number with a unit, such as '100 pJ', not {str(text)[:60]!r}"
        )
    unit = found[2].replace("\N{GREEK SMALL LETTER MU}", "µ")
    unit = f"µ{unit[1:]}" if unit in ("uJ", "us") else unit
    return parse({"event": event, "value": value, "unit": unit}, where)
