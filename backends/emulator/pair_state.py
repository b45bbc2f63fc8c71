"""What an array of differential pairs would hold if it were a chip: all that must survive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass
class PairState:
    """Devices and their digital companions, one element per weight; n weights.

    Attributes
    ----------
    target : (n,) float32
        Weight last programmed, as a share of the range, in [-1, 1].
    pending : (n,) float32
        Digital update that waits for a device step, in the same unit.
    g, nu : (2, n) float32
        Conductance [µS] right after programming, and drift exponent, of plus and minus device.
    generation : (n,) uint32
        How often the pair was programmed.
    programmed_at : (n,) uint64
        Tick of the last time.
    """

    target: Floats
    pending: Floats
    g: Floats
    nu: Floats
    generation: NDArray[np.uint32]
    programmed_at: NDArray[np.uint64]

    @classmethod
    def unprogrammed(cls, target: Floats) -> PairState:
        """Return devices that were never programmed, to be programmed to ``target`` (n,)."""
        n = target.size
        return cls(
            target=target,
            pending=np.zeros(n, np.float32),
            g=np.zeros((2, n), np.float32),
            nu=np.zeros((2, n), np.float32),
            generation=np.zeros(n, np.uint32),
            programmed_at=np.zeros(n, np.uint64),
        )

    def copies(self) -> dict[str, NDArray[Any]]:
        """Named copies of all arrays."""
        return {field.name: getattr(self, field.name).copy() for field in fields(self)}

    def take_over(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Overwrite all arrays with those of ``copies``."""
        for field in fields(self):
            getattr(self, field.name)[...] = saved[field.name]
