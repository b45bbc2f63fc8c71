"""How well a network does, and how sure one can be of it."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwnoise.errors import DivergenceError, InputError

Array = NDArray[Any]


def predictions(output: Array) -> Array:
    """Return the class with the largest output; of equal ones the first.

    Parameters
    ----------
    output : (..., samples, classes) float
        Read-out of the network, for example ``Reading.output``.

    Returns
    -------
    (..., samples) int64

    Raises
    ------
    DivergenceError
        If an output is not-a-number, which would pass for the largest.
    """
    if bad := int(np.isnan(output).any(axis=-1).sum()):
        raise DivergenceError(f"{bad} of {output[..., 0].size} network outputs are not a number")
    return np.asarray(output.argmax(axis=-1), np.int64)


def accuracy(output: Array, labels: Array) -> float:
    """Return the share of reads that name the true class, over all samples and passes.

    Parameters
    ----------
    output : (..., samples, classes) float
        Read-out of the network.
    labels : (samples,) int or (samples, classes) float
        True classes, or targets whose largest entry is the class.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InputError
        If the shapes do not fit or there are no samples.
    DivergenceError
        If an output is not-a-number.
    """
    return float((predictions(output) == _true_classes(output, labels)).mean())


def confusion_matrix(output: Array, labels: Array) -> Array:
    """Count how often each class was read as each class, over all samples and passes.

    Parameters
    ----------
    output, labels
        As for ``accuracy``.

    Returns
    -------
    (classes, classes) int64
        Row: true class; column: class that was read.

    Raises
    ------
    InputError, DivergenceError
        As for ``accuracy``.
    """
    read = predictions(output)
    true = np.broadcast_to(_true_classes(output, labels), read.shape)
    classes = output.shape[-1]
    counts = np.bincount(true.ravel() * classes + read.ravel(), minlength=classes**2)
    return counts.reshape(classes, classes).astype(np.int64)


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a probability of which ``n`` independent trials are known.

    Parameters
    ----------
    successes : int
        From 0 to ``n``.
    n : int
        Trials, >= 1.
    confidence : float
        In (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper end, in [0, 1].

    Raises
    ------
    InputError
        If a number is out of range.

    Notes
    -----
    Source: Wilson, Journal of the American Statistical Association 22, 1927. Recommended for small n by
    Brown, Cai and DasGupta, Statistical Science 16, 2001.

    Examples
    --------
    >>> low, high = wilson_interval(81, 263)
    >>> round(low, 4), round(high, 4)
    (0.2553, 0.3662)
    """
    _check_confidence(confidence)
    if not 0 <= successes <= n or n < 1:
        raise InputError(f"{successes} successes of {n} trials: 0 <= successes <= n and n >= 1 are needed")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = share + z**2 / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = ((centre + side * spread) / (1 + z**2 / n) for side in (-1, 1))
    # At the ends the formula gives 0 and 1 exactly; floating point needs to be told.
    return 0.0 if successes == 0 else low, 1.0 if successes == n else high


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Return Student's interval of the mean of independent values, for example one a chip.

    Parameters
    ----------
    values : (n,) array
        At least two, finite, about normally distributed.
    confidence : float
        In (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper end; not clipped to the range of the values.

    Raises
    ------
    InputError
        If there are fewer than two values, or one is not finite.

    Notes
    -----
    Source: Student, Biometrika 6, 1908.

    Examples
    --------
    >>> low, high = mean_interval([0.94, 0.95, 0.96])
    >>> round(low, 4), round(high, 4)
    (0.9252, 0.9748)
    """
    _check_confidence(confidence)
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise InputError("an interval of a mean needs at least two values, all of them finite")
    n = len(values)
    half = student_quantile((1 + confidence) / 2, n - 1) * values.std(ddof=1) / math.sqrt(n)
    return float(values.mean() - half), float(values.mean() + half)


def student_quantile(probability: float, dof: int) -> float:
    """Return the quantile of Student's t distribution for a whole number of degrees of freedom.

    Parameters
    ----------
    probability : float
        In [0.5, 1).
    dof : int
        Degrees of freedom, >= 1.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If an argument is out of range.

    Notes
    -----
    Bisection, to the last bit, of the closed form for ``t = sqrt(dof) tan(theta)``: Abramowitz and
    Stegun, Handbook of Mathematical Functions, National Bureau of Standards, 1964, eq. 26.7.3-26.7.4.

    Examples
    --------
    >>> round(student_quantile(0.975, 4), 4)
    2.7764
    """
    if not (0.5 <= probability < 1 and dof >= 1):
        raise InputError(f"quantile {probability} of {dof} degrees of freedom: [0.5, 1) and >= 1 are allowed")
    central = 2 * probability - 1
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        if _central_probability(middle, dof) < central:
            low = middle
        else:
            high = middle
    return math.sqrt(dof) * math.tan(high)


def _central_probability(theta: float, dof: int) -> float:
    """P(|T| <= sqrt(dof) tan(theta)): A&S 26.7.3 for odd ``dof``, 26.7.4 for even."""
    j = np.arange(1, dof // 2)  # 26.7.4 ends with j = (dof - 2) / 2, 26.7.3 with (dof - 3) / 2
    cos2 = math.cos(theta) ** 2
    if dof % 2 == 0:
        series = 1 + np.cumprod((2 * j - 1) / (2 * j) * cos2).sum()
        return float(math.sin(theta) * series)
    series = 0.0 if dof == 1 else math.cos(theta) * (1 + np.cumprod(2 * j / (2 * j + 1) * cos2).sum())
    return float(2 / math.pi * (theta + math.sin(theta) * series))


def _true_classes(output: Array, labels: Array) -> Array:
    """Class numbers of labels or targets, if they fit the output."""
    if labels.shape not in (output.shape[-2:-1], output.shape[-2:]) or output.size == 0:
        raise InputError(f"labels of shape {labels.shape} do not fit outputs of shape {output.shape}")
    return labels if labels.ndim == 1 else labels.argmax(axis=-1)


def _check_confidence(confidence: float) -> None:
    """Refuse a confidence that no interval can have."""
    if not 0 < confidence < 1:
        raise InputError(f"confidence = {confidence}: between 0 and 1 is allowed")
