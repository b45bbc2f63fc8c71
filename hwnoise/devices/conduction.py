"""Current against voltage: devices that do not follow Ohm's law (eq:conduction)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hwnoise.devices.effect import Effect

Floats = NDArray[np.float64]
Coefficients = Annotated[
    tuple[Annotated[float, Field(ge=-1e3, le=1e3)], ...], Field(min_length=1, max_length=8, strict=False)
]
MICRO = 1e-6


class Conduction(Effect, ABC):
    """What the laws share. A device that conducts G near 0 V carries ``I = G (V + p V**2 + r V**3)``.

    Attributes
    ----------
    v_read : float
        Voltage of a full-scale input [V], 1e-6 to 100.
    """

    v_read: float = Field(ge=1e-6, le=100)

    ends: ClassVar[str]  # why the law ends at v_limit

    @property
    @abstractmethod
    def v_limit(self) -> float:
        """Largest voltage [V] that the law holds for."""

    @abstractmethod
    def bends(self, g: Floats) -> tuple[Floats | None, Floats]:
        """Return p [1/V] and r [1/V**2] of devices that conduct ``g`` [µS]; None where all p are 0."""

    @model_validator(mode="after")
    def _stays_within_the_law(self) -> Conduction:
        if self.v_read > self.v_limit:
            raise ValueError(f"v_read must be at most {self.v_limit:.4g} V, {self.ends}, not {self.v_read:g} V")
        return self

    def excess(self, g: NDArray[np.float32]) -> tuple[Floats | None, Floats]:
        """What is carried beyond ``g q``, in proportion to ``q**2`` and ``q**3`` (eq:conduction-sum).

        Parameters
        ----------
        g : (...) float32 [µS]

        Returns
        -------
        square : (...) float64 [µS], or None where it is 0 for every device
        cube : (...) float64 [µS]
        """
        exact = g.astype(np.float64)
        p, r = self.bends(exact)
        return None if p is None else exact * p * self.v_read, exact * r * self.v_read**2

    def current(self, voltage: Floats, g: Floats) -> Floats:
        """Current [µA] of devices that conduct ``g`` [µS] near 0, at ``voltage`` [V] (eq:conduction)."""
        p, r = self.bends(g)
        square = 0.0 if p is None else p * voltage**2
        return np.asarray(g * (voltage + square + r * voltage**3))


class PolynomialConduction(Conduction):
    """``I = G V + N2(G) V**2 + N3(G) V**3``, with polynomials in ``log10(G / S)`` (eq:conduction-polynomial).

    The term in V**2 makes a device carry more in one direction than in the other.

    Attributes
    ----------
    law : str
        ``"polynomial"``.
    n2, n3 : tuple of float
        Coefficients of N2 [S/V] and of N3 [S/V**2], the constant first.
    g_low, g_high : float
        Conductances between which they were fitted [µS], 1e-6 to 1e6. A device beyond bends as one at
        the nearer end does.
    v_max : float
        Largest voltage at which they were fitted [V], of either sign, 1e-6 to 100.
    """

    ends: ClassVar[str] = "up to which the curves were fitted"

    law: Literal["polynomial"] = "polynomial"
    n2: Coefficients
    n3: Coefficients
    g_low: float = Field(ge=1e-6, le=1e6)
    g_high: float = Field(ge=1e-6, le=1e6)
    v_max: float = Field(ge=1e-6, le=100)

    @model_validator(mode="after")
    def _is_a_range(self) -> PolynomialConduction:
        if self.g_low >= self.g_high:
            raise ValueError(f"g_low must be below g_high = {self.g_high}, not {self.g_low}")
        return self

    @property
    def v_limit(self) -> float:
        """Where the fit ends [V]."""
        return self.v_max

    def bends(self, g: Floats) -> tuple[Floats | None, Floats]:
        """Return ``N2 / G`` [1/V] and ``N3 / G`` [1/V**2] at ``g`` [µS]."""
        siemens = MICRO * np.clip(g, self.g_low, self.g_high)
        decades = np.log10(siemens)
        n2, n3 = (np.polynomial.polynomial.polyval(decades, np.asarray(n)) for n in (self.n2, self.n3))
        return np.asarray(n2 / siemens), np.asarray(n3 / siemens)


class CubicConduction(Conduction):
    """``I = G (V - a V**3)``: the same curve for every device (eq:conduction-cubic).

    Attributes
    ----------
    law : str
        ``"cubic"``.
    a : float
        Bend [1/V**2], -1000 to 1000: above 0 the current grows slower than the voltage, and v_read ends
        where it would begin to fall; below 0 it grows faster.
    """

    ends: ClassVar[str] = "where the current would begin to fall"

    law: Literal["cubic"] = "cubic"
    a: float = Field(ge=-1e3, le=1e3)

    @property
    def v_limit(self) -> float:
        """Where the current has its maximum [V]."""
        return 1 / math.sqrt(3 * self.a) if self.a > 0 else math.inf

    def bends(self, g: Floats) -> tuple[Floats | None, Floats]:
        """Return no term in V**2, and ``-a`` [1/V**2], at ``g`` [µS]."""
        return None, np.full_like(g, -self.a)


AnyConduction = Annotated[PolynomialConduction | CubicConduction, Field(discriminator="law")]
