"""Raw numbers to converter range: images by 255, anything else by statistics of the training part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwnoise.tasks.base import Array

CLIP_SIGMAS = 3.0  # full scale of a standardised feature; clips 0.3 % of a Gaussian one

PIXELS = "divided by 255"
UNCHANGED = "unchanged"
STANDARDISED = "each feature: (value - mean) / (3 sigma) of the training part, clipped to [-1, 1]"


def scale(parts: Sequence[Array]) -> tuple[list[Array], str]:
    """Bring every part into [-1, 1] float32, with the numbers of ``parts[0]``, the training part.

    Parameters
    ----------
    parts : sequence of (n, features) array
        All of one kind; bytes are images.

    Returns
    -------
    list of (n, features) float32
        Bytes divided by 255. Numbers of which the training part lies within [-1, 1] are left alone,
        but clipped where another part goes beyond; others are standardised.
    str
        Which of the three it was.
    """
    if all(part.dtype == np.uint8 for part in parts):
        return [part / np.float32(255) for part in parts], PIXELS
    if parts[0].min() >= -1 and parts[0].max() <= 1:
        return [np.clip(part, -1, 1).astype(np.float32) for part in parts], UNCHANGED
    return standardise(parts), STANDARDISED


def standardise(parts: Sequence[Array]) -> list[Array]:
    """Subtract the mean and divide by three standard deviations of ``parts[0]``, clip to [-1, 1].

    Three standard deviations are the full scale of the input converter; without the clip one outlier
    would cost every other sample its resolution. A feature that is constant in ``parts[0]`` becomes 0.

    Parameters
    ----------
    parts : sequence of (n, features) array
        The training part first.

    Returns
    -------
    list of (n, features) float32
    """
    train = parts[0].astype(np.float64)
    mean, sigma = train.mean(axis=0), train.std(axis=0)
    # A constant column leaves rounding errors of the mean behind; they are no signal.
    constant = np.ptp(train, axis=0) == 0
    full_scale = np.where(constant, np.inf, CLIP_SIGMAS * sigma)
    return [np.clip((part - mean) / full_scale, -1, 1).astype(np.float32) for part in parts]
