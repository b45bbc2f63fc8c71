"""Mismatch: no two devices, converters or neurons of a chip are alike (eq:mismatch-normal)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hwnoise.devices.effect import Effect
from hwnoise.kernels import mismatch as kernel
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.streams import Stream

Floats = NDArray[np.float32]
LARGEST_NORMAL = 1 / 3  # beyond three standard deviations a normal factor would change sign


class _Spread(Effect):
    """A factor of mean 1 and standard deviation ``sigma`` (eq:mismatch-normal, eq:mismatch-lognormal)."""

    sigma: float = Field(ge=0, le=10)
    distribution: Literal["normal", "lognormal"] = "normal"

    @model_validator(mode="after")
    def _keeps_its_sign(self) -> _Spread:
        if self.distribution == "normal" and self.sigma > LARGEST_NORMAL:
            raise ValueError(
                f"sigma must be <= 1/3 with distribution 'normal', not {self.sigma}: a factor below 0 would "
                "change the sign; 'lognormal' takes up to 10"
            )
        return self

    def factors(self, key: np.uint64, shape: tuple[int, int]) -> Floats:
        """Factors (planes, n) of all devices; those of plane p are the draws of tick p."""
        out = np.empty(shape, np.float32)
        kernel.fill_factors(key, np.uint64(0), self.sigma, self.distribution == "lognormal", out)
        return out


class Mismatch(_Spread):
    """Every device conducts ``factor`` times what it was programmed to (open loop).

    Attributes
    ----------
    sigma : float
        Standard deviation of the factor, relative: 0 to 1/3 for ``"normal"``, 0 to 10 for ``"lognormal"``.
    distribution : str
        ``"normal"``: pos(1 + sigma z); ``"lognormal"``, of mean 1.
    refresh : str
        ``"frozen"``: one factor per device and chip; ``"dynamic"``: a new one at every read, which is
        noise, and needs the normal distribution.
    handles : tuple of str
        A frozen pattern is the same in all passes and shows in no difference: it has none.
    """

    enters = "weight"

    refresh: Literal["frozen", "dynamic"] = "frozen"

    @model_validator(mode="before")
    @classmethod
    def _dynamic_is_seen(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("refresh") == "dynamic":
            return {"handles": ("paired", "mean_subtracted"), **given}
        return given

    @model_validator(mode="after")
    def _is_drawn_at_the_node(self) -> Mismatch:
        if self.refresh == "frozen" and self.handles:
            raise ValueError("a frozen mismatch has no handles: it is the same in every pass")
        if self.refresh == "dynamic" and self.distribution != "normal":
            raise ValueError(
                "refresh 'dynamic' needs distribution 'normal': only normal draws add up to one per node"
            )
        return self

    def scale(self, key: np.uint64, plane: int, elements: NDArray[np.int64], g: Floats) -> None:
        """Multiply ``g`` (n,) [µS] of devices ``elements`` of ``plane`` by their frozen factors, in place."""
        if self.refresh == "frozen":
            kernel.scale_devices(
                elements, key, np.uint64(plane), self.sigma, self.distribution == "lognormal", g
            )

    def variance_at(self, g: Floats) -> Floats:
        """Variance [µS²] of a read of devices ``g`` [µS] that is new each time (eq:mismatch-dynamic)."""
        if self.refresh == "frozen":
            return np.zeros_like(g)
        return np.square(g) * np.float32(self.sigma**2)


class ConverterMismatch(Effect):
    """Every column's converter sees ``(1 + gain z) y + offset z' full_scale`` (eq:converter-mismatch).

    Attributes
    ----------
    gain : float
        Standard deviation of the gain, relative, 0 to 1/3.
    offset : float
        Standard deviation of the offset in units of the converter's full scale, 0 to 1.
    """

    gain: float = Field(default=0.0, ge=0, le=LARGEST_NORMAL)
    offset: float = Field(default=0.0, ge=0, le=1)

    def draw(self, stream: Stream, shape: tuple[int, int]) -> tuple[Floats, Floats]:
        """Gain, and offset in units of the full scale, of the converters (row tiles, n_out) of one array."""
        gain, offset = np.empty(shape, np.float32), np.empty(shape, np.float32)
        kernel.fill_factors(stream.child("gain").key, np.uint64(0), self.gain, False, gain)
        fill_gaussian(stream.child("offset").key, np.uint64(0), offset)
        return gain, offset * np.float32(self.offset)


Parameter = Literal[
    "tau_mem", "tau_syn", "tau_adaptation", "r", "w_in", "v_leak", "v_threshold", "v_low", "v_reset",
    "refractory", "adaptation",
]  # fmt: skip


class NeuronMismatch(_Spread):
    """Neuron parameters spread about their nominal values, fixed per chip (eq:neuron-mismatch).

    Attributes
    ----------
    sigma : float
        Standard deviation of each parameter, relative; as for ``Mismatch``.
    distribution : str
        ``"normal"`` or ``"lognormal"``.
    parameters : tuple of str
        Which parameters, by their names in the network: ``"tau_mem"`` (also the ``tau`` of a neuron
        that has only one), ``"v_threshold"``, ...
    """

    parameters: tuple[Parameter, ...] = Field(min_length=1, strict=False)

    def spread(self, name: str, value: Floats, stream: Stream) -> Floats:
        """Values of parameter ``name`` (n,) on this chip; unchanged where it is not in ``parameters``."""
        if name not in self.parameters:
            return value
        return value * self.factors(stream.child(name).key, (1, value.size)).reshape(value.shape)
