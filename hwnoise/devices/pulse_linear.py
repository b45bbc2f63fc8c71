"""Step models linear in the weight: constant, linear, soft bounds (eq:pulse-linear)."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from hwnoise.devices.pulse_response import Floats, Kind, Normal, Range, Response, Stepped, spread_out

Number = Annotated[float, Field(ge=-1e3, le=1e3)]


class ConstantStep(Stepped):
    """``w += D+ (1 + s z)`` wherever the device stands (eq:pulse-constant)."""

    shape: Literal["constant_step"] = "constant_step"

    def noise(self, s: float, low: float, high: float) -> tuple[float, float, float, float]:
        """Of constant size: additive and multiplicative noise are one."""
        return s, 0.0, 0.0, 0.0


class _Affine(Response):
    kind: ClassVar[Kind] = "affine"
    straddles: ClassVar[bool] = True

    cycle_noise_law: Literal["additive", "multiplicative"] = "additive"

    def noise(self, s: float, low: float, high: float) -> tuple[float, float, float, float]:
        """``s D±`` if additive, ``s`` times the mean step if multiplicative."""
        return (s, 0.0, 0.0, 0.0) if self.cycle_noise_law == "additive" else (0.0, 0.0, s, 0.0)


class LinearStep(_Affine, Stepped):
    """``w += D+ (1 - c+ w / w_max)``, with the mean bounds (eq:pulse-linear).

    Attributes
    ----------
    slope_up, slope_down : float
        c+ and c-: by which share the step has shrunk at the bound, -1000 to 1000.
    slope_spread : float
        Standard deviation of c+ and c- over devices, 0 to 10.
    cycle_noise_law : str
        ``"additive"`` (``s D`` at every weight) or ``"multiplicative"`` (shrinks with the step).
    """

    shape: Literal["linear_step"] = "linear_step"

    slope_up: Number
    slope_down: Number
    slope_spread: float = Field(default=0.0, ge=0, le=10)

    def cells(self, up: Floats, down: Floats, span: Range, normal: Normal) -> list[Floats]:
        """D+, D-, D+ c+ / w_max and D- c- / w_min."""
        rise, fall = self.step * up, self.step * down
        c_up = self.slope_up + self.slope_spread * normal("slope_up")
        c_down = self.slope_down + self.slope_spread * normal("slope_down")
        return [rise, fall, rise * c_up / span.high, fall * c_down / span.low]


class _SoftBounds(_Affine, Stepped):
    def cells(self, up: Floats, down: Floats, span: Range, normal: Normal) -> list[Floats]:
        """D+, D-, D+ / b_max and D- / b_min."""
        rise, fall = self.step * up, self.step * down
        return [rise, fall, rise / span.highs, fall / span.lows]


class SoftBounds(_SoftBounds):
    """``w += D+ (1 - w / b_max)``: steps end at the device's own bounds (eq:pulse-soft-bounds)."""

    shape: Literal["soft_bounds"] = "soft_bounds"


class SoftBoundsReference(_SoftBounds):
    """Soft bounds, read against a reference device: ``w - ref`` (eq:pulse-reference).

    Attributes
    ----------
    reference, reference_spread : float
        Mean [weight] of the reference, -10 to 10, and its spread over devices, 0 to 10.
    subtract_symmetry_point : bool
        Whether the weight at which a device's up and down steps are equal is subtracted too.
    """

    shape: Literal["soft_bounds_reference"] = "soft_bounds_reference"

    reference: float = Field(default=0.0, ge=-10, le=10)
    reference_spread: float = Field(default=0.0, ge=0, le=10)
    subtract_symmetry_point: bool = False

    def offset(self, cells: list[Floats], normal: Normal) -> Floats:
        """The reference's own value, and the symmetry point if that is subtracted."""
        value = spread_out(self.reference, self.reference_spread, "reference", normal)
        if self.subtract_symmetry_point:
            value = value + (cells[0] - cells[1]) / (cells[2] - cells[3])
        return value


class SoftBoundsPmax(_Affine):
    """Soft bounds by pulse count: ``p_max`` pulses go from w_min to w_max (eq:pulse-pmax).

    Attributes
    ----------
    alpha : float
        Decay of the step per pulse, 1e-9 to 10.
    p_max : float
        Pulses across the range, 1 to 1e6.
    cycle_noise_law : str
        As of ``LinearStep``.
    """

    shape: Literal["soft_bounds_pmax"] = "soft_bounds_pmax"
    alpha: float = Field(ge=1e-9, le=10)
    p_max: float = Field(ge=1, le=1e6)

    def bounds(self, low: float, high: float) -> tuple[float, float]:
        """Where endless pulses would lead, a little beyond the range."""
        reach = (high - low) / -math.expm1(-self.alpha * self.p_max)
        return high - reach, low + reach

    def pulse_size(self, low: float, high: float) -> float:
        """Mean of the up and the down step at weight 0."""
        low, high = self.bounds(low, high)
        return -math.expm1(-self.alpha) * (high - low) / 2

    def cells(self, up: Floats, down: Floats, span: Range, normal: Normal) -> list[Floats]:
        """D+ and D- at weight 0, and both over the device's own bounds."""
        rate = -math.expm1(-self.alpha)
        rise, fall = rate * span.high * up, -rate * span.low * down
        return [rise, fall, rise / span.highs, fall / span.lows]
