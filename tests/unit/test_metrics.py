"""Metrics: known values from the literature and from SciPy, and coverage of the intervals."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from hwnoise import metrics
from hwnoise.errors import DivergenceError, InputError

LABELS = np.array([0, 1, 1, 2])
OUTPUT = np.array([[3, 1, 0], [0, 2, 1], [5, 4, 0], [0, 0, 1]], np.float32)


def test_accuracy_counts_every_read():
    assert metrics.accuracy(OUTPUT, LABELS) == 0.75
    assert metrics.accuracy(OUTPUT, np.eye(3)[LABELS]) == 0.75
    assert metrics.accuracy(np.stack([OUTPUT, np.eye(3)[LABELS]]), LABELS) == 0.875


def test_confusion_matrix_has_true_classes_as_rows():
    expected = [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert metrics.confusion_matrix(OUTPUT, LABELS).tolist() == expected
    assert (
        metrics.confusion_matrix(np.stack([OUTPUT] * 2), LABELS).tolist() == (2 * np.array(expected)).tolist()
    )


def test_equal_outputs_are_the_first_class():
    assert metrics.predictions(np.ones((2, 3))).tolist() == [0, 0]


def test_not_a_number_is_no_prediction():
    output = OUTPUT.copy()
    output[2, 1] = np.nan
    with pytest.raises(DivergenceError, match="1 of 4 network outputs are not a number"):
        metrics.accuracy(output, LABELS)


@pytest.mark.parametrize("labels", [LABELS[:3], LABELS[np.newaxis], np.eye(4)[LABELS]])
def test_labels_that_do_not_fit_are_refused(labels):
    with pytest.raises(InputError, match="do not fit outputs"):
        metrics.accuracy(OUTPUT, labels)


def test_no_samples_have_no_accuracy():
    with pytest.raises(InputError, match="do not fit outputs"):
        metrics.accuracy(OUTPUT[:0], LABELS[:0])


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17, 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_equals_the_published_table(successes, n, low, high):
    assert metrics.wilson_interval(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_wilson_interval_equals_scipy(confidence):
    from scipy.stats import binomtest

    for successes, n in [(0, 1), (1, 1), (342, 360), (360, 360)]:
        ci = binomtest(successes, n).proportion_ci(confidence, method="wilson")
        assert metrics.wilson_interval(successes, n, confidence) == pytest.approx(
            (ci.low, ci.high), abs=1e-12
        )


@pytest.mark.parametrize("args", [(-1, 5), (6, 5), (0, 0), (1, 2, 0.0), (1, 2, 1.0), (1, 2, float("nan"))])
def test_wilson_interval_refuses(args):
    with pytest.raises(InputError):
        metrics.wilson_interval(*args)


def test_student_quantile_equals_scipy():
    from scipy.special import stdtrit

    for dof in (1, 2, 3, 4, 5, 8, 29, 30, 999):
        for probability in (0.5, 0.75, 0.975, 0.9999):
            expected = stdtrit(dof, probability)
            assert metrics.student_quantile(probability, dof) == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_mean_interval_equals_scipy():
    from scipy import stats

    values = [0.951, 0.944, 0.962, 0.957, 0.949]
    expected = stats.t.interval(0.9, 4, np.mean(values), stats.sem(values))
    assert metrics.mean_interval(values, 0.9) == pytest.approx(expected, rel=1e-12)


def test_mean_interval_covers_as_often_as_it_says():
    # 4000 fixed draws of five chips; three standard errors of the coverage are 0.010.
    chips = np.random.Generator(np.random.Philox(key=5)).standard_normal((4000, 5))
    t = metrics.student_quantile(0.975, 4)
    half = t * chips.std(axis=1, ddof=1) / np.sqrt(5)
    assert np.mean(np.abs(chips.mean(axis=1)) < half) == pytest.approx(0.95, abs=0.011)
    assert metrics.mean_interval(chips[0]) == pytest.approx(
        (chips[0].mean() - half[0], chips[0].mean() + half[0])
    )


@pytest.mark.parametrize("values", [[], [0.9], [0.9, np.nan], [[0.9, 0.8]]])
def test_mean_interval_refuses(values):
    with pytest.raises(InputError, match="at least two values, all of them finite"):
        metrics.mean_interval(values)


@pytest.mark.parametrize(("probability", "dof"), [(0.4, 3), (1.0, 3), (0.9, 0)])
def test_student_quantile_refuses(probability, dof):
    with pytest.raises(InputError, match="degrees of freedom"):
        metrics.student_quantile(probability, dof)


def test_doctests():
    assert doctest.testmod(metrics).failed == 0
