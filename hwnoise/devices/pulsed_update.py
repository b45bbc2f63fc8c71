"""Writing by pulses: devices that move by uneven, noisy, bounded steps (eq:pulse, eq:device-constants)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hwnoise.devices.conductance import Conductance
from hwnoise.devices.effect import Effect
from hwnoise.devices.pulse_curved import ExpStep, Piecewise, PowStep
from hwnoise.devices.pulse_linear import (
    ConstantStep,
    LinearStep,
    SoftBounds,
    SoftBoundsPmax,
    SoftBoundsReference,
)
from hwnoise.devices.pulse_neurosim import NeuroSim
from hwnoise.devices.pulse_response import Normal, Range, spread_out

Floats = NDArray[np.float32]
StepModel = Annotated[
    ConstantStep
    | LinearStep
    | SoftBounds
    | SoftBoundsReference
    | SoftBoundsPmax
    | ExpStep
    | PowStep
    | Piecewise
    | NeuroSim,
    Field(discriminator="shape"),
]
LEAST = {"w_min": 1e-6, "lifetime": 1.0, "retention_time": 1e-12}  # in size, where it is not 0
LEAST_BOUND = np.float32(1e-3)  # of the mean one: a bound of 0 would make the steps of soft bounds infinite


@dataclass(frozen=True)
class Devices:
    """What is fixed for the life of a chip, per device (size,) or for all (1,).

    Attributes
    ----------
    cells : (4 or 6, size) float32
        D+, D-, b_min, b_max [weight], and where steps are linear in the weight their two slopes [1].
    offset : (size,) or (1,) float32
        Subtracted at a read [weight].
    reset : (size,) or (1,) float32
        Where a reset leads, on average [weight].
    longevity : (size,) or (1,) float32
        Factor on the lifetime.
    corrupt : (size,) bool
        Devices that no pulse moves.
    """

    cells: Floats
    offset: Floats
    reset: Floats
    longevity: Floats
    corrupt: NDArray[np.bool_]


class Pair(BaseModel):
    """Two devices a weight, ``w = g+ - g-``, both only ever pulsed up, and reset together when full.

    Attributes
    ----------
    upper, lower : float
        Refresh when one of the two is above ``upper`` and the other above ``lower``, both in units of w_max.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    upper: float = Field(default=0.75, gt=0, le=1)
    lower: float = Field(default=0.25, ge=0, le=1)


