"""Conductance: how a weight sits on devices, and what their range stands for (eq:pair-mapping)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hwnoise.devices.effect import Effect

Floats = NDArray[np.float64]


class Conductance(Effect):
    """A weight, as a share t of its range, is a sum over devices of conductance ``g_min`` to ``g_max``.

    Attributes
    ----------
    g_max : float
        Largest programmable conductance, 1e-6 to 1e6, in ``unit``; targets are clipped to it. Other
        effects share the unit.
    g_min : float
        Smallest programmable conductance, from 0 to below g_max.
    mapping : str
        ``"pair"``: t is the difference of two devices, one of which stays at g_min.
        ``"offset"``: t is one device, read against the middle of the range, taken off digitally.
        ``"offset_column"``: the same, taken off by a column of devices that are programmed to the
        middle, one a row; all outputs of a tile share its noise (eq:offset-column).
    arrays : int
        1, or 2 arrays that are programmed alike: passes of a probe take them in turn, and differ by
        what the two writes left off their targets (eq:dual-array).
    devices : int
        Devices in parallel, of equal value and weight, for each one of the mapping, 1 to 8.
    slices : int
        Devices that each hold one digit of t, 1 to 8; only of ``"pair"``.
    base : int
        What a digit counts to, 2 to 256; used where there is more than one slice.
    scaling : str
        What shares one range: each ``"column"`` (its output is rescaled digitally, Rasch et al.
        2023), or the whole ``"layer"``.
    unit : str
        Of all conductances: ``"µS"``, or ``"nA"`` where the state is a current.
    """

    g_max: float = Field(default=25.0, ge=1e-6, le=1e6)
    g_min: float = Field(default=0.0, ge=0, le=1e6)
    mapping: Literal["pair", "offset", "offset_column"] = "pair"
    arrays: int = Field(default=1, ge=1, le=2)
    devices: int = Field(default=1, ge=1, le=8)
    slices: int = Field(default=1, ge=1, le=8)
    base: int = Field(default=16, ge=2, le=256)
    scaling: Literal["column", "layer"] = "column"
    unit: Literal["µS", "nA"] = "µS"

    @model_validator(mode="after")
    def _is_a_range(self) -> Conductance:
        if self.g_min >= self.g_max:
            raise ValueError(f"g_min must be below g_max = {self.g_max}, not {self.g_min}")
        if self.slices > 1 and (self.mapping != "pair" or self.devices > 1):
            raise ValueError("slices need mapping 'pair' and devices = 1")
        return self

    @property
    def planes(self) -> int:
        """Devices per weight."""
        return (2 if self.mapping == "pair" else 1) * self.devices * self.slices

    def factors(self) -> Floats:
        """What the conductance of each device counts, in shares of the range per unit of g: (planes,)."""
        shares = np.full(self.devices, 1.0 / self.devices)
        if self.slices > 1:
            shares = (self.base - 1.0) * float(self.base) ** -np.arange(1, self.slices + 1)
            shares[-1] *= self.base / (self.base - 1.0)  # the last slice is no digit but holds the rest
        signed = (
            np.repeat(shares, 2) * np.tile([1.0, -1.0], len(shares)) if self.mapping == "pair" else 2 * shares
        )
        return np.asarray(signed / (self.g_max - self.g_min))

    def offset(self) -> float:
        """What is added to the sum of ``factors * g`` to give t."""
        return -float(self.factors().sum() * self.g_min) - (0.0 if self.mapping == "pair" else 1.0)

    def targets(self, t: Floats) -> Iterator[Floats]:
        """Targets of the devices of each weight, plane by plane.

        Parameters
        ----------
        t : (n,) float64, in [-1, 1]

        Yields
        ------
        (n,) float64
            ``(g - g_min) / (g_max - g_min)`` in [0, 1].
        """
        for _ in range(self.devices):
            if self.mapping != "pair":
                yield (t + 1) / 2
            elif self.slices == 1:
                yield np.maximum(t, 0)
                yield np.maximum(-t, 0)
            else:
                yield from self._digits(t)

    def _digits(self, t: Floats) -> Iterator[Floats]:
        """Digits of both sides, the largest first; the last one takes the rest."""
        rest = np.stack([np.maximum(t, 0), np.maximum(-t, 0)]) * self.base
        for _ in range(self.slices - 1):
            digit = np.minimum(np.floor(rest), self.base - 1)
            yield from digit / (self.base - 1)
            rest = (rest - digit) * self.base
        yield from np.minimum(rest / self.base, 1.0)

    def weight_range(self, weight: NDArray[np.float32], headroom: float) -> NDArray[np.float32]:
        """Weight that a fully programmed device stands for, per column; above 0.

        A column of zeros takes the range of the layer, a layer of zeros takes 1: they may grow yet.

        Parameters
        ----------
        weight : (n_in, n_out) float32
        headroom : float
            Range over the largest weight, >= 1: room for weights to grow in training.
        """
        columns = np.abs(weight).max(axis=0, initial=0.0)
        layer = columns.max(initial=0.0) or np.float32(1)
        largest = np.where(columns > 0, columns, layer) if self.scaling == "column" else layer
        return np.full(columns.shape, largest * np.float32(headroom), np.float32)
