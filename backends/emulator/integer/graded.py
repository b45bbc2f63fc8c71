"""A population of digital neurons that send what arrives: spikes with payloads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.population import Population
from hwnoise.kernels.loihi_graded import run_graded

Array = NDArray[Any]


class GradedPopulation(Population):
    """Neurons of the kind ``"graded"`` (eq:loihi-graded): no states, no biases, spikes of int32."""

    KEPT, SENT = (), np.int32

    def payloads(self, spikes: Array) -> Array:
        """As float32, in units of the float network."""
        return np.asarray(spikes * self.spec.scale, np.float32)

    def _step(
        self, rows: slice, current: Array, noise: Array, spikes: Array, membranes: Array
    ) -> tuple[int, int]:
        return run_graded(current, noise, np.int32(self.spec.vth), spikes, membranes)
