"""Step models that are no line: exponentials, powers, measured points (eq:pulse-exponential)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from hwnoise.devices.pulse_response import Kind, Stepped

Number = Annotated[float, Field(ge=-1e3, le=1e3)]
Node = Annotated[float, Field(ge=0, le=1e3)]
Nodes = Annotated[tuple[Node, ...], Field(min_length=2, max_length=64, strict=False)]


class ExpStep(Stepped):
    """``w += D+ pos(1 - A+ e**(c+ u))``, ``u = 2 a w / (b_max - b_min) + b`` (eq:pulse-exponential).

    Attributes
    ----------
    amplitude_up, amplitude_down : float
        A+ and A-, -1000 to 1000.
    rate_up, rate_down : float
        c+ and c-, the latter with the sign of the published form ``e**(-c- u)``.
    a, b : float
        Of u.
    noise_add, noise_slope : float, optional
        Complex cycle noise, both or none: standard deviation
        ``s (noise_add + step + noise_slope abs(w))`` in place of ``s`` times the step.
    """

    shape: Literal["exp_step"] = "exp_step"
    kind: ClassVar[Kind] = "exponential"

    amplitude_up: Number
    amplitude_down: Number
    rate_up: Number
    rate_down: Number
    a: Number
    b: Number
    noise_add: float = Field(default=0.0, ge=0, le=10)
    noise_slope: float = Field(default=0.0, ge=0, le=10)

    def curve(self) -> list[list[float]]:
        """(A, c, a, b), the sign of the down rate included."""
        return [
            [self.amplitude_up, self.rate_up, self.a, self.b],
            [self.amplitude_down, -self.rate_down, self.a, self.b],
        ]

    def noise(self, s: float, low: float, high: float) -> tuple[float, float, float, float]:
        """Multiplicative, and the two parts of complex noise."""
        return 0.0, s * self.noise_add, s, s * self.noise_slope


class PowStep(Stepped):
    """``w += D+ q**c+``, ``w -= D- (1 - q)**c-``, ``q = (b_max - w) / (b_max - b_min)`` (eq:pulse-power).

    Attributes
    ----------
    exponent_up, exponent_down : float
        c+ and c-, 0 to 100.
    """

    shape: Literal["pow_step"] = "pow_step"
    kind: ClassVar[Kind] = "power"

    exponent_up: float = Field(ge=0, le=100)
    exponent_down: float = Field(ge=0, le=100)

    def curve(self) -> list[list[float]]:
        """The exponents."""
        return [[self.exponent_up], [self.exponent_down]]


class Piecewise(Stepped):
    """Steps measured at points spread evenly over the device's range, lines between (eq:pulse-piecewise).

    Attributes
    ----------
    nodes_up, nodes_down : tuple of 2 to 64 float
        Step over D at each point, from b_min to b_max, >= 0; as many up as down.
    """

    shape: Literal["piecewise"] = "piecewise"
    kind: ClassVar[Kind] = "piecewise"

    nodes_up: Nodes
    nodes_down: Nodes

    @model_validator(mode="after")
    def _as_many_up_as_down(self) -> Piecewise:
        if len(self.nodes_up) != len(self.nodes_down):
            raise ValueError("nodes_up and nodes_down must have as many entries")
        return self

    def curve(self) -> list[list[float]]:
        """The nodes."""
        return [list(self.nodes_up), list(self.nodes_down)]
