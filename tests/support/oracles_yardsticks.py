"""Closed forms of the yardsticks, with matrices written out: slow and plain."""

from __future__ import annotations

from typing import Any

import numpy as np
from gradient_chip import GradientChip, Taken

from hwnoise.learners.yardsticks.vectors import Layout

Array = Any


def layout(chip: GradientChip) -> Layout:
    """How the parameters of a chip lie in a vector."""
    return Layout.of(chip.values)


def quiet_output(chip: GradientChip, vector: Array, x: Array) -> Array:
    """Output (samples, classes) without noise for parameters given as a vector, in float64."""
    shapes, values, start = layout(chip).shapes, {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        values[name] = vector[start : start + size].reshape(shape)
        start += size
    silent = {layer.name: np.zeros(1) for layer in chip.layers}
    return Taken(chip.layers, values, np.asarray(x, np.float64)[None], silent).output[0]


def exact_loss(chip: GradientChip, vector: Array, x: Array, y: Array) -> float:
    """Mean of -ln p for labels, of the squared distance for targets; without a floor."""
    output = quiet_output(chip, vector, x)
    if y.ndim == 1:
        return float(-np.log(output[np.arange(len(y)), y]).mean())
    return float(np.square(output - y).sum(axis=1).mean())


def differences(function: Any, at: Array, step: float) -> Array:
    """Central differences of ``function`` by every element of ``at``, along a new first axis."""
    found = []
    for nudge in step * np.eye(len(at)):
        found.append((np.asarray(function(at + nudge)) - np.asarray(function(at - nudge))) / (2 * step))
    return np.array(found)


def gradient(chip: GradientChip, x: Array, y: Array) -> Array:
    """Of the mean loss, by differences."""
    return differences(lambda v: exact_loss(chip, v, x, y), layout(chip).pack(chip.values), 1e-6)


def jacobian(chip: GradientChip, x: Array) -> Array:
    """Of the output: (parameters, samples, classes)."""
    return differences(lambda v: quiet_output(chip, v, x), layout(chip).pack(chip.values), 1e-6)


def hessian(chip: GradientChip, x: Array, y: Array) -> Array:
    """Of the mean loss: differences of differences."""
    at = layout(chip).pack(chip.values)
    inner = differences(lambda v: differences(lambda w: exact_loss(chip, w, x, y), v, 1e-4), at, 1e-4)
    return (inner + inner.T) / 2


def bfgs_inverse(pairs: list[tuple[Array, Array]]) -> Array:
    """The inverse curvature that BFGS builds from pairs, oldest first, as a matrix."""
    s, y = pairs[-1]
    inverse = np.eye(len(s)) * (s @ y) / (y @ y)
    for s, y in pairs:
        rho = 1 / (y @ s)
        left = np.eye(len(s)) - rho * np.outer(s, y)
        inverse = left @ inverse @ left.T + rho * np.outer(s, s)
    return inverse
