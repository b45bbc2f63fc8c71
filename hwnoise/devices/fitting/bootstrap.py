"""Intervals without assumptions on the law of the data: devices are drawn again (eq:fit-bootstrap)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from hwnoise.streams import Stream

Floats = NDArray[np.float64]
CONFIDENCE = 0.95
LEAST_DEVICES = 20  # drawing fewer again gives no interval


def intervals(
    reported: Callable[[Floats], Mapping[str, float]], devices: int, stream: Stream, resamples: int
) -> dict[str, tuple[float, float]]:
    """95 % interval of each reported number.

    Parameters
    ----------
    reported : callable
        Weights (devices,), how often each device counts, to numbers by name.
    devices, resamples : int
        How many there are; how often they are drawn again, with replacement.
    stream : Stream
        Where the draws come from.

    Notes
    -----
    Percentile interval. Source: Efron and Tibshirani, An Introduction to the Bootstrap, Chapman and
    Hall, 1993, chapter 13.
    """
    draw = stream.generator()
    each = [
        reported(draw.multinomial(devices, np.full(devices, 1 / devices)).astype(np.float64))
        for _ in range(resamples)
    ]
    tails = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    ends = {name: np.quantile([one[name] for one in each], tails) for name in each[0]}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}
