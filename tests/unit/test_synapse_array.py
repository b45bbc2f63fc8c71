"""An array of stochastic synapses: what is stored, what a write moves, and what a read depends on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles_synapse import SynapseChip
from pydantic import TypeAdapter, ValidationError

from hwnoise.backends.base import Probe
from hwnoise.backends.emulator import release_view
from hwnoise.backends.emulator.synapse_array import SynapseArray
from hwnoise.devices.stochastic_synapse import FixedRelease, LogisticRelease, StochasticSynapse
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream

LAWS: list[Any] = [
    FixedRelease(probability=0.3),
    LogisticRelease(),
    LogisticRelease(events=3),
    FixedRelease(events=2),
]
SHAPE = (30, 8)


def weights() -> Any:
    return Stream(3, "weights").generator().uniform(-1, 1, SHAPE).astype(np.float32)


def an_array(synapse: Any, seed: int = 1) -> SynapseArray:
    return SynapseArray(synapse, weights(), Stream(seed, "array"), 1.5)


def inputs(rows: int = 200) -> Any:
    return Stream(4, "inputs").generator().uniform(0, 1, (rows, SHAPE[0])).astype(np.float32)


def read(array: SynapseArray, x: Any, tick: int = 7) -> Any:
    y = np.empty((len(x), SHAPE[1]), np.float32)
    array.view(tick).product(x, tick, y)
    return y


def mean_weight(array: SynapseArray) -> Any:
    return array.view(0).weight * array.weight_range


@pytest.mark.parametrize("synapse", LAWS)
def test_the_mean_is_the_weight(synapse: Any) -> None:
    """Check eq:release-logistic, and that a fixed probability is made up for by the amplitude."""
    np.testing.assert_allclose(mean_weight(an_array(synapse)), weights(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("synapse", LAWS)
def test_reads_have_the_mean_and_the_variance_of_their_law(synapse: Any) -> None:
    """Check eq:release-moments for whole arrays."""
    array, x = an_array(synapse), np.repeat(inputs(1), 20_000, axis=0)
    y = read(array, x) * array.weight_range
    amplitude, p = synapse.synapses(array.parameter)
    of_weight = (amplitude**2 * p * (1 - p)).reshape(SHAPE[0], -1, SHAPE[1]).sum(axis=1)
    sigma = np.sqrt(synapse.draws * (x[0] ** 2 @ of_weight)) * array.weight_range
    np.testing.assert_array_less(np.abs(y.mean(axis=0) - x[0] @ weights()), 6 * sigma / np.sqrt(len(x)))
    np.testing.assert_allclose(y.std(axis=0), sigma, rtol=0.05)


def test_a_write_moves_what_is_undecided_and_saturates() -> None:
    """Check eq:release-logistic: by delta at a mean of 0, by delta (1 - (W / a)^2) elsewhere, up to reach."""
    array, before = an_array(LogisticRelease(logit_range=4)), weights()
    delta = np.full(SHAPE, 1e-3, np.float32)
    array.write(delta, 0)
    expected = delta * (1 - (before / array.weight_range) ** 2)
    np.testing.assert_allclose(mean_weight(array) - before, expected, rtol=0.02, atol=1e-6)
    array.write(100 * np.ones(SHAPE, np.float32), 0)
    largest = 1.5 * np.abs(before).max()
    np.testing.assert_allclose(mean_weight(array), largest, rtol=1e-4)


def test_a_write_adds_to_an_amplitude() -> None:
    array = an_array(FixedRelease())
    array.write(np.ones(SHAPE, np.float32), 0)
    np.testing.assert_allclose(mean_weight(array), weights() + 1, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("synapse", LAWS)
def test_reads_depend_on_tick_and_row_alone(synapse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    array, x = an_array(synapse), inputs()
    whole = read(array, x)
    assert np.array_equal(whole, np.concatenate([read(array, x[:9]), read(array, x[9:], 16)]))
    assert not np.array_equal(whole, read(array, x, 8))
    assert not np.array_equal(whole, read(an_array(synapse, seed=2), x))
    monkeypatch.setattr(release_view, "PARALLEL_FROM", 0)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    assert np.array_equal(whole, read(array, x))


def test_the_events_of_a_read_are_drawn_apart_or_together() -> None:
    """Four events, each released on its own, halve the noise; one draw for all leaves it."""
    spread = {}
    for per in ("event", "synapse"):
        array = an_array(FixedRelease(per=per, events=4))
        spread[per] = read(array, np.repeat(inputs(1), 5000, axis=0)).std(axis=0)
    np.testing.assert_allclose(spread["synapse"] / spread["event"], 2, rtol=0.1)


@pytest.mark.parametrize("synapse", [FixedRelease(probability=1.0), LogisticRelease(release="certain")])
def test_certain_release_is_a_product(synapse: Any) -> None:
    array, x = an_array(synapse), inputs()
    np.testing.assert_allclose(read(array, x) * array.weight_range, x @ weights(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("synapse", LAWS)
def test_a_restored_array_goes_on_bit_for_bit(synapse: Any) -> None:
    first, second = an_array(synapse), an_array(synapse)
    first.write(0.1 * weights(), 0)
    second.restore(first.state())
    assert np.array_equal(read(first, inputs()), read(second, inputs()))


@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_eligibility_is_the_same_split_and_threaded_and_survives_a_write(
    order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check eq:eligibility: credit [pass, sample] finds the row that was read, in either order."""
    array, probe = an_array(LogisticRelease()), Probe(passes=2, order=order)
    x = inputs(12)
    credit = Stream(5, "credit").generator().standard_normal((2, 6))
    rows = credit.T.reshape(-1) if order == "interleaved" else credit.reshape(-1)
    trace = array.view(3).eligibility(x, 3, probe)
    whole = trace.correlate(credit)
    array.write(weights(), 0)
    monkeypatch.setattr(release_view, "PARALLEL_FROM", 0)
    assert np.array_equal(whole, trace.correlate(credit))
    single = an_array(LogisticRelease()).view(3)
    traces = [single.eligibility(x[r : r + 1], 3 + r, Probe()) for r in range(12)]
    parts = [trace.correlate(rows[r].reshape(1, 1)) for r, trace in enumerate(traces)]
    np.testing.assert_allclose(whole, np.sum(parts, axis=0), rtol=1e-4, atol=1e-4)


