"""Digital arithmetic of a neuromorphic chip: how many bits weights, decays and thresholds have."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hwnoise.devices.effect import Effect


class FixedPoint(Effect):
    """Weights, decays, thresholds and biases are integers; a network is quantized when it is compiled.

    Attributes
    ----------
    arithmetic : str
        ``"loihi"``: decays in 1/4096, a synaptic current, reset to zero (eq:loihi-membrane);
        ``"xylo"``: decays by bit shift, reset by subtraction (eq:xylo-decay).
    weight_bits : int
        1 to 8, the sign apart.
    sign_mode : str
        ``"mixed"``: signed weights, which cost the lowest bit; ``"auto"``: by the signs that a layer has.
    exponent_min, exponent_max : int
        Range of the power of two on a layer's weighted sums, -8 to 7.
    threshold_max : int
        Largest threshold, in units of 64 (Loihi) or 1.
    bias_max, bias_exponent_max : int
        Largest mantissa and power of two of a bias.
    message_bits : int
        Of a spike's payload from outside, 0 to 24; 0: spikes are 0 or 1.
    rounding : str
        Of updates: ``"nearest"``: the host accumulates them and the chip holds the nearest weight;
        ``"stochastic"``: nothing is accumulated, each update is rounded up or down at random so
        that its mean is exact (eq:stochastic-rounding).
    strict : bool
        Whether a number that leaves its bits is an error; else it wraps or saturates as on the chip.
    neurons, synapses : int
        How many a chip has room for.
    """

    arithmetic: Literal["loihi", "xylo"] = "loihi"
    weight_bits: int = Field(default=8, ge=1, le=8)
    sign_mode: Literal["mixed", "auto"] = "mixed"
    exponent_min: int = Field(default=-8, ge=-8, le=0)
    exponent_max: int = Field(default=7, ge=0, le=7)
    threshold_max: int = Field(default=131071, ge=1, le=131071)
    bias_max: int = Field(default=4095, ge=0, le=4095)
    bias_exponent_max: int = Field(default=7, ge=0, le=7)
    message_bits: int = Field(default=0, ge=0, le=24)
    rounding: Literal["nearest", "stochastic"] = "nearest"
    strict: bool = False
    neurons: int | None = Field(default=None, ge=1)
    synapses: int | None = Field(default=None, ge=1)
