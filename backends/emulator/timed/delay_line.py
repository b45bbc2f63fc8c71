"""Delays: what arrives now leaves whole steps later (eq:delay)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.timed.stage import Floats, Moment, Outcome, Remembering, State


class DelayLine(Remembering):
    """A delay per element; ``steps`` (n,) whole numbers >= 0."""

    def __init__(self, steps: NDArray[np.int64]) -> None:
        self._lags = [(int(lag), np.flatnonzero(steps == lag)) for lag in np.unique(steps)]
        self._longest = int(steps.max())
        super().__init__({"waiting": np.zeros((self._longest, steps.size), np.float32)})

    def run(self, x: Floats, state: State, moment: Moment) -> Outcome:
        """Give what arrived ``steps`` steps before each step of ``x`` (rows, steps, n)."""
        line = np.concatenate([state["waiting"], x], axis=1)
        out = np.empty_like(x)
        for lag, which in self._lags:
            first = self._longest - lag
            out[:, :, which] = line[:, first : first + x.shape[1], which]
        state["waiting"][...] = line[:, line.shape[1] - self._longest :]
        return Outcome(out)
