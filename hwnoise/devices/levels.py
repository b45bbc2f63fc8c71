"""Levels: a device that holds a few conductances only (eq:nearest-level, eq:stochastic-level)."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hwnoise.devices.effect import Effect
from hwnoise.kernels import levels as kernel

Floats = NDArray[np.float64]


class Levels(Effect):
    """Targets are moved to one of the levels before they are programmed, and so before programming noise.

    Without a [conductance] table these are the magnitudes that a digital memory holds beside a sign.

    Attributes
    ----------
    count : int, optional
        That many levels at equal distances from 0 to g_max, 2 to 65536.
    values : tuple of float, optional
        Or the levels themselves as ``g / g_max`` in [0, 1], rising, 2 to 65536 of them.
    rounding : str
        ``"nearest"``, or ``"stochastic"``: one of the two levels beside the target, so that the
        mean over writes is the target.
    """

    count: int | None = Field(default=None, ge=2, le=65536)
    values: Annotated[tuple[float, ...], Field(min_length=2, max_length=65536, strict=False)] | None = None
    rounding: Literal["nearest", "stochastic"] = "nearest"

    @model_validator(mode="after")
    def _one_list_of_rising_levels(self) -> Levels:
        if (self.count is None) == (self.values is None):
            raise ValueError("give either count or values")
        if self.values is not None:
            rising = all(a < b for a, b in zip(self.values[:-1], self.values[1:], strict=True))
            if not rising or self.values[0] < 0 or self.values[-1] > 1:
                raise ValueError("values must rise within 0 and 1")
        return self

    def table(self) -> Floats:
        """All levels as ``g / g_max``, rising."""
        return np.array(self.values) if self.count is None else np.linspace(0.0, 1.0, self.count)

    def nearest(self, w: NDArray[np.float32]) -> NDArray[np.float32]:
        """What a digital memory holds of weights ``w`` in shares of their range; any shape."""
        out = np.empty(w.size, np.float64)
        kernel.to_nearest_level(np.abs(w).astype(np.float64).ravel(), self.table(), out)
        return np.asarray(np.copysign(out, w.ravel()).reshape(w.shape), np.float32)

    def quantize(
        self,
        x: Floats,
        key: np.uint64,
        elements: NDArray[np.int64],
        generations: NDArray[np.uint32],
        plane: int,
    ) -> Floats:
        """Levels that targets ``x = g / g_max`` (n,) are programmed to.

        Parameters
        ----------
        x : (n,) float64
        key : uint64
            The array's stream for levels.
        elements, generations : (n,) int64, uint32
            Which weights are programmed, and for which time.
        plane : int
            Which of a weight's devices.
        """
        out = np.empty_like(x)
        if self.rounding == "nearest":
            kernel.to_nearest_level(x, self.table(), out)
            return out
        words = np.empty(len(x), np.uint32)
        kernel.write_words(elements, generations, plane, key, words)
        kernel.to_level_beside(x, self.table(), words, out)
        return out
