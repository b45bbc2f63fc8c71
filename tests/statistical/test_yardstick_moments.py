"""Forward gradients have the mean and the second moment of their closed form (eq:forward-gradient)."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles_yardsticks as oracle
import pytest
from gradient_chip import gradient_chip, told

from hwnoise import learners, losses
from hwnoise.learners.yardsticks.vectors import Layout
from hwnoise.streams import Stream
from hwnoise.testing import assert_mean, assert_rejects

KURTOSIS = {"gaussian": 3.0, "rademacher": 1.0}
STEPS = 3000


def near(samples: Any, expected: float) -> None:
    """The mean of independent ``samples`` is ``expected`` (z test, 1e-6)."""
    assert_mean(samples, expected, float(np.std(samples)))


def drawn(steps: int, **options: Any) -> tuple[Any, Any]:
    """Estimates (steps, parameters) of one batch without noise, and its gradient."""
    chip, generator = gradient_chip("2-2"), Stream(19, "forward-gradient").generator()
    x, y = generator.standard_normal((5, 2)).astype(np.float32), generator.integers(0, 2, 5)
    learner = learners.make("forward-gradient", **options)
    learner.bind(chip.network, chip.capabilities)
    layout = Layout.of(chip.values)
    found = [layout.pack(told(chip, learner, x, y, losses.cross_entropy, key=k)) for k in range(steps)]
    return np.array(found), oracle.gradient(chip, x, y)


@pytest.mark.parametrize("form", list(KURTOSIS))
def test_mean_and_second_moment_are_those_of_random_directions(form: str) -> None:
    """E = g and E|.|^2 = (P + kurtosis - 1)|g|^2; mutants: half of it, and another kurtosis."""
    estimates, gradient = drawn(STEPS, form=form)
    square = gradient @ gradient
    gain, moment = estimates @ gradient / square, np.square(estimates).sum(axis=1) / square
    near(gain, 1.0)
    assert_rejects(near, gain / 2, 1.0)
    near(moment, len(gradient) + KURTOSIS[form] - 1)
    assert_rejects(near, moment, len(gradient) + KURTOSIS[form] + 0.5)


def test_averaged_directions_have_less_variance() -> None:
    """E|mean of q|^2 = (q + P + kurtosis - 2) / q |g|^2; mutant: one direction for all q."""
    estimates, gradient = drawn(STEPS // 2, samples=4)
    moment = np.square(estimates).sum(axis=1) / (gradient @ gradient)
    near(moment, (4 + len(gradient) + 3 - 2) / 4)
    shared, _ = drawn(STEPS // 2, samples=1)
    assert_rejects(near, np.square(shared).sum(axis=1) / (gradient @ gradient), (4 + len(gradient) + 1) / 4)
