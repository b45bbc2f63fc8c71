"""Chips grow old between readings; one gain per layer makes up for a drift that all devices share."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from tiny import PCM, kind

from hwnoise import InputError, Network, Stream, training
from hwnoise.ageing import TIMES, YEAR, evaluate_over_time
from hwnoise.backends.base import Probe
from hwnoise.backends.emulator import backend
from hwnoise.compensation import CompensatedChain
from hwnoise.errors import DivergenceError, MismatchError
from hwnoise.tasks import from_arrays

STREAM = Stream(5)
NU, T0 = 0.1, 20.0
FIXED = {"shape": "polynomial", "coefficients": [NU]}
NONE = {"shape": "polynomial", "coefficients": [0.0]}
DRIFTING = kind(conductance={}, drift={"t0": T0, "mean": FIXED, "std": NONE})


@pytest.fixture(scope="module")
def task():
    """Which of eight inputs, half of them dim, is brighter than the other seven."""
    draw = STREAM.child("data").generator()
    y = draw.integers(0, 8, 400)
    x = draw.uniform(0, 0.5, (400, 8)).astype(np.float32)
    x[np.arange(400), y] += 0.5
    return from_arrays(x, y)


def network(bias: float = 0.0) -> Network:
    """Pass the brightest input on, through two layers."""
    drawn = Network.mlp("8-8-8", Stream(1))
    eye = np.eye(8, dtype=np.float32)
    offset = np.linspace(-bias, bias, 8, dtype=np.float32)
    values = {"hidden1.weight": eye, "hidden1.bias": offset, "readout.weight": eye, "readout.bias": offset}
    return drawn.with_parameters(values)


def age(task, on=PCM, net=None, **options):
    given = {"times": (0.0, 3600.0), "chips": 2, "stream": STREAM} | options
    return evaluate_over_time(net or network(), on, backend, task, **given)


def chain(task, on=DRIFTING, net=None):
    return CompensatedChain(net or network(), on, backend, STREAM, task.train.x[:32])


def test_at_the_first_moment_it_is_the_plain_evaluation(task):
    fresh, _ = age(task)
    plain = training.evaluate(network(), PCM, backend, task, chips=2, stream=STREAM)
    assert (fresh.accuracy, fresh.low, fresh.high, fresh.chips) == tuple(asdict(plain).values())


def test_a_second_to_a_year_is_one_call(task):
    rows = age(task, times=TIMES)
    assert [row.seconds for row in rows] == [1, 60, 3600, 86_400, 2_592_000, YEAR]
    assert all(row.low <= row.accuracy <= row.high and len(row.chips) == 2 for row in rows)


def test_the_same_stream_gives_the_same_ages(task):
    assert age(task) == age(task)
    assert age(task, compensate=True) == age(task, compensate=True)


def test_it_is_the_age_and_not_the_number_of_readings_that_counts(task):
    often = age(task, on=DRIFTING, times=(1.0, 60.0, 3600.0), net=network(0.3))
    once = age(task, on=DRIFTING, times=(3600.0,), net=network(0.3))
    assert often[-1] == once[0]


def test_layers_of_their_own_are_the_chip_as_a_whole(task):
    """The same stream gives the same devices, so that the chain is no other chip."""
    stream, x = STREAM.child("c"), task.test.x
    parts = CompensatedChain(network(0.1), PCM, backend, stream, task.train.x[:1])
    whole = backend.compile(network(0.1), PCM, stream)
    whole.run(task.train.x[:1])  # the chain was calibrated on one sample
    np.testing.assert_allclose(parts.run(x).output, whole.run(x).output, rtol=1e-6)


def test_a_drift_that_all_devices_share_is_made_up_for(task):
    """The gain of each layer is what its devices have lost (eq:drift-compensation)."""
    aged, x = chain(task, net=network(0.3)), task.test.x
    fresh = aged.run(x).output
    aged.advance(YEAR)
    assert np.abs(aged.run(x).output - fresh).max() > 0.1
    expected = ((YEAR + T0) / T0) ** NU
    assert aged.calibrate() == pytest.approx({"hidden1": expected, "readout": expected}, rel=1e-4)
    np.testing.assert_allclose(aged.run(x).output, fresh, rtol=1e-3)


def test_compensation_keeps_what_drift_takes(task):
    """Biases are digital and do not drift: without a gain they take over."""
    plain, made_up = (
        age(task, on=DRIFTING, net=network(0.15), times=(0.0, YEAR), compensate=yes) for yes in (False, True)
    )
    assert plain[0].accuracy == made_up[0].accuracy == made_up[1].accuracy
    assert plain[1].accuracy < plain[0].accuracy - 0.05


def test_calibration_reads_are_counted(task):
    aged = chain(task)
    before = aged.events["conversions_in"]
    aged.calibrate()
    assert aged.events["conversions_in"] - before == 32 * (8 + 8)
    assert aged.run(task.test.x).events["conversions_in"] == len(task.test) * (8 + 8)


def test_a_layer_gone_silent_is_said(task):
    aged = chain(task, on=kind(), net=network())
    aged._calibration[0] = np.zeros_like(aged._calibration[0])
    with pytest.raises(DivergenceError, match="layer 'hidden1' answers its calibration input with zeros"):
        aged.calibrate()


def test_a_compensated_chip_is_read_and_not_trained(task):
    with pytest.raises(MismatchError, match="read once at a time"):
        chain(task).run(task.test.x, Probe(passes=2))


def test_calibration_inputs_have_to_fit():
    for shape in ((0, 8), (4, 7), (8,)):
        with pytest.raises(InputError, match="calibration inputs of shape"):
            CompensatedChain(network(), DRIFTING, backend, STREAM, np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"times": ()}, "at least one"),
        ({"times": (-1.0,)}, "times must be finite numbers of seconds >= 0"),
        ({"times": (float("nan"),)}, "times must be finite numbers"),
        ({"times": (float("inf"),)}, "times must be finite numbers"),
        ({"times": (60.0, 1.0)}, "times must ascend"),
        ({"times": (1.0, 1.0)}, "times must ascend"),
        ({"chips": 0}, "chips must be at least 1, not 0"),
        ({"split": "tset"}, "split must be train, validation or test, not 'tset'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(task, options, says):
    with pytest.raises(InputError) as refused:
        age(task, **options)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
