"""Traces of spikes: inputs that fade (eq:spike-trace)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Spikes = NDArray[np.int8] | NDArray[np.int32] | NDArray[np.float32]


@kernel
def fill_trace(spikes: Spikes, decay: np.float32, out: NDArray[np.float32]) -> None:
    """Write ``e(t) = decay e(t - 1) + s(t)``, e before the first step being 0 (eq:spike-trace).

    Parameters
    ----------
    spikes : (rows, steps, n)
    decay : float32
        Share left after one step, 0 to 1.
    out : (rows, steps, n) float32
        Overwritten.
    """
    rows, steps, n = spikes.shape
    for r in range(rows):
        for i in range(n):
            out[r, 0, i] = np.float32(spikes[r, 0, i])
        for t in range(1, steps):
            for i in range(n):
                out[r, t, i] = decay * out[r, t - 1, i] + np.float32(spikes[r, t, i])
