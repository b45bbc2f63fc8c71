"""What every stochastic synapse has in common, whatever decides that it releases (eq:release-event)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.effect import Effect

Floats = NDArray[np.floating]
Probabilities = NDArray[np.float64]


class Release(Effect):
    """What all laws share: when a synapse draws.

    Attributes
    ----------
    per : str
        ``"event"``: every input event is released or not by a draw of its own. ``"synapse"``: one
        draw serves all events of a read.
    events : int
        Events that carry one input within a read, each a share ``x / events``, 1 to 64. Also read
        as the release sites of a synapse (del Castillo and Katz, J. Physiol. 124:560, 1954).
    release : str
        ``"stochastic"``, or ``"certain"``: every event transmits its mean; for study only.
    """

    enters = "weight"

    per: Literal["event", "synapse"] = "event"
    events: int = Field(default=1, ge=1, le=64)
    release: Literal["stochastic", "certain"] = "stochastic"

    @property
    def draws(self) -> int:
        """Independent releases of a synapse in one read."""
        return self.events if self.per == "event" else 1

    def score_factor(self, probability: Probabilities) -> Floats | None:
        """What a release less its probability counts in the score of its synapse; None for 1."""
        return None
