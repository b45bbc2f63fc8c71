"""Optimizers against their textbook formulas, written out with scalars."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hwnoise import optimizers
from hwnoise.errors import InputError
from hwnoise.optimizers import CHUNK
from hwnoise.streams import Stream


def gradients(steps: int, size: int = 5) -> list[Any]:
    return list(Stream(3, "optimizers").generator().standard_normal((steps, size)).astype(np.float32))


def deltas(optimizer: Any, series: list[Any], **options: Any) -> list[Any]:
    return [
        optimizer.update({"a.weight": g.copy()}, step, len(series), **options)["a.weight"]
        for step, g in enumerate(series)
    ]


def test_sgd_goes_down_the_estimate() -> None:
    series = gradients(3)
    for delta, g in zip(deltas(optimizers.make("sgd", learning_rate=0.1), series), series, strict=True):
        np.testing.assert_allclose(delta, -0.1 * g, rtol=1e-6)


def test_momentum_is_a_heavy_ball() -> None:
    series, ball = gradients(6), 0.0
    optimizer = optimizers.make("momentum", learning_rate=0.1, momentum=0.8)
    for delta, g in zip(deltas(optimizer, series), series, strict=True):
        ball = 0.8 * ball + g
        np.testing.assert_allclose(delta, -0.1 * ball, rtol=1e-5)


def test_adam_is_the_published_algorithm() -> None:
    series, m, v = gradients(20), 0.0, 0.0
    optimizer = optimizers.make("adam", learning_rate=0.1, epsilon=1e-3)
    for t, (delta, g) in enumerate(zip(deltas(optimizer, series), series, strict=True), start=1):
        g = g.astype(np.float64)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        expected = -0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-3)
        np.testing.assert_allclose(delta, expected, rtol=1e-4)


def test_adam_works_the_same_across_its_chunks() -> None:
    g = np.resize(gradients(1)[0], CHUNK + 3)
    delta = optimizers.make("adam").update({"a": g.copy()}, 0, 1)["a"]
    np.testing.assert_array_equal(delta, np.resize(delta[:5], CHUNK + 3))


def test_sign_moves_by_the_rate_or_not_at_all() -> None:
    delta = optimizers.make("sign", learning_rate=0.5).update(
        {"a": np.array([3.0, -0.1, 0.0], np.float32)}, 0, 1
    )
    np.testing.assert_array_equal(delta["a"], [-0.5, 0.5, 0.0])


@pytest.mark.parametrize("name", optimizers.names())
def test_nothing_observed_moves_nothing(name: str) -> None:
    assert not optimizers.make(name).update({"a": np.zeros(4, np.float32)}, 0, 1)["a"].any()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("constant", [1, 1, 1]), ("linear", [1, 0.5, 0]), ("cosine", [1, 0.5, 0])],
)
def test_schedules_end_where_they_say(schedule: str, expected: list[float]) -> None:
    optimizer = optimizers.make("sgd", learning_rate=2.0, schedule=schedule)
    rates = [optimizer.rate(step, 100) for step in (0, 50, 100)]
    np.testing.assert_allclose(rates, 2 * np.array(expected), atol=1e-12)
    assert schedule != "cosine" or math.isclose(optimizer.rate(25, 100), 1 + math.sqrt(0.5))


def test_weight_decay_is_decoupled_and_spares_biases() -> None:
    optimizer = optimizers.make("adam", learning_rate=0.1, weight_decay=0.5)
    zero = {"a.weight": np.zeros(2, np.float32), "a.bias": np.zeros(2, np.float32)}
    present = {"a.weight": np.array([2.0, -4.0], np.float32), "a.bias": np.ones(2, np.float32)}
    delta = optimizer.update(zero, 0, 1, present)
    np.testing.assert_allclose(delta["a.weight"], [-0.1, 0.2], rtol=1e-6)
    assert not delta["a.bias"].any()
    with pytest.raises(InputError, match="weight_decay"):
        optimizer.update(zero, 0, 1)


@pytest.mark.parametrize("name", optimizers.names())
def test_deltas_take_the_place_of_the_estimates(name: str) -> None:
    """So that training holds one gradient and no more."""
    g = np.ones((3, 2), np.float32)
    assert optimizers.make(name).update({"a.weight": g}, 0, 1)["a.weight"] is g


@pytest.mark.parametrize("name", optimizers.names())
def test_a_restored_optimizer_goes_on_bit_for_bit(name: str) -> None:
    first, series = optimizers.make(name), gradients(8)
    deltas(first, series[:4])
    second = optimizers.make(name)
    second.restore({key: value.copy() for key, value in first.state().items()})
    for step, g in enumerate(series[4:], start=4):
        pair = [o.update({"a.weight": g.copy()}, step, 8)["a.weight"] for o in (first, second)]
        np.testing.assert_array_equal(*pair)


def test_memory_is_at_most_two_arrays_per_parameter() -> None:
    for name, arrays in {"sgd": 0, "momentum": 1, "adam": 2, "sign": 0}.items():
        optimizer = optimizers.make(name)
        deltas(optimizer, gradients(2))
        assert len(optimizer.state()) == arrays
        assert all(value.dtype == np.float32 for value in optimizer.state().values())


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("lion", {}, ["'lion'", "sgd, momentum, adam, sign"]),
        ("sgd", {"beta1": 0.5}, ["'beta1'", "learning_rate, schedule, weight_decay"]),
        ("sgd", {"learning_rate": 0}, ["learning_rate", "above 0"]),
        ("sgd", {"learning_rate": "fast"}, ["learning_rate", "'fast'"]),
        ("sgd", {"learning_rate": math.inf}, ["learning_rate", "finite"]),
        ("sgd", {"learning_rate": True}, ["learning_rate", "True"]),
        ("sgd", {"schedule": "step"}, ["schedule", "constant, linear, cosine"]),
        ("sgd", {"weight_decay": -1}, ["weight_decay", "negative"]),
        ("momentum", {"momentum": 1.0}, ["momentum", "[0, 1)"]),
        ("adam", {"beta2": -0.1}, ["beta2", "[0, 1)"]),
        ("adam", {"epsilon": 0.0}, ["epsilon", "above 0"]),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(
    name: str, options: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        optimizers.make(name, **options)
    assert all(word in str(caught.value) for word in words)
