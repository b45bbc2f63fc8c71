"""Losses: known values, shapes with passes, and what they refuse."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest

from hwnoise import losses
from hwnoise.errors import InputError

LABELS = np.array([0, 2, 1])
OUTPUT = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.25, 0.5, 0.25]], np.float32)


def test_cross_entropy_is_the_logarithm_of_the_true_probability():
    loss = losses.cross_entropy(OUTPUT, LABELS)
    assert loss.dtype == np.float32
    np.testing.assert_allclose(loss, [-math.log(0.7), -math.log(0.8), math.log(2)], rtol=1e-6)


def test_cross_entropy_equals_scikit_learn():
    from sklearn.metrics import log_loss

    rng = np.random.Generator(np.random.Philox(key=1))
    output, labels = rng.dirichlet(np.ones(5), 200), rng.integers(0, 5, 200)
    expected = log_loss(labels, output, labels=range(5))
    assert losses.cross_entropy(output, labels).mean() == pytest.approx(expected, rel=1e-6)


def test_cross_entropy_has_a_floor_and_lets_nan_through():
    output = np.array([[0.0, 1.0], [np.nan, np.nan]], np.float32)
    loss = losses.cross_entropy(output, np.array([0, 0]))
    assert loss[0] == pytest.approx(-math.log(losses.PROBABILITY_FLOOR))
    assert np.isnan(loss[1])


def test_squared_error_of_labels_is_that_of_one_hot_targets():
    by_label = losses.squared_error(OUTPUT, LABELS)
    np.testing.assert_array_equal(by_label, losses.squared_error(OUTPUT, np.eye(3, dtype=np.float32)[LABELS]))
    assert by_label.dtype == np.float32
    assert by_label[0] == pytest.approx(0.3**2 + 0.2**2 + 0.1**2)


@pytest.mark.parametrize("name", losses.names())
def test_passes_are_independent(name):
    loss = losses.get(name)
    stack = np.stack([OUTPUT, OUTPUT[:, ::-1]])
    result = loss(stack, LABELS)
    assert result.shape == (2, 3)
    for one, output in zip(result, stack, strict=True):
        np.testing.assert_array_equal(one, loss(output, LABELS))


@pytest.mark.parametrize("name", losses.names())
@pytest.mark.parametrize("labels", [LABELS[:2], LABELS - 1, LABELS + 1, LABELS * 1.0, LABELS[:1]])
def test_labels_that_do_not_fit_are_refused(name, labels):
    with pytest.raises(InputError, match="labels"):
        losses.get(name)(OUTPUT, labels)


def test_targets_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"targets of shape \(1, 3\) do not fit outputs of shape \(3, 3\)"):
        losses.squared_error(OUTPUT, OUTPUT[:1])


def test_unknown_name():
    with pytest.raises(InputError, match="loss = 'mse': choose from cross_entropy, squared_error"):
        losses.get("mse")


def test_doctests():
    assert doctest.testmod(losses).failed == 0
