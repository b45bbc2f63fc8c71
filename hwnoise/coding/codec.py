"""What stands before and behind a network with time: encoder, number of steps, read-out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from hwnoise.coding.encoders import ENCODERS, Array
from hwnoise.errors import InputError

CODINGS = (*ENCODERS, "native")
MOST_STEPS = 100_000


@dataclass(frozen=True)
class Codec:
    """Turns samples into courses over time, and what comes out into probabilities (eq:spike-read-out).

    Parameters
    ----------
    name : str
        ``"rate"``, ``"latency"``, ``"constant"``; or ``"native"``: the data have time of their own.
    steps : int
        Steps of one presentation, 1 to 100,000; not used by ``"native"``.
    scale : float
        Factor on the mean output before the softmax, > 0.
    low : float
        The input that counts as nothing, 0 for images, -1 for signed data; 1 is the strongest.

    Raises
    ------
    InputError
        If one of them is out of range.

    Examples
    --------
    >>> codec = Codec("latency", steps=3)
    >>> codec.encode(np.array([[1.0, 0.5, 0.0]]), np.uint64(1))[0].tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """

    name: Literal["rate", "latency", "constant", "native"] = "rate"
    steps: int = 8
    scale: float = 2.0
    low: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in CODINGS:
            raise InputError(f"coding must be one of {', '.join(CODINGS)}, not {self.name!r}")
        if not isinstance(self.steps, int) or not 1 <= self.steps <= MOST_STEPS:
            raise InputError(f"steps must be a whole number from 1 to {MOST_STEPS}, not {self.steps!r}")
        if not 0 < self.scale < float("inf"):
            raise InputError(f"readout_scale must be a number above 0, not {self.scale!r}")

    @property
    def is_native(self) -> bool:
        """Whether samples come with a time axis."""
        return self.name == "native"

    def encode(self, x: Array, key: np.uint64, first: int = 0) -> Array:
        """Give every sample its course over time.

        Parameters
        ----------
        x : (samples, inputs) float, or (samples, steps, inputs) if native
            From ``low`` to 1; what lies outside counts as the nearest of the two.
        key : uint64
            The stream of the spikes.
        first : int
            Number of the first sample, >= 0: the spikes of a sample follow from ``key`` and its number.

        Returns
        -------
        (samples, steps, inputs) float32

        Raises
        ------
        InputError
            If ``x`` has another number of axes.
        """
        x = np.asarray(x, np.float32)
        if x.ndim != (3 if self.is_native else 2):
            wanted = "(samples, steps, inputs)" if self.is_native else "(samples, inputs)"
            raise InputError(f"coding {self.name} takes inputs of shape {wanted}, not {x.shape}")
        if self.is_native:
            return x
        return ENCODERS[self.name](self._intensity(x), self.steps, key, first)

    def decode(self, output: Array) -> Array:
        """Softmax of the mean over steps (eq:spike-read-out).

        Parameters
        ----------
        output : (..., steps, outputs) float
            Spikes or membranes.

        Returns
        -------
        (..., outputs) float32
            Probabilities.
        """
        score = output.mean(axis=-2, dtype=np.float32) * np.float32(self.scale)
        powers = np.exp(score - score.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)

    def sentence(self) -> str:
        """In words, for the first lines of a run."""
        if self.is_native:
            return "the samples have a time axis of their own"
        how = {
            "rate": "spike rates",
            "latency": "one spike, the earlier the stronger",
            "constant": "currents",
        }
        return f"inputs are {how[self.name]} over {self.steps} steps"

    def as_metadata(self) -> dict[str, Any]:
        """The value of ``Network.metadata["coding"]``: a network travels with its coding."""
        return asdict(self)

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> Codec | None:
        """The codec that a network's metadata name, or None.

        Raises
        ------
        InputError
            If what is there is no codec.
        """
        stored = metadata.get("coding")
        if stored is None:
            return None
        try:
            return cls(**stored)
        except TypeError:
            known = ", ".join(cls.__dataclass_fields__)
            raise InputError(f"metadata 'coding' must be a table of {known}, not {stored!r}") from None

    def _intensity(self, x: Array) -> Array:
        """From ``low``..1 to 0..1."""
        reach = np.float32(1 - self.low)
        return np.clip((x - np.float32(self.low)) / reach, 0, 1)
