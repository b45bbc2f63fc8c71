"""Derivatives of the losses by the output of the network: for yardsticks, never for a chip's own learning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise import losses
from hwnoise.errors import InputError

Array = NDArray[Any]
SMALLEST = 1e-18  # probabilities below it have no slope: the square of its inverse still is a float32


@dataclass(frozen=True)
class Slopes:
    """How one loss changes with the output, element by element (eq:loss-slopes).

    Each is a function of output (..., samples, classes) and labels (samples,) or targets
    (samples, classes), and returns float32 of the shape of the output.

    Attributes
    ----------
    first : callable
        The derivative.
    exact : callable
        The second derivative; no loss has a mixed one.
    expected : callable
        Its mean over labels drawn from what the network predicts, >= 0 (Fisher information).
    """

    first: Callable[[Array, Array], Array]
    exact: Callable[[Array, Array], Array]
    expected: Callable[[Array, Array], Array]


def slopes(loss: Callable[[Array, Array], Array]) -> Slopes:
    """Return the derivatives of ``loss``: of one of ours, or what it has as its attribute ``slopes``.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> slopes(losses.cross_entropy).first(np.array([[0.5, 0.5]]), np.array([0])).tolist()
    [[-2.0, 0.0]]
    """
    own = getattr(loss, "slopes", None)
    if isinstance(own, Slopes):
        return own
    for known, found in _SLOPES.items():
        if loss is known:
            return found
    name = getattr(loss, "__name__", type(loss).__name__)
    raise InputError(f"loss {name} has no known derivative; those of {', '.join(losses.names())} are known")


def _true_class(output: Array, labels: Array) -> Array:
    """One divided by the probability of the true class, 0 for the others."""
    losses.check_labels(output, labels)
    inverse = np.zeros(output.shape, np.float32)
    rows = np.arange(len(labels))
    inverse[..., rows, labels] = _inverse(output[..., rows, labels])
    return inverse


def _inverse(probability: Array) -> Array:
    seen = np.asarray(probability, np.float32)
    return np.asarray(np.divide(1, seen, out=np.zeros_like(seen), where=seen > SMALLEST))


# The floor of the loss is left out here: with it, a confident mistake would not be corrected at all.
_CROSS_ENTROPY = Slopes(
    first=lambda output, labels: 0 - _true_class(output, labels),  # 0 and not -0 elsewhere
    exact=lambda output, labels: np.square(_true_class(output, labels)),
    expected=lambda output, labels: _inverse(output),
)


def _two(output: Array, target: Array) -> Array:
    return np.full(output.shape, 2, np.float32)


_SQUARED_ERROR = Slopes(
    first=lambda output, target: np.asarray(2 * (output - losses.as_targets(output, target)), np.float32),
    exact=_two,
    expected=_two,
)
_SLOPES = {losses.cross_entropy: _CROSS_ENTROPY, losses.squared_error: _SQUARED_ERROR}
