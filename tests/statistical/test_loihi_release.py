"""Synapses of whole numbers release as often as they say, and transmit their weights on average."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from loihi_networks import chip, loihi, perceptron
from oracles_synapse import released_currents

from hwnoise.backends.base import Probe
from hwnoise.kernels.loihi_release import add_released
from hwnoise.kernels.loihi_synapses import add_dense
from hwnoise.testing import assert_mean, assert_rejects, assert_uncorrelated, assert_variance

DRAWS = 400_000  # a variance off by 2 % is noticed
TICK = 2**33 + 5
WEIGHT = np.array([[100], [-60], [254], [-8]], np.int16)


def transmitted(spikes: Any, weight: Any, exponent: int, p: float, keys: Any, **given: Any) -> Any:
    """Currents (rows, steps, n_out) of rows that begin at TICK, one after another."""
    rows, steps, _ = spikes.shape
    ticks = np.uint64(TICK) + np.arange(rows, dtype=np.uint64) * np.uint64(steps)
    quiet = given.get("quiet", np.zeros((rows, steps), np.bool_))
    current = np.zeros((rows, steps, weight.shape[1]), np.int32)
    last, graded = np.uint32(int(p * 2**32) - 1), given.get("graded", False)
    add_released(spikes, weight, (0, exponent), last, np.asarray(keys), ticks, quiet, graded, current)
    return current


def keys_of(rng: np.random.Generator, count: int = 1) -> Any:
    return rng.integers(0, 2**64, count, np.uint64)


@pytest.mark.parametrize("n_out", [1, 3, 20, 64, 70])
@pytest.mark.parametrize(("exponent", "graded"), [(1, False), (-3, True)])
def test_the_kernel_is_the_oracle(rng: np.random.Generator, n_out: int, exponent: int, graded: bool) -> None:
    """Check eq:loihi-release word by word: two events, payloads, rows and steps at ticks of their own."""
    spikes = (rng.random((2, 3, 9)) < 0.6) * (rng.integers(1, 9, (2, 3, 9)) if graded else 1)
    weight, keys = rng.integers(-128, 128, (9, n_out)), keys_of(rng, 2)
    found = transmitted(spikes.astype(np.int32), weight.astype(np.int16), exponent, 0.25, keys, graded=graded)
    expected = released_currents(spikes, weight, exponent, 0.25, [int(k) for k in keys], [TICK, TICK + 3])
    assert np.array_equal(found, expected)


def test_certain_synapses_are_those_of_the_chip(rng: np.random.Generator) -> None:
    """Check eq:loihi-release against eq:loihi-sum: by a probability of 1, and where a row is quiet."""
    spikes = (rng.random((4, 5, 30)) < 0.3).astype(np.int8)
    weight, dense = rng.integers(-128, 127, (30, 40)).astype(np.int16), np.zeros((4, 5, 40), np.int32)
    add_dense(spikes, weight, 0, False, 0, dense)
    assert np.array_equal(transmitted(spikes, weight, 0, 1.0, keys_of(rng)), dense)
    quiet = np.arange(20).reshape(4, 5) % 3 == 0
    found = transmitted(spikes, weight, 1, 0.5, keys_of(rng), quiet=quiet)
    assert np.array_equal(found[quiet], dense[quiet])
    assert not np.array_equal(found, dense)


@pytest.mark.parametrize(("p", "events", "lift"), [(0.5, 1, 1), (0.25, 2, 1), (0.25, 4, 0)])
def test_moments(rng: np.random.Generator, p: float, events: int, lift: int) -> None:
    """Check eq:loihi-release: the mean is the weights'; mutants: a probability or a spread wrong by 2 %."""
    ones = np.ones((DRAWS, 1, 4), np.int8)
    w = WEIGHT[:, 0].astype(float) * 2**lift
    mean, variance = float(WEIGHT.sum()), float(events * p * (1 - p) * (w**2).sum())
    fourth = float(events * p * (1 - p) * (1 - 6 * p * (1 - p)) * (w**4).sum())
    kurtosis = 3 + fourth / variance**2
    found = transmitted(ones, WEIGHT, lift, p, keys_of(rng, events)).ravel()
    assert_mean(found, mean, variance**0.5)
    assert_variance(found, variance, kurtosis)
    assert_rejects(assert_variance, 1.02 * (found - mean) + mean, variance, kurtosis)
    wrong = transmitted(ones, WEIGHT, lift, 1.02 * p, keys_of(rng, events)).ravel()
    assert_rejects(assert_mean, wrong, mean, variance**0.5)


def test_releases_are_independent(rng: np.random.Generator) -> None:
    """From step to step, synapse to synapse and event to event; mutants: what is shared."""
    ones, keys = np.ones((DRAWS // 4, 4, 1), np.int8), keys_of(rng, 2)
    pair = np.array([[1, 1]], np.int16)
    first, second = (transmitted(ones, pair, 0, 0.3, keys[k : k + 1]).reshape(-1, 2) for k in (0, 1))
    for a, b in ((first[1:, 0], first[:-1, 0]), (first[:, 0], first[:, 1]), (first[:, 0], second[:, 0])):
        assert_uncorrelated(a.astype(float), b.astype(float))
    again = transmitted(ones, pair, 0, 0.31, keys[:1]).reshape(-1, 2)
    assert_rejects(assert_uncorrelated, first[:, 0].astype(float), again[:, 0].astype(float))


def test_a_chip_transmits_its_weights_on_average(rng: np.random.Generator) -> None:
    """Check eq:loihi-release on a chip, one step from rest: the membranes of a quiet pass are the mean."""
    network = perceptron(rng, bias=0.0)
    program = chip(network, loihi(stochastic_synapse={"law": "fixed"}), int(rng.integers(2**31)))
    x = np.tile(rng.random((1, 1, 30)) < 0.3, (40_000, 1, 1)).astype(np.int8)
    reading = program.run(x, Probe(2, quiet_passes=(1,), observe=frozenset({"nodes"})))
    noisy, quiet = reading.nodes["hidden"][:, :, 0]
    weight = program.read_weights()["hidden.weight"] * x[0, 0]
    for neuron in range(3):
        spread = float(np.sqrt((weight[neuron].astype(float) ** 2).sum()))  # (1 - p) / p = 1
        assert_mean(noisy[:, neuron].astype(float), float(quiet[0, neuron]), spread)
        assert_rejects(assert_mean, noisy[:, neuron] + 0.1 * spread, float(quiet[0, neuron]), spread)
