"""Read noise of single devices: fresh at every read, as large as the conductance of each says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles_devices import rectified
from scipy import stats
from tiny import kind, layers, on_chip

from hwnoise import substrate
from hwnoise.substrate import Substrate
from hwnoise.testing import (
    assert_distribution,
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    assert_uncorrelated,
    draws_for_mean,
    draws_for_sigma,
)

Floats = NDArray[Any]
NODES = 4
READS = max(draws_for_mean(0.02), draws_for_sigma(0.02)) // NODES + 1
SONOS = substrate.load("sonos", {"retention": "off"})
CURRENTS = {50.0: 2.6064, 200.0: 7.6101, 800.0: 12.2739}  # nA; spread of a read (Agrawal et al., IEDM 2022)


def reads(rng: np.random.Generator, on: Substrate, weight: float, headroom: float) -> Floats:
    """``READS`` reads of ``NODES`` single weights with a full input."""
    network = layers(np.full((NODES, 1), weight))
    program = on_chip(network, on, seed=int(rng.integers(2**31)), headroom=headroom)
    return program.run(np.ones((READS, 1), np.float32)).output[0].astype(np.float64)


def check_law(found: Floats, mean: float, sigma: float) -> None:
    """Moments and shape, and that neither reads nor nodes go together."""
    assert_mean(found, mean, sigma)
    assert_gaussian_std(found - mean, sigma)
    assert_distribution(found.ravel(), stats.norm(mean, sigma).cdf)
    for lag in (1, 2, 64):
        assert_uncorrelated(found[:-lag], found[lag:])
    assert_uncorrelated(found[:, :-1], found[:, 1:])


@pytest.mark.parametrize("current", CURRENTS)
def test_law(rng: np.random.Generator, current: float) -> None:
    """Check eq:device-noise; mutants: 2 % more, a variance as spread, noise that reads or nodes share."""
    sigma = CURRENTS[current]
    found = 1800 * reads(rng, SONOS, current / 1800, 1800 / current)
    check_law(found, current, sigma)
    assert_rejects(check_law, current + 1.02 * (found - current), current, sigma)
    assert_rejects(check_law, current + sigma * (found - current), current, sigma)
    assert_rejects(check_law, np.repeat(found[::2], 2, axis=0)[:READS], current, sigma)
    assert_rejects(check_law, np.repeat(found[:, :1], NODES, axis=1), current, sigma)


def test_both_devices_of_a_pair_are_noisy_and_nothing_clips(rng: np.random.Generator) -> None:
    """Check eq:device-noise: means are exact, also of idle devices; a clip at 0 would take 0.4 % off.

    Half of 64 full inputs, devices of 1 to 100 with a spread of 2: 32, and 31.8721 with a clip.
    """
    noise = {"shape": "polynomial", "coefficients": [2.0]}
    on = kind(conductance={"g_min": 1.0, "g_max": 100.0}, device_noise={"sigma": noise})
    program = on_chip(layers(np.full((NODES, 64), 0.5)), on, seed=int(rng.integers(2**31)))
    found = program.run(np.ones((READS, 64), np.float32)).output[0].astype(np.float64)
    sigma = 0.5 * math.sqrt(64 * 2) * 2.0 / 99
    assert_mean(found, 32.0, sigma)
    assert_gaussian_std(found - 32.0, sigma)
    full, idle = rectified(100.0, 2.0), rectified(1.0, 2.0)
    clipped = 32 * (full.mean - idle.mean) / 99
    assert (clipped, 4 * math.hypot(full.std, idle.std) / 99) == pytest.approx((31.8721, 0.1007), abs=5e-5)
    assert_rejects(assert_mean, found + clipped - 32.0, 32.0, sigma)
