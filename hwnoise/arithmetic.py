"""How digital neurons count: the decays, states and resets of two families of chips."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

Name = Literal["loihi", "xylo"]
SLOWEST_SHIFT = 15  # four bits


@dataclass(frozen=True)
class Arithmetic:
    """One family's way to count.

    Attributes
    ----------
    name : str
    reset : str
        What a spike does to the membrane, as ``Network.reset``.
    align : int
        Units of the membrane per unit of a weighted sum, and of a threshold.
    limit : int
        States stay below it in magnitude.
    most : int
        Spikes that one neuron can send in one step.
    """

    name: Name
    reset: str
    align: int
    limit: int
    most: int

    @property
    def never(self) -> int:
        """The smallest threshold that no membrane crosses."""
        return self.limit // self.align

    def fade(self, dv: int) -> float:
        """Share of a membrane that one step takes away (eq:loihi-membrane, eq:xylo-decay)."""
        return dv / 4096 if self.name == "loihi" else 2.0**-dv

    def fade_synapse(self, du: int) -> float:
        """Share of a synaptic current that one step takes away (eq:loihi-current, eq:xylo-decay)."""
        return (du + 1) / 4096 if self.name == "loihi" else 2.0**-du

    def sustaining(self, du: int) -> float:
        """Weighted sum that, at every step, keeps a current at 1 (eq:loihi-current, eq:xylo-decay)."""
        fade = self.fade_synapse(du)
        return fade if self.name == "loihi" else fade / (1 - fade)

    def decay(self, fade: float) -> int | None:
        """The number of a membrane's decay nearest to ``fade``; None if there is none (eq:quantize-decay)."""
        if self.name == "xylo":
            return _shift(fade)
        decay = round(4096 * fade)
        return None if fade > 0 and decay == 0 else min(decay, 4095)

    def decay_synapse(self, fade: float) -> int | None:
        """The same of a synaptic current."""
        if self.name == "xylo":
            shift = _shift(fade)
            return None if shift is None else max(shift, 1)  # by 0 a current would be gone before it is used
        decay = round(4096 * fade)
        return None if decay == 0 else decay - 1


def _shift(fade: float) -> int | None:
    if fade <= 2.0 ** -(SLOWEST_SHIFT + 0.5):
        return None
    return round(-math.log2(fade))


ARITHMETICS: dict[str, Arithmetic] = {
    "loihi": Arithmetic("loihi", "zero", 64, 2**23, 1),
    "xylo": Arithmetic("xylo", "subtract", 1, 2**15, 31),
}
_GRADED = replace(ARITHMETICS["loihi"], align=1)


def rules_of(arithmetic: Name, kind: str) -> Arithmetic:
    """Return how neurons of one kind count: graded ones in the units of what arrives (eq:loihi-graded)."""
    return _GRADED if kind == "graded" else ARITHMETICS[arithmetic]
