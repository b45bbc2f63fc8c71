"""Loihi's noise: a uniform byte, its offset and power of two, fresh for every neuron and step."""

from __future__ import annotations

import numpy as np
import pytest
from draws import Draws, assert_independent, assert_streams_independent, filled, fresh_key, without_tick
from loihi_networks import chip, loihi, perceptron

from hwnoise.backends.base import Probe
from hwnoise.kernels.loihi_noise import fill_loihi_noise, noise_of
from hwnoise.kernels.philox import word_at
from hwnoise.testing import (
    assert_frequencies,
    assert_mean,
    assert_rejects,
    assert_uncorrelated,
    assert_variance,
)

SHAPE = (512, 700)  # 358,400 draws notice a spread off by 2 %, and a mean off by a hundredth of it
SIGMA = ((256**2 - 1) / 12) ** 0.5
KURTOSIS = 1.8


def check_law(draws: Draws, mantissa: int, exponent: int) -> None:
    """Check eq:loihi-noise: mean and variance, in units of the power of two."""
    units = draws / 2.0 ** (exponent - 7)
    assert_mean(units, 64 * mantissa - 0.5, SIGMA)
    assert_variance(units, SIGMA**2, KURTOSIS)


@pytest.mark.parametrize(("mantissa", "exponent"), [(0, 7), (0, 15), (-2, 10), (8, 23)])
def test_law(mantissa: int, exponent: int, rng: np.random.Generator) -> None:
    """Check eq:loihi-noise; a wrong power, a lost half and a spread of 2 % more are noticed."""
    draws = filled(fill_loihi_noise, fresh_key(rng), mantissa, exponent, shape=SHAPE, kind="i4")
    check_law(draws, mantissa, exponent)
    assert_rejects(check_law, 1.02 * (draws - draws.mean()) + draws.mean(), mantissa, exponent)
    assert_rejects(check_law, draws + 2.0 ** (exponent - 7), mantissa, exponent)
    assert_rejects(check_law, draws * 2.0, mantissa, exponent)


def test_every_byte_is_as_frequent(rng: np.random.Generator) -> None:
    draws = filled(fill_loihi_noise, fresh_key(rng), 0, 7, shape=SHAPE, kind="i4")
    assert draws.min() == -128
    assert draws.max() == 127
    flat = np.full(256, 1 / 256)
    assert_frequencies(np.bincount(draws.ravel() + 128, minlength=256), flat)
    assert_rejects(assert_frequencies, np.bincount((draws // 2 * 2).ravel() + 128, minlength=256) + 10, flat)


def test_draws_and_streams_are_independent(rng: np.random.Generator) -> None:
    key = fresh_key(rng)
    draws = filled(fill_loihi_noise, key, 0, 7, shape=SHAPE, kind="i4")
    assert_independent(draws)
    assert_rejects(assert_independent, without_tick(draws))
    for k in (64, 128, 192, 256):  # neurons that share a word, or its place in the next chunk
        assert_uncorrelated(draws[:, :64], draws[:, k : k + 64])
    assert_rejects(assert_uncorrelated, draws[:, :64], draws[:, :64])
    other = filled(fill_loihi_noise, key ^ np.uint64(1), 0, 7, shape=SHAPE, kind="i4")
    assert_streams_independent(draws, other)


def test_four_neurons_share_a_word(rng: np.random.Generator) -> None:
    """Check eq:loihi-noise-layout at every byte and in the second chunk."""
    key = fresh_key(rng)
    draws = filled(fill_loihi_noise, key, 0, 7, shape=(3, 300), kind="i4")
    for neuron in (0, 63, 64, 130, 255, 256, 299):
        c, k, i = neuron // 256, neuron % 256 // 64, neuron % 64
        byte = int(word_at(key, np.uint64(2), 64 * c + i)) >> (8 * k) & 255
        assert draws[2, neuron] == noise_of(byte, 0, 7) == byte - 128


@pytest.mark.parametrize("target", ["membrane", "current"])
def test_it_reaches_every_neuron(target: str, rng: np.random.Generator) -> None:
    """Check eq:loihi-noise on a chip: without input the membranes show it, and a quiet pass does not."""
    network = perceptron(rng, bias=0.0)
    on = loihi(True, **{"loihi_noise.target": target, "loihi_noise.exponent": 7})
    program = chip(network, on, int(rng.integers(2**31)))
    seen = Probe(2, quiet_passes=(1,), observe=frozenset({"membranes"}))
    reading = program.run(np.zeros((20_000, 1, 30), np.int8), seen)
    for name, neurons in program.integers().neurons.items():
        noisy, quiet = reading.membranes[name] / neurons.scale
        check_law(np.rint(noisy), 0, 7)
        assert not quiet.any()
