"""The task ``order``: balanced, fixed, and out of reach without memory."""

from __future__ import annotations

import numpy as np

from hwnoise import tasks
from hwnoise.tasks import order
from hwnoise.tasks.base import Split

TASK = tasks.load("order")


def cue_counts(split: Split) -> np.ndarray:
    """Spikes of the inputs of either cue in the first and in the second half: (samples, half, cue)."""
    return split.x.reshape(len(split), 2, order.STEPS // 2, 2, order.PER_CUE).sum(axis=(2, 4))


def test_samples_have_a_time_axis() -> None:
    assert TASK.is_timed
    assert not tasks.load("xor").is_timed
    assert TASK.train.x.shape == (1400, *TASK.input_shape)
    assert set(np.unique(TASK.train.x)) == {0, 1}


def test_classes_are_balanced_and_parts_differ() -> None:
    for part in (TASK.train, TASK.validation, TASK.test):
        assert np.ptp(np.bincount(part.y, minlength=4)) == 0
    assert not np.array_equal(TASK.train.x[:200], TASK.validation.x)
    assert TASK.fingerprint == tasks.load("order").fingerprint


def test_the_label_is_the_order_of_the_volleys() -> None:
    first, second = cue_counts(TASK.test).argmax(axis=2).T
    assert np.mean(2 * first + second == TASK.test.y) > 0.99


def test_without_order_two_classes_are_alike() -> None:
    """Sums over time tell AA, BB and the other two apart, but not AB from BA."""
    sums = TASK.train.x.sum(axis=1)
    mixed = [sums[TASK.train.y == label] for label in (1, 2)]
    gap = mixed[0].mean(axis=0) - mixed[1].mean(axis=0)
    error = np.sqrt(sum(values.var(axis=0) / len(values) for values in mixed))
    assert np.abs(gap / error).max() < 5
    pure = [sums[TASK.train.y == label].mean(axis=0) for label in (0, 3)]
    assert np.abs(pure[0] - pure[1]).min() > 1
