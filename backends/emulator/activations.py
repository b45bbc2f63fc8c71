"""Activations, computed digitally between arrays (eq:activations)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]


def softmax(a: Floats) -> Floats:
    """Probabilities along the last axis."""
    e: Floats = np.exp(a - a.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e


def sigmoid(a: Floats) -> Floats:
    """``1 / (1 + exp(-a))``, written so that it never overflows."""
    return np.float32(0.5) * (np.float32(1) + np.tanh(np.float32(0.5) * a))


def relu(a: Floats) -> Floats:
    """``max(a, 0)``."""
    return np.maximum(a, np.float32(0))


ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "relu": relu,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softmax": softmax,
}


def activate(name: str, a: Floats) -> Floats:
    """Apply the activation ``name`` to node values (rows, n)."""
    return ACTIVATIONS[name](a) if name != "identity" else a
