"""Derivatives of the losses against differences of the losses (eq:loss-slopes)."""

from __future__ import annotations

import doctest
from functools import partial
from typing import Any

import numpy as np
import pytest

from hwnoise import losses, slopes
from hwnoise.errors import InputError
from hwnoise.streams import Stream

LABELS = np.array([0, 2, 1, 1])
OUTPUT = Stream(3, "slopes").generator().dirichlet(np.full(3, 3.0), (2, 4))  # (passes, samples, classes)


def cross_entropy(output: Any, labels: Any) -> Any:
    return -np.log(output[..., np.arange(len(labels)), labels])


def squared_error(output: Any, labels: Any) -> Any:
    return np.square(output - np.eye(3)[labels]).sum(axis=-1)


EXACT = {"cross_entropy": cross_entropy, "squared_error": squared_error}  # in float64, without a floor


def differences(function: Any, order: int, step: float = 1e-4) -> Any:
    """Central differences by every element of the output."""
    found = np.empty_like(OUTPUT)
    for index in np.ndindex(OUTPUT.shape):
        nudge = np.zeros_like(OUTPUT)
        nudge[index] = step
        up, here, down = (function(OUTPUT + k * nudge, LABELS).sum() for k in (1, 0, -1))
        found[index] = (up - down) / (2 * step) if order == 1 else (up - 2 * here + down) / step**2
    return found


@pytest.mark.parametrize("name", losses.names())
def test_slopes_are_those_of_the_loss(name: str) -> None:
    """eq:loss-slopes, first and exact; a loss of twice the size is noticed."""
    found = slopes.slopes(losses.get(name))
    np.testing.assert_allclose(found.first(OUTPUT, LABELS), differences(EXACT[name], 1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.exact(OUTPUT, LABELS), differences(EXACT[name], 2), rtol=1e-4, atol=1e-4)
    assert not np.allclose(2 * found.first(OUTPUT, LABELS), differences(EXACT[name], 1), rtol=1e-2)
    assert found.first(OUTPUT, LABELS).dtype == found.exact(OUTPUT, LABELS).dtype == np.float32


def test_the_expected_curvature_is_the_mean_over_predicted_labels() -> None:
    """eq:loss-slopes, expected."""
    exact = slopes.slopes(losses.cross_entropy).exact
    labels = (np.full(4, k) for k in range(3))
    mean = sum(OUTPUT[..., k, None] * exact(OUTPUT, y) for k, y in enumerate(labels))
    np.testing.assert_allclose(slopes.slopes(losses.cross_entropy).expected(OUTPUT, LABELS), mean, rtol=1e-5)


def test_targets_need_not_be_labels() -> None:
    target = np.ones((4, 3))
    found = slopes.slopes(losses.squared_error).first(OUTPUT, target)
    np.testing.assert_allclose(found, 2 * (OUTPUT - 1), rtol=1e-6)


def test_a_confident_mistake_is_corrected_and_nothing_overflows() -> None:
    output, labels = np.array([[1e-12, 1.0], [0.0, 1.0], [1e-30, 1.0]], np.float32), np.zeros(3, np.int64)
    found = slopes.slopes(losses.cross_entropy)
    np.testing.assert_allclose(found.first(output, labels)[:, 0], [-1e12, 0, 0], rtol=1e-6)
    assert np.isfinite(found.exact(output, labels)).all()


def test_a_loss_may_bring_its_own_and_an_unknown_one_is_refused() -> None:
    own = partial(losses.squared_error)
    with pytest.raises(InputError, match="partial has no known derivative"):
        slopes.slopes(own)
    own.slopes = slopes.slopes(losses.squared_error)  # type: ignore[attr-defined]  # that is the point
    assert slopes.slopes(own) is slopes.slopes(losses.squared_error)
    with pytest.raises(InputError, match="labels"):
        slopes.slopes(losses.cross_entropy).first(OUTPUT, LABELS + 5)


def test_the_documented_examples_run() -> None:
    assert doctest.testmod(slopes).failed == 0
