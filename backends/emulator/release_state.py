"""How tired the synapses of each input line are: the state that short-term plasticity leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.devices.short_term_plasticity import ShortTermPlasticity
from hwnoise.kernels import short_term_plasticity as kernel

Floats = NDArray[np.float32]


class ReleaseState:
    """State of ``lines`` input lines; all synapses of a line see the same events.

    Parameters
    ----------
    effect : ShortTermPlasticity
    use : float
        Probability of release at rest.
    lines : int
    period : float
        Seconds between reads.
    """

    def __init__(self, effect: ShortTermPlasticity, use: float, lines: int, period: float) -> None:
        self._use = use
        self._recovery, self._facilitation = effect.recovery_time / period, effect.facilitation_time / period
        self.used, self.left = np.zeros(lines), np.ones(lines)
        self.last_event = np.zeros(lines, np.uint64)

    def factors(self, x: Floats, tick: int) -> Floats:
        """Factors on the probabilities of each line in reads ``x`` (rows, lines) from ``tick`` on.

        The state follows: call it once for every read, in their order.
        """
        found = np.empty_like(x)
        kernel.advance(
            x, self._use, self._recovery, self._facilitation, np.uint64(tick),
            self.used, self.left, self.last_event, found,
        )  # fmt: skip
        return found

    def state(self) -> dict[str, NDArray[Any]]:
        """Named copies of all that must survive."""
        return {name: getattr(self, name).copy() for name in _STATE}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        for name in _STATE:
            getattr(self, name)[...] = state[name]


_STATE = ("used", "left", "last_event")
