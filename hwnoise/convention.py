"""What NIR leaves open about a neuron: how a simulator turns its equation into steps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Convention:
    """How one step of a neuron is computed. With x the input of the step and b the decay of one step:

    Attributes
    ----------
    integration : str
        ``"euler"``: b = 1 - dt/tau; ``"exponential"``: b = exp(-dt/tau).
    gain : str
        ``"physical"``: the input enters as r (1 - b) x; ``"unit"``: as r x.
    reset_timing : str
        ``"same"``: a spike resets the membrane in its own step; ``"next"``: in the step after it.
    keeps_input : bool
        For a reset to zero in the next step: whether the input of that step survives it.
    current_first : bool
        Whether a synaptic current is updated before the membrane takes it, in the same step.
    """

    integration: Literal["euler", "exponential"] = "euler"
    gain: Literal["physical", "unit"] = "physical"
    reset_timing: Literal["same", "next"] = "same"
    keeps_input: bool = False
    current_first: bool = True

    def as_metadata(self) -> dict[str, Any]:
        """Return the value of ``Network.metadata["convention"]``."""
        return asdict(self)
