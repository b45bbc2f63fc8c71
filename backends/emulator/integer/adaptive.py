"""A population of digital neurons whose thresholds rise at a spike and fall back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.population import LOWEST, Population
from hwnoise.devices.loihi_noise import LoihiNoise
from hwnoise.integers import IntegerNeurons
from hwnoise.kernels.loihi_adaptive import run_adaptive

Array = NDArray[Any]
HIGHEST = -LOWEST  # above any membrane


class AdaptivePopulation(Population):
    """Neurons of the kind ``"adaptive"`` (eq:loihi-adaptive).

    Attributes
    ----------
    theta : (rows, n) int32
        By how much thresholds are raised after the last step, of every row of the last run.
    """

    KEPT = (*Population.KEPT, "theta")
    theta: Array

    def __init__(
        self, name: str, spec: IntegerNeurons, noise: LoihiNoise | None, key: np.uint64, strict: bool
    ) -> None:
        super().__init__(name, spec, noise, key, strict)
        self._rule = np.array((spec.du + 1, spec.dv, LOWEST, HIGHEST, 0), np.int32)
        threshold = (spec.vth << 6, spec.dtheta, spec.theta_step << 6, spec.refractory)
        self._threshold = np.array(threshold, np.int32)

    def _step(
        self, rows: slice, current: Array, noise: Array, spikes: Array, membranes: Array
    ) -> tuple[int, int]:
        states = (*self.states(rows), self.theta[rows])
        return run_adaptive(current, noise, *self.numbers, self._threshold, *states, spikes, membranes)
