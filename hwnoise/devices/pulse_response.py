"""What every step model answers: how far one pulse moves a device (eq:pulse)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Floats = NDArray[np.float32]
Normal = Callable[[str], Floats]  # a named draw per device
Kind = Literal["constant", "affine", "exponential", "power", "piecewise"]


@dataclass(frozen=True)
class Range:
    """Bounds [weight] that devices have on average, and those that each has (size,)."""

    low: float
    high: float
    lows: Floats
    highs: Floats


class Response(BaseModel, ABC):
    """What the step models share; gains are a device's own factors on its step, about 1."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)
    kind: ClassVar[Kind] = "constant"  # the kernel's name of the formula
    straddles: ClassVar[bool] = False  # whether the formula divides by both bounds

    def bounds(self, low: float, high: float) -> tuple[float, float]:
        """Mean bounds of the devices, where the weight range asked for is ``low`` to ``high``."""
        return low, high

    @abstractmethod
    def pulse_size(self, low: float, high: float) -> float:
        """Mean step D [weight] of one pulse, all that the periphery knows of it."""

    @abstractmethod
    def cells(self, up: Floats, down: Floats, span: Range, normal: Normal) -> list[Floats]:
        """Constants of each device beside its bounds, from its gains: D+, D- and perhaps two slopes."""

    def curve(self) -> list[list[float]]:
        """What all devices share, up and down, in the kernel's order."""
        return [[0.0], [0.0]]

    def noise(self, s: float, low: float, high: float) -> tuple[float, float, float, float]:
        """Standard deviation of a pulse with cycle noise ``s``, per D±, 1, mean step, and abs(w)."""
        return 0.0, 0.0, s, 0.0

    def offset(self, cells: list[Floats], normal: Normal) -> Floats:
        """What the reference subtracts at a read [weight], per device or (1,) for all."""
        return np.zeros(1, np.float32)


class Stepped(Response):
    """Models whose step at weight 0 is a parameter.

    Attributes
    ----------
    step : float
        Mean step D [weight], 1e-9 to 10; of the factor on it, see each model.
    """

    step: float = Field(default=0.001, ge=1e-9, le=10)

    def pulse_size(self, low: float, high: float) -> float:
        """The step itself."""
        return self.step

    def cells(self, up: Floats, down: Floats, span: Range, normal: Normal) -> list[Floats]:
        """D+ and D-."""
        return [self.step * up, self.step * down]


def spread_out(mean: float, sigma: float, name: str, normal: Normal) -> Floats:
    """Values (size,) about ``mean``, or the one value (1,) that all share."""
    return np.full(1, mean, np.float32) if sigma == 0 else np.float32(mean) + np.float32(sigma) * normal(name)
