"""Retention: measured tables of how stored values move and spread over days (eq:retention)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hwnoise.devices.effect import Effect, Handles

Floats = NDArray[np.float64]
DAY = 86400.0  # s
Number = Annotated[float, Field(ge=-1e6, le=1e6)]


class Retention(Effect):
    """``g(t) = pos(m + A (1 - exp(-m / B)) z)``, ``m = g + p(g)``; A, B and p between measured days.

    Attributes
    ----------
    days : tuple of float
        When the array was measured, from 0, increasing; nothing is known beyond the last.
    amplitude, scale : tuple of float
        A and B [unit of g_max] of each day.
    polynomials : tuple of tuple of float
        Coefficients of the mean change p, lowest power first, of each day.
    """

    enters = "weight"
    time_scale: ClassVar[Literal["read", "memory", "write"]] = "write"

    days: Annotated[tuple[Number, ...], Field(min_length=2, max_length=100, strict=False)]
    amplitude: Annotated[tuple[Number, ...], Field(strict=False)]
    scale: Annotated[tuple[Number, ...], Field(strict=False)]
    polynomials: Annotated[
        tuple[Annotated[tuple[Number, ...], Field(min_length=1, max_length=16, strict=False)], ...],
        Field(strict=False),
    ]
    handles: Handles = ("readback",)

    @model_validator(mode="after")
    def _tables_agree(self) -> Retention:
        lengths = {len(self.days), len(self.amplitude), len(self.scale), len(self.polynomials)}
        if len(lengths) > 1:
            raise ValueError("days, amplitude, scale and polynomials must have one entry per day each")
        if self.days[0] != 0 or np.any(np.diff(self.days) <= 0):
            raise ValueError("days must start at 0 and increase")
        if min(self.scale) <= 0 or min(self.amplitude) < 0:
            raise ValueError("scale must be above 0 and amplitude at least 0")
        return self

    def settle(self, x: Floats, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """What a device keeps of being programmed to ``x``: its own normal draw."""
        return z

    def age(
        self, g: NDArray[np.float32], z: NDArray[np.float32], seconds: Floats, low: float, high: float
    ) -> NDArray[np.float32]:
        """Stored value (planes, n) of devices programmed to ``g``, ``seconds`` (n,) ago.

        After the last day, as on the last day.
        """
        day = np.clip(np.asarray(seconds, float) / DAY, 0.0, self.days[-1])
        after = np.clip(np.searchsorted(self.days, day, side="right"), 1, len(self.days) - 1)
        days, stored = np.asarray(self.days), g.astype(np.float64)
        part = (day - days[after - 1]) / (days[after] - days[after - 1])
        change = (1 - part) * self._change(after - 1, stored) + part * self._change(after, stored)
        mean = stored + change
        amplitude, scale = (np.interp(day, days, table) for table in (self.amplitude, self.scale))
        aged = np.maximum(mean - amplitude * np.expm1(-mean / scale) * z, 0.0)
        return np.asarray(aged, np.float32)

    def _change(self, index: NDArray[np.int64], g: Floats) -> Floats:
        each = [np.polynomial.polynomial.polyval(g, np.asarray(p)) for p in self.polynomials]
        return np.asarray(np.choose(np.broadcast_to(index, np.shape(g)), each))
