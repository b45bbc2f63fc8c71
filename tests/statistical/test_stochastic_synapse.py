"""Synapses release as often as they say, independently, and transmit with exactly that law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles_synapse import element, events, release

from hwnoise.kernels import stochastic_synapse as kernels
from hwnoise.testing import (
    assert_mean,
    assert_probability,
    assert_rejects,
    assert_uncorrelated,
    assert_variance,
)

DRAWS = 400_000  # a 2 % error of a probability of 0.3, or of a variance, is noticed
TICK = np.uint64(2**33 + 5)


def keys_of(rng: np.random.Generator, count: int = 1) -> Any:
    return rng.integers(0, 2**64, count, np.uint64)


def last_of(probability: Any) -> Any:
    last = np.empty(probability.shape, np.uint32)
    kernels.fill_last(np.asarray(probability, np.float64), last)
    return last


def transmitted(x: Any, amplitude: Any, probability: Any, keys: Any, tick: Any = TICK) -> Any:
    y = np.empty((len(x), amplitude.shape[1]), np.float32)
    kernels.release(
        x.astype(np.float32), amplitude.astype(np.float32), last_of(probability), keys, np.uint64(tick), y
    )
    return y


def released(probability: Any, reads: int, keys: Any) -> Any:
    """Events of one line of synapses: (reads, synapses)."""
    ones = np.ones((1, len(probability)))
    return transmitted(np.ones((reads, 1)), ones, np.array([probability]), keys)


@pytest.mark.parametrize("synapses", [1, 3, 20, 64, 70, 130])
def test_the_kernel_is_the_oracle(rng: np.random.Generator, synapses: int) -> None:
    """Check eq:release-event, eq:release-read and eq:release-layout word by word."""
    x = rng.standard_normal((3, 7)) * (rng.random((3, 7)) < 0.6)
    amplitude, probability = rng.standard_normal((7, synapses)), rng.uniform(0.1, 1.0, (7, synapses))
    keys = keys_of(rng, 2)
    expected = release(x.astype(np.float32), amplitude, probability, [int(k) for k in keys], int(TICK))
    np.testing.assert_allclose(transmitted(x, amplitude, probability, keys), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("synapses", [1, 3, 33, 64, 65, 200])
def test_no_two_synapses_share_a_word(synapses: int) -> None:
    """Check eq:release-layout: addresses of 100 lines are all different."""
    addresses = [element(i, j, synapses) for i in range(100) for j in range(synapses)]
    assert len(set(addresses)) == len(addresses)


@pytest.mark.parametrize(("p", "last"), [(1.0, 2**32 - 1), (0.5, 2**31 - 1), (2.0**-32, 0)])
def test_probabilities_become_exact_thresholds(p: float, last: int) -> None:
    """Check eq:release-event: words up to ``last`` mean release; at p = 1 these are all words."""
    assert last_of(np.array([[p]]))[0, 0] == last


def test_certain_synapses_are_a_product(rng: np.random.Generator) -> None:
    x, amplitude = rng.standard_normal((50, 30)), rng.standard_normal((30, 40))
    y = transmitted(x, amplitude, np.ones((30, 40)), keys_of(rng))
    np.testing.assert_allclose(y, x @ amplitude, rtol=1e-4, atol=1e-4)


def test_rows_may_be_split_in_any_way_and_silent_lines_say_nothing(rng: np.random.Generator) -> None:
    x, amplitude = rng.standard_normal((40, 30)), rng.standard_normal((30, 20))
    x[:, 10:20] = 0
    probability, keys = rng.uniform(0.1, 0.9, (30, 20)), keys_of(rng, 3)
    whole = transmitted(x, amplitude, probability, keys)
    parts = [
        transmitted(x[a:b], amplitude, probability, keys, int(TICK) + a) for a, b in ((0, 1), (1, 7), (7, 40))
    ]
    assert np.array_equal(whole, np.concatenate(parts))
    probability[10:20], amplitude[10:20] = 1.0, 7.0
    assert np.array_equal(whole, transmitted(x, amplitude, probability, keys))


def test_frequency(rng: np.random.Generator) -> None:
    """Check eq:release-event; mutant: a probability 2 % too high."""
    probability = (0.05, 0.3, 0.7)
    count = released(probability, DRAWS, keys_of(rng)).sum(axis=0)
    for n, p in zip(count, probability, strict=True):
        assert_probability(int(n), DRAWS, p)
    wrong = released((0.3 * 1.02,), DRAWS, keys_of(rng)).sum()
    assert_rejects(assert_probability, int(wrong), DRAWS, 0.3)


def test_releases_are_independent(rng: np.random.Generator) -> None:
    """In time, from synapse to synapse and from event to event; mutants: what is shared."""
    keys = keys_of(rng, 2)
    first, second = (released((0.3, 0.3), DRAWS, keys[k : k + 1]) for k in (0, 1))
    for a, b in ((first[1:, 0], first[:-1, 0]), (first[:, 0], first[:, 1]), (first[:, 0], second[:, 0])):
        assert_uncorrelated(a, b)
    again = released((0.32, 0.3), DRAWS, keys[:1])
    assert_rejects(assert_uncorrelated, first[:, 0], again[:, 0])  # same stream, same tick
    shifted = transmitted(np.ones((DRAWS, 1)), np.ones((1, 2)), np.full((1, 2), 0.3), keys[:1], int(TICK) + 1)
    assert_rejects(assert_uncorrelated, first[1:, 0], shifted[:-1, 0])  # a tick too late


@pytest.mark.parametrize("events_per_read", [1, 4])
def test_moments(rng: np.random.Generator, events_per_read: int) -> None:
    """Check eq:release-moments; mutants: an amplitude, or a probability, wrong by 2 %."""
    x, a = np.array([0.7, -1.1, 0.4, 0.9]), np.array([0.8, 0.5, -1.0, 0.6]) / events_per_read
    p = np.array([0.2, 0.5, 0.7, 0.4])
    mean = float(events_per_read * (x * a) @ p)
    variance = float(events_per_read * (x * a) ** 2 @ (p * (1 - p)))
    fourth = float(events_per_read * (x * a) ** 4 @ (p * (1 - p) * (1 - 6 * p * (1 - p))))
    kurtosis = 3 + fourth / variance**2

    def reads(scale: float = 1.0) -> Any:
        rows = np.tile(x, (DRAWS, 1))
        return transmitted(rows, scale * a[:, None], p[:, None], keys_of(rng, events_per_read))[:, 0]

    y = reads()
    assert_mean(y, mean, np.sqrt(variance))
    assert_variance(y, variance, kurtosis)
    assert_rejects(assert_variance, reads(1.02), variance, kurtosis)
    assert_rejects(assert_mean, y, float(events_per_read * (x * a) @ (1.02 * p)), np.sqrt(variance))


@pytest.mark.parametrize("synapses", [3, 20, 70])
def test_eligibility_is_what_was_released(rng: np.random.Generator, synapses: int) -> None:
    """Check eq:eligibility against the events of the very same reads, whole and split by lines."""
    arrived, credit = rng.random((5, 64)) < 0.5, rng.standard_normal(5).astype(np.float32)
    probability, keys = rng.uniform(0.1, 0.9, (64, synapses)), keys_of(rng)
    last, found = last_of(probability), np.empty((64, synapses), np.float32)
    kernels.correlate(credit, arrived, last, keys, TICK, found)
    expected = sum(
        c * arrived[r][:, None] * (events(int(keys[0]), int(TICK) + r, probability) - probability)
        for r, c in enumerate(credit)
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)
    split, cut = np.empty_like(found), int(kernels.lines_in_group(synapses))
    for lines in (slice(0, cut), slice(cut, 64)):
        kernels.correlate(credit, arrived[:, lines], last[lines], keys, TICK, split[lines], lines.start)
    assert np.array_equal(found, split)


def test_eligibility_has_no_mean(rng: np.random.Generator) -> None:
    """Check eq:eligibility; mutant: credit is given for releases without subtracting what was expected."""
    p, reads = 0.3, 4000
    found = np.empty((50, 1), np.float32)
    arrived, credit = np.ones((reads, 50), np.bool_), np.ones(reads, np.float32)
    kernels.correlate(credit, arrived, last_of(np.full((50, 1), p)), keys_of(rng), TICK, found)
    spread = np.sqrt(reads * p * (1 - p))
    assert_mean(found, 0.0, spread)
    assert_rejects(assert_mean, found + p * reads, 0.0, spread)