class PulsedUpdate(Effect):
    """Each weight is one device, read against a reference, or a pair; writing is counting pulses.

    Weights of devices are numbers of their own, in [b_min, b_max] of each device; the network's
    weights are scaled to them, column by column.

    Attributes
    ----------
    model : StepModel
        How far a pulse moves a device; a table of its own, chosen by ``shape``.
    step_spread, step_law : float, str
        Spread of the gain over devices, 0 to 10: ``"normal"``, ``1 + s xi``; ``"lognormal"``, ``exp(s xi)``.
    up_down, up_down_spread : float
        beta, -1 to 1: lowers the down step if above 0, the up step if below; spread of the asymmetry.
    w_max, w_min : float
        Mean bounds [weight], 1e-6 to 100, and -100 to -1e-6, or 0.
    w_max_spread, w_min_spread : float
        Their relative spread over devices, 0 to 10.
    cycle_noise : float
        s: relative spread of a step from pulse to pulse, 0 to 100.
    write_noise : float
        s_w, 0 to 1000: the weight seen is off by ``s_w D z``, until the device is pulsed again.
    lifetime, lifetime_spread : float
        Writes after which a device has lost 63 % of its weight, 1 to 1e12, 0 for never; relative spread.
    retention_time : float
        The same in seconds, 1e-12 to 1e12, 0 for never.
    resting : float
        Weight to which it decays, -100 to 100.
    diffusion : float
        Random step [weight] of every device at every write, 0 to 10.
    reset, reset_spread, reset_noise : float
        Weight of a device that was reset, its spread over devices, and from reset to reset.
    corrupt, corrupt_range : float
        Probability of a device that no pulse moves, and where it is stuck: uniform in ± the range.
    mode : str
        Pulses for a wanted change: ``"deterministic"`` (its size over D, rounded at random) or
        ``"stochastic"`` (the coincidences of two pulse trains).
    slots, managed : int, bool
        Length BL of a train, 1 to 31; whether it is shortened to what the largest change needs, and
        the probability shared between both sides so that neither is cut off first.
    accumulate : bool
        Keep what is below half a step digitally until it adds up, instead of rounding at random.
    granularity : float, optional
        Change [weight] that the periphery expects of a pulse, 1e-9 to 10; D if not given.
    pair : Pair, optional
        Two devices a weight.
    rounds : int
        Of closed-loop programming, at most, 0 to 10,000.
    scaling : str
        What shares a range: each ``"column"``, or the ``"layer"``.
    """

    enters = "weight"
    time_scale: ClassVar[Literal["read", "memory", "write"]] = "write"

    model: StepModel
    step_spread: float = Field(default=0.3, ge=0, le=10)
    step_law: Literal["normal", "lognormal"] = "normal"
    up_down: float = Field(default=0.0, ge=-1, le=1)
    up_down_spread: float = Field(default=0.01, ge=0, le=10)
    w_max: float = Field(default=0.6, ge=1e-6, le=100)
    w_min: float = Field(default=-0.6, ge=-100, le=0)
    w_max_spread: float = Field(default=0.3, ge=0, le=10)
    w_min_spread: float = Field(default=0.3, ge=0, le=10)
    cycle_noise: float = Field(default=0.3, ge=0, le=100)
    write_noise: float = Field(default=0.0, ge=0, le=1000)
    lifetime: float = Field(default=0.0, ge=0, le=1e12)
    lifetime_spread: float = Field(default=0.0, ge=0, le=10)
    retention_time: float = Field(default=0.0, ge=0, le=1e12)
    resting: float = Field(default=0.0, ge=-100, le=100)
    diffusion: float = Field(default=0.0, ge=0, le=10)
    reset: float = Field(default=0.0, ge=-100, le=100)
    reset_spread: float = Field(default=0.0, ge=0, le=10)
    reset_noise: float = Field(default=0.01, ge=0, le=10)
    corrupt: float = Field(default=0.0, ge=0, le=1)
    corrupt_range: float = Field(default=0.01, ge=0, le=100)
    mode: Literal["deterministic", "stochastic"] = "deterministic"
    slots: int = Field(default=31, ge=1, le=31)
    managed: bool = True
    accumulate: bool = False
    granularity: float | None = Field(default=None, ge=1e-9, le=10)
    pair: Pair | None = None
    rounds: int = Field(default=20, ge=0, le=10_000)
    scaling: Literal["column", "layer"] = "column"

    @model_validator(mode="after")
    def _fits_together(self) -> PulsedUpdate:
        for name, least in LEAST.items():
            if 0 < abs(value := getattr(self, name)) < least:
                raise ValueError(f"{name} must be 0, or at least {least:g} in size, not {value:g}")
        if self.model.straddles and self.w_min == 0:
            raise ValueError(f"w_min must be below 0, as {self.model.shape} divides by it")
        if self.full_scale <= 0:
            raise ValueError(
                "the reference leaves no weights on one side of it: give [pulsed_update.pair], or w_min < 0"
            )
        if self.accumulate and self.mode == "stochastic":
            raise ValueError("accumulate = true leaves nothing to chance: it needs mode = 'deterministic'")
        return self

    @property
    def pulse_size(self) -> float:
        """Mean step D [weight] of the devices."""
        return self.model.pulse_size(self.w_min, self.w_max)

    @property
    def expected_pulse(self) -> float:
        """Change [weight] that the periphery counts on per pulse."""
        return self.granularity or self.pulse_size

    @property
    def full_scale(self) -> float:
        """Weight [device] for the largest of the network: what a mean device holds on either side."""
        middle = getattr(self.model, "reference", 0.0)
        return self.w_max if self.pair else min(self.w_max - middle, middle - self.w_min)

    @property
    def noise(self) -> Floats:
        """Standard deviation of a pulse (4,), in the order of ``kernels.pulsed_update``."""
        return np.array(self.model.noise(self.cycle_noise, self.w_min, self.w_max), np.float32)

    def weight_range(self, weight: Floats, headroom: float) -> Floats:
        """Weight of the network that a device at ``full_scale`` stands for, per column."""
        return Conductance(scaling=self.scaling).weight_range(weight, headroom)

    def trains(self, x: float, d: float, rate: float) -> tuple[int, float, float]:
        """Slots of a train, and the probability to pulse per unit of x and per unit of d (eq:pulse-train).

        Parameters
        ----------
        x, d : float
            Largest magnitudes of the two sides of an outer product.
        rate : float
            Learning rate: the mean change asked for is ``rate x d`` [weight].
        """
        largest = rate * x * d / self.expected_pulse
        if not self.managed or largest == 0:
            scale = math.sqrt(rate / (self.slots * self.expected_pulse))
            return self.slots, scale, scale
        slots = min(self.slots, math.ceil(largest))
        share = math.sqrt(largest / slots)
        return slots, share / x, share / d

    def devices(self, normal: Normal, uniform: Callable[[str], Floats]) -> Devices:
        """Constants of the devices of one chip (eq:device-constants).

        Parameters
        ----------
        normal, uniform : callable
            Draws (size,) by name: the same name gives the same draws.
        """
        up, down = self._gains(normal)
        low, high = self.model.bounds(self.w_min, self.w_max)
        lows = low * _bound_factor(self.w_min_spread, normal("w_min"))
        highs = high * _bound_factor(self.w_max_spread, normal("w_max"))
        rows = self.model.cells(up, down, Range(low, high, lows, highs), normal)
        offset = self.model.offset(rows, normal).astype(np.float32)
        corrupt = uniform("corrupt") < self.corrupt
        stuck = self.corrupt_range * (2 * uniform("stuck") - 1)
        lows, highs = np.where(corrupt, stuck, lows), np.where(corrupt, stuck, highs)
        cells = np.array([*rows[:2], lows, highs, *rows[2:]], np.float32)
        cells[[0, 1, *range(4, len(cells))]] *= ~corrupt
        reset = spread_out(self.reset, self.reset_spread, "reset", normal)
        longevity = np.maximum(spread_out(1.0, self.lifetime_spread, "lifetime", normal), LEAST_BOUND)
        return Devices(cells, offset, reset, longevity, corrupt)

    def _gains(self, normal: Normal) -> tuple[Floats, Floats]:
        """Factors on the up and the down step."""
        xi = self.step_spread * normal("gain")
        gain = np.exp(xi) if self.step_law == "lognormal" else 1 + xi
        tilt = self.up_down_spread * normal("up_down")
        return np.abs(gain + tilt + min(self.up_down, 0.0)), np.abs(gain - tilt - max(self.up_down, 0.0))


def _bound_factor(spread: float, z: Floats) -> Floats:
    return np.asarray(np.maximum(np.abs(1 + spread * z), LEAST_BOUND))
