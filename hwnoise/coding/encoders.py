"""How a number in [0, 1] becomes a course over time: rate, latency, constant; or the data have their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Encoder = Callable[[Array, int, np.uint64, int], Array]


def rate(intensity: Array, steps: int, key: np.uint64, first: int = 0) -> Array:
    """Spikes drawn anew at every step, as likely as the input is strong (eq:rate-coding).

    Parameters
    ----------
    intensity : (samples, inputs) float32
        In [0, 1].
    steps : int
        >= 1.
    key : uint64
        The stream of the draws.
    first : int
        Number of the first sample in that stream; every sample has ``steps`` ticks of its own.

    Returns
    -------
    (samples, steps, inputs) float32
        0 or 1.
    """
    from hwnoise.kernels.rate_coding import fill_rate_spikes

    out = np.empty((len(intensity), steps, intensity.shape[1]), np.float32)
    start = np.uint64(first * steps % 2**64)
    fill_rate_spikes(np.ascontiguousarray(intensity, np.float32), key, start, out)
    return out


def latency(intensity: Array, steps: int, key: np.uint64, first: int = 0) -> Array:
    """One spike an input, the earlier the stronger; none for an input of 0 (eq:latency-coding).

    Parameters and result as for ``rate``; nothing is drawn.
    """
    when = np.floor((1 - intensity) * np.float32(steps - 1) + np.float32(0.5)).astype(np.int64)
    fires = (intensity > 0)[:, np.newaxis] & (when[:, np.newaxis] == np.arange(steps)[:, np.newaxis])
    return np.asarray(fires, np.float32)


def constant(intensity: Array, steps: int, key: np.uint64, first: int = 0) -> Array:
    """The number itself at every step: a current, not spikes.

    Parameters and result as for ``rate``; nothing is drawn.
    """
    shape = (len(intensity), steps, intensity.shape[1])
    return np.ascontiguousarray(np.broadcast_to(intensity[:, np.newaxis], shape), np.float32)


ENCODERS: dict[str, Encoder] = {"rate": rate, "latency": latency, "constant": constant}
