"""Random telegraph noise: two levels that remember (eq:telegraph-flip)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bernoulli import threshold_of
from hwnoise.kernels.gaussian import gaussian64
from hwnoise.kernels.philox import words64


@kernel
def add_telegraph(
    state: NDArray[np.int8],
    flip: float,
    offset: np.float32,
    amplitude: np.float32,
    sigma: np.float32,
    flip_key: np.uint64,
    white_key: np.uint64,
    tick: np.uint64,
    y: NDArray[np.float32],
) -> None:
    """Advance every node's state by a read per row, and add its noise to ``y`` (eq:telegraph-flip).

    Parameters
    ----------
    state : (n,) int8
        ±1 per node, before the first row; overwritten with the state after the last.
    flip : float64
        Probability of a flip between two reads, in [0, 1].
    offset, amplitude, sigma : float32
        Mean, level and white part, in the node's unit.
    flip_key, white_key : uint64
        Streams of the flips and of the white part; row r uses tick + r, node j is element j.
    tick : uint64
        Of the first row.
    y : (rows, n) float32
        Added to.

    Notes
    -----
    Source: L. Koenders et al., Phys. Rev. Applied 23:054035, 2025.
    Test: ``tests/statistical/test_telegraph.py``.
    """
    words = np.empty(64, np.uint32)
    z = np.empty(64, np.float32)
    white = np.empty(64, np.uint32)
    threshold = threshold_of(flip)
    n = y.shape[1]
    for r in range(y.shape[0]):
        for chunk in range((n + 63) // 64):
            words64(flip_key, tick + np.uint64(r), np.uint64(chunk), words)
            gaussian64(white_key, tick + np.uint64(r), np.uint64(chunk), white, z)
            first = 64 * chunk
            for i in range(min(64, n - first)):
                if np.uint64(words[i]) < threshold:
                    state[first + i] = -state[first + i]
                y[r, first + i] += offset + amplitude * state[first + i] + sigma * z[i]