def test_certain_synapses_have_nothing_to_remember() -> None:
    trace = an_array(LogisticRelease(release="certain")).view(0).eligibility(inputs(4), 0, Probe())
    assert not trace.correlate(np.ones((1, 4))).any()


def test_a_fixed_probability_has_no_eligibility() -> None:
    with pytest.raises(MismatchError, match="law = 'logistic' does"):
        an_array(FixedRelease()).view(0).eligibility(inputs(4), 0, Probe())


def test_an_array_of_zeros_can_be_read_and_written() -> None:
    array = SynapseArray(LogisticRelease(), np.zeros(SHAPE, np.float32), Stream(1, "zeros"), 1.0)
    array.write(np.full(SHAPE, 0.1, np.float32), 0)
    np.testing.assert_allclose(mean_weight(array), 0.1, rtol=0.01)


@pytest.mark.parametrize(
    "table",
    [
        {"law": "fixed", "probability": 0.0},
        {"law": "fixed", "probability": 1.1},
        {"law": "fixed", "logit_range": 3.0},
        {"law": "fixed", "handles": ["local_event"]},
        {"law": "logistic", "logit_range": 0.0},
        {"law": "logistic", "events": 0},
        {"law": "logistic", "per": "spike"},
        {"law": "poisson"},
    ],
)
def test_numbers_out_of_range_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(StochasticSynapse).validate_python(table)


def test_what_is_observable_follows_from_the_law() -> None:
    assert "local_event" in LogisticRelease().handles
    assert "local_event" not in FixedRelease().handles


def test_a_chip_reads_batches_and_single_rows_alike() -> None:
    network = Network.mlp("30-8-4", Stream(6, "network"))
    chips = [SynapseChip(network, LogisticRelease(), Stream(6, "chip")) for _ in range(2)]
    x = inputs(10)
    rows = [chips[1].run(row[None]).output[0] for row in x]
    np.testing.assert_allclose(chips[0].run(x).output[0], np.concatenate(rows), rtol=1e-6)
