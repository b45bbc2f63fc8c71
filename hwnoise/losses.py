"""Losses of single samples. Values only: no chip takes a derivative of them (yardsticks: ``slopes``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError

Array = NDArray[Any]
Loss = Callable[[Array, Array], Array]

PROBABILITY_FLOOR = 1e-7  # about the step of float32 below 1; caps the cross entropy at 16.1


def cross_entropy(output: Array, labels: Array) -> Array:
    """Return minus the log-probability of the true class, ``-ln max(p[label], 1e-7)``, in nats.

    The floor keeps a confident mistake finite: one sample weighs at most 16.1. Not-a-number stays
    not-a-number, so that a diverged network is noticed.

    Parameters
    ----------
    output : (..., samples, classes) float
        Probabilities, as a softmax read-out delivers them; for example ``Reading.output``.
    labels : (samples,) int
        The true classes.

    Returns
    -------
    (..., samples) float32
        In [0, 16.1] for probabilities.

    Raises
    ------
    InputError
        If the shapes do not fit or a label is no class.

    Notes
    -----
    Source: Good, Journal of the Royal Statistical Society B 14, 1952 (the logarithmic score).

    Examples
    --------
    >>> cross_entropy(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 0])).tolist() == [
    ...     np.float32(np.log(2)), np.float32(-np.log(1e-7))
    ... ]
    True
    """
    check_labels(output, labels)
    true_class = output[..., np.arange(len(labels)), labels]
    return np.asarray(-np.log(np.maximum(true_class, PROBABILITY_FLOOR)), np.float32)


def squared_error(output: Array, target: Array) -> Array:
    """Return the squared distance to the target, summed over outputs (for probabilities: Brier score).

    Parameters
    ----------
    output : (..., samples, outputs) float
        Read-out of the network, for example ``Reading.output``.
    target : (samples,) int or (samples, outputs) float
        Labels, which become one-hot, or targets.

    Returns
    -------
    (..., samples) float32

    Raises
    ------
    InputError
        If the shapes do not fit or a label is no class.

    Notes
    -----
    Source: Brier, Monthly Weather Review 78, 1950, for probabilities.

    Examples
    --------
    >>> squared_error(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 0])).tolist()
    [0.5, 2.0]
    """
    return np.asarray(np.square(output - as_targets(output, target)).sum(axis=-1), np.float32)


def as_targets(output: Array, target: Array) -> Array:
    """Return targets (samples, outputs): labels become one-hot.

    Raises
    ------
    InputError
        If the shapes do not fit or a label is no class.
    """
    if target.ndim == 1:
        check_labels(output, target)
        return np.asarray(np.eye(output.shape[-1], dtype=output.dtype)[target])
    if target.shape != output.shape[-2:]:
        raise InputError(f"targets of shape {target.shape} do not fit outputs of shape {output.shape}")
    return target


_LOSSES: dict[str, Loss] = {"cross_entropy": cross_entropy, "squared_error": squared_error}


def names() -> tuple[str, ...]:
    """Return the names that ``get`` takes."""
    return tuple(_LOSSES)


def get(name: str) -> Loss:
    """Return the loss of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in _LOSSES:
        raise InputError(f"loss = {name!r}: choose from {', '.join(_LOSSES)}")
    return _LOSSES[name]


def check_labels(output: Array, labels: Array) -> None:
    """Refuse labels that NumPy would broadcast or count from the end.

    Raises
    ------
    InputError
        One sentence that says what was expected.
    """
    if output.ndim < 2 or labels.shape != output.shape[-2:-1]:
        raise InputError(f"labels of shape {labels.shape} do not fit outputs of shape {output.shape}")
    classes = output.shape[-1]
    if labels.dtype.kind not in "iu" or (len(labels) and not 0 <= labels.min() <= labels.max() < classes):
        raise InputError(f"labels must be integers from 0 to {classes - 1}")
