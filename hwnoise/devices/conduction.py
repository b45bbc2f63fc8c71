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
    """What the laws share: a device that conducts G near 0 V carries ``I = G (V + sum_k b_k V**k)``.

    Attributes
    ----------
    v_read : float
        Voltage of a full-scale input [V], 1e-6 to 100.
    """

    v_read: float = Field(ge=1e-6, le=100)

    powers: ClassVar[tuple[int, ...]]  # of the voltage, beyond 1
    ends: ClassVar[str]  # why the law ends at v_limit

    @property
    @abstractmethod
    def v_limit(self) -> float:
        """Largest voltage [V] that the law holds for."""

    @abstractmethod
    def bends(self, g: Floats) -> dict[int, Floats]:
        """Return ``b_k`` [V**(1 - k)] by the power k, of devices that conduct ``g`` [µS]."""

    @model_validator(mode="after")
    def _stays_within_the_law(self) -> Conduction:
        if self.v_read > self.v_limit:
            limit = f"{self.v_limit:.4g} V, {self.ends}"
            raise ValueError(f"v_read must be at most {limit}, not {self.v_read:g} V")
        return self

    def excess(self, g: NDArray[np.float32]) -> dict[int, Floats]:
        """What devices of ``g`` [µS] carry beyond ``g q`` [µS], by the power of q (eq:conduction-sum)."""
        exact = g.astype(np.float64)
        return {power: exact * b * self.v_read ** (power - 1) for power, b in self.bends(exact).items()}

    def current(self, voltage: Floats, g: Floats) -> Floats:
        """Current [µA] of devices that conduct ``g`` [µS] near 0, at ``voltage`` [V] (eq:conduction)."""
        beyond = sum(b * voltage**power for power, b in self.bends(g).items())
        return np.asarray(g * (voltage + beyond))


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

    powers: ClassVar[tuple[int, ...]] = (2, 3)
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

    def bends(self, g: Floats) -> dict[int, Floats]:
        """Return ``N2 / G`` [1/V] and ``N3 / G`` [1/V**2] at ``g`` [µS]."""
        siemens = MICRO * np.clip(g, self.g_low, self.g_high)
        decades = np.log10(siemens)
        terms = {2: np.asarray(self.n2), 3: np.asarray(self.n3)}
        return {k: np.polynomial.polynomial.polyval(decades, n) / siemens for k, n in terms.items()}


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

    powers: ClassVar[tuple[int, ...]] = (3,)
    ends: ClassVar[str] = "where the current would begin to fall"

    law: Literal["cubic"] = "cubic"
    a: float = Field(ge=-1e3, le=1e3)

    @property
    def v_limit(self) -> float:
        """Where the current has its maximum [V]."""
        return 1 / math.sqrt(3 * self.a) if self.a > 0 else math.inf

    def bends(self, g: Floats) -> dict[int, Floats]:
        """Return ``-a`` [1/V**2] whatever ``g`` is."""
        return {3: np.full_like(g, -self.a)}


AnyConduction = Annotated[PolynomialConduction | CubicConduction, Field(discriminator="law")]
