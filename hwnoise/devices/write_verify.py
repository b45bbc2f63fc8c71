"""Write and verify: a device is programmed again until a read finds it near its target (eq:write-verify)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.effect import Effect

Floats = NDArray[np.float64]
Programmed = NDArray[np.float32]


class WriteVerify(Effect):
    """Each programming is read, and repeated with new noise while the read is off by more than the tolerance.

    Attributes
    ----------
    iterations : int
        Programmings of a device in one write, at most, 1 to 1000; the last one stays, near or not.
    tolerance : float
        Largest accepted difference between a read and the target, in shares of g_max, 0 to 1.
    read_noise : float
        Standard deviation of the verifying read, in shares of g_max, 0 to 1.
    """

    iterations: int = Field(default=10, ge=1, le=1000)
    tolerance: float = Field(ge=0, le=1)
    read_noise: float = Field(default=0.0, ge=0, le=1)

    def program(
        self,
        target: Floats,
        g_max: float,
        attempt: Callable[[int, NDArray[np.int64]], tuple[Programmed, Programmed]],
    ) -> tuple[Programmed, int]:
        """Program devices to ``target`` (n,), and count the pulses that took.

        Parameters
        ----------
        target : (n,) float64 [unit of g_max]
        g_max : float
        attempt : callable
            ``attempt(number, which)`` programs the devices ``which`` (indices) once more, and returns
            their conductances and the standard normals of the reads that verify them.
        """
        g, pulses = np.empty(len(target), np.float32), 0
        left = np.arange(len(target))
        for number in range(self.iterations):
            g[left], z = attempt(number, left)
            pulses += len(left)
            error = g[left] + self.read_noise * g_max * z - target[left]
            left = left[np.abs(error) > self.tolerance * g_max]
            if not len(left):
                break
        return g, pulses
