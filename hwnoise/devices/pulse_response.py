"""Step models: how far one pulse moves a device, against where it stands (eq:pulse)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Floats = NDArray[np.float32]
Normal = Callable[[str], Floats]
Kind = Literal["constant", "affine", "exponential", "power", "piecewise"]
Number = Annotated[float, Field(ge=-1e3, le=1e3)]
Positive = Annotated[float, Field(gt=0, le=1e3)]
Nodes = Annotated[tuple[Annotated[float, Field(ge=0, le=1e3)], ...], Field(min_length=2, max_length=64, strict=False)]


@dataclass(frozen=True)
class Range:
    """Bounds that devices have on average, and those that each has (size,) [weight]."""

    low: float
    high: float
    lows: Floats
    highs: Floats


class Response(BaseModel):
    """What the step models share; gains are a device's own factors on the step, about 1.

    Attributes
    ----------
    kind : str
        The kernel's name of its formula.
    step : float
        Mean step D [weight] of one pulse at weight 0, up to 10.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)
    kind: ClassVar[Kind] = "constant"

    step: float = Field(default=0.001, gt=0, le=10)

    def bounds(self, low: float, high: float) -> tuple[float, float]:
        """Mean bounds of the devices, where the weight range asked for is ``low`` to ``high``."""
        return low, high

    def pulse_size(self, low: float, high: float) -> float:
        """Mean step of one pulse [weight], as the periphery knows it."""
        return self.step

    def cells(self, up: Floats, down: Floats, span: Range, normal: Normal) -> list[Floats]:
        """Constants of each device beside its bounds, from its gains: D+, D- and perhaps two slopes."""
        return [self.step * up, self.step * down]

    def curve(self) -> list[list[float]]:
        """What all devices share, up and down, in the kernel's order."""
        return [[0.0], [0.0]]

    def noise(self, s: float) -> tuple[float, float, float, float]:
        """Standard deviation of a pulse with cycle noise ``s``, per D±, 1, mean step, and abs(w)."""
        return 0.0, 0.0, s, 0.0

    def offset(self, cells: list[Floats], span: Range, normal: Normal) -> Floats:
        """What the reference device subtracts at a read [weight], per device."""
        return np.zeros(len(span.lows), np.float32)


class ConstantStep(Response):
    """``w += D+ (1 + s z)`` wherever the device stands (eq:pulse-constant)."""

    shape: Literal["constant_step"] = "constant_step"

    def noise(self, s: float) -> tuple[float, float, float, float]:
        """Of constant size: additive and multiplicative noise are one."""
        return s, 0.0, 0.0, 0.0


class _Affine(Response):
    kind: ClassVar[Kind] = "affine"
    cycle_noise_law: Literal["additive", "multiplicative"] = "additive"

    def noise(self, s: float) -> tuple[float, float, float, float]:
        """``s D±`` if additive, ``s`` times the mean step if multiplicative."""
        return (s, 0.0, 0.0, 0.0) if self.cycle_noise_law == "additive" else (0.0, 0.0, s, 0.0)


class LinearStep(_Affine):
    """``w += D+ (1 - c+ w / w_max)``, with the mean bounds (eq:pulse-linear).

    Attributes
    ----------
    slope_up, slope_down : float
        c+ and c-: by which share the step has shrunk at the bound, -1000 to 1000.
    slope_spread : float
        Standard deviation of c+ and c- over devices, >= 0.
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
        c_up = np.float32(self.slope_up) + self.slope_spread * normal("slope_up")
        c_down = np.float32(self.slope_down) + self.slope_spread * normal("slope_down")
        return [rise, fall, rise * c_up / _nonzero(span.high), fall * c_down / _nonzero(span.low)]


class SoftBounds(_Affine):
    """``w += D+ (1 - w / b_max)``: steps shrink to nothing at the device's own bounds (eq:pulse-soft-bounds)."""

    shape: Literal["soft_bounds"] = "soft_bounds"

    def cells(self, up: Floats, down: Floats, span: Range, normal: Normal) -> list[Floats]:
        """D+, D-, D+ / b_max and D- / b_min."""
        rise, fall = self.step * up, self.step * down
        return [rise, fall, rise / span.highs, fall / span.lows]


class SoftBoundsReference(SoftBounds):
    """Soft bounds, read against a reference device: ``w - ref`` (eq:pulse-reference).

    Attributes
    ----------
    reference, reference_spread : float
        Mean [weight] of the reference and its spread over devices.
    subtract_symmetry_point : bool
        Whether the weight at which the device's up and down steps are equal is subtracted too.
    """

    shape: Literal["soft_bounds_reference"] = "soft_bounds_reference"  # type: ignore[assignment]

    reference: float = Field(default=0.0, ge=-10, le=10)
    reference_spread: float = Field(default=0.0, ge=0, le=10)
    subtract_symmetry_point: bool = False

    def offset(self, cells: list[Floats], span: Range, normal: Normal) -> Floats:
        """The symmetry point, if subtracted, and the reference's own value."""
        value = self.reference + self.reference_spread * normal("reference")
        if self.subtract_symmetry_point:
            slopes = cells[2] - cells[3]  # 0 in a corrupt device, whose symmetry point is anywhere
            value += np.divide(cells[0] - cells[1], slopes, out=np.zeros_like(slopes), where=slopes != 0)
        return value.astype(np.float32)
