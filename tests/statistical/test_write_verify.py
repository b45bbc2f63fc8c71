"""Write and verify: pulses, and what devices are like that a read let pass."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles_devices import cut_off
from scipy import stats
from tiny import kind, layers, on_chip

from hwnoise import InputError
from hwnoise.testing import (
    assert_distribution,
    assert_frequencies,
    assert_mean,
    assert_probability,
    assert_rejects,
    assert_variance,
    draws_for_mean,
)

Array = NDArray[Any]
G_MAX, SPREAD, TOLERANCE = 25.0, 1.0, 0.032  # µS, µS, share of g_max: accepted within 0.8 spreads
LIMIT = TOLERANCE * G_MAX
ACCEPTED = 2 * stats.norm.cdf(LIMIT / SPREAD) - 1
SIDE = math.isqrt(draws_for_mean(0.02)) + 1


def programmed(rng: np.random.Generator, **verify: Any) -> tuple[Array, int, int]:
    """Errors [µS] of devices near the middle of their range, and the pulses and reads of one write."""
    tables = {
        "conductance": {"mapping": "offset", "scaling": "layer"},
        "programming_noise": {"sigma": {"shape": "polynomial", "coefficients": [SPREAD]}},
        "write_verify": {"tolerance": TOLERANCE, **verify},
    }
    weight = np.zeros((SIDE, SIDE))
    program = on_chip(layers(weight), kind(**tables), seed=int(rng.integers(2**31)), headroom=2.0)
    program.write({"a.weight": np.full(weight.shape, 0.2, np.float32)})
    error = (program.diagnostics()["a.weight"] - 0.2) * G_MAX / 4  # devices stand for -2 to 2
    return error, program.events["pulses"], program.events["device_reads"]


def test_an_accepted_device_is_a_draw_that_was_cut_off(rng: np.random.Generator) -> None:
    """Check eq:write-verify: with patience every device ends within the tolerance, by the law of the rest."""
    error, pulses, reads = programmed(rng, iterations=1000)
    assert np.abs(error).max() <= LIMIT * 1.0001
    law = cut_off(SPREAD, LIMIT)
    assert_mean(error, 0.0, law.std)
    assert_variance(error, law.variance, law.kurtosis)
    assert_distribution(error[:50], lambda x: stats.truncnorm.cdf(x, -LIMIT, LIMIT))
    assert_rejects(assert_variance, 1.02 * error, law.variance, law.kurtosis)
    assert_probability(SIDE**2, pulses, ACCEPTED)  # of all pulses, so many were accepted
    assert_rejects(assert_probability, SIDE**2, pulses, 0.98 * ACCEPTED)
    assert reads == pulses


def test_patience_ends(rng: np.random.Generator) -> None:
    """Check eq:write-verify: who is left out after three, and how many pulses that took."""
    error, pulses, _ = programmed(rng, iterations=3)
    outside = int((np.abs(error) > LIMIT).sum())
    assert_probability(outside, error.size, (1 - ACCEPTED) ** 3)
    assert_rejects(assert_probability, outside, error.size, (1 - ACCEPTED) ** 4)
    mean = (1 - (1 - ACCEPTED) ** 3) / ACCEPTED
    second, third = 1 - ACCEPTED, (1 - ACCEPTED) ** 2  # share of devices that need a second, a third pulse
    spread = math.sqrt(second * 3 + third * 5 + 1 - mean**2)
    assert abs(pulses - error.size * mean) < 6 * spread * math.sqrt(error.size)
    assert abs(pulses - error.size * 1.02 * mean) > 6 * spread * math.sqrt(error.size)


def test_a_noisy_read_lets_wrong_devices_pass(rng: np.random.Generator) -> None:
    """Check eq:write-verify: a read as uneven as the programming halves what it tells."""
    error, pulses, _ = programmed(rng, iterations=1000, read_noise=SPREAD / G_MAX)
    seen = math.sqrt(2) * SPREAD
    accepted = 2 * stats.norm.cdf(LIMIT / seen) - 1
    assert_probability(SIDE**2, pulses, accepted)
    a = LIMIT / seen
    variance = SPREAD**2 - SPREAD**4 / seen**2 * 2 * a * stats.norm.pdf(a) / accepted
    assert_variance(error, variance, 3.0)
    assert_rejects(assert_variance, error, cut_off(SPREAD, LIMIT).variance, 3.0)
    inside = int((np.abs(error) <= LIMIT).sum())
    assert_frequencies([inside, error.size - inside], _odds(accepted))


def _odds(accepted: float) -> list[float]:
    """Probability that an accepted device is within the tolerance, and that it is not."""
    grid = np.linspace(-LIMIT, LIMIT, 20_001)
    passes = stats.norm.cdf(LIMIT - grid) - stats.norm.cdf(-LIMIT - grid)
    within = float(np.trapezoid(stats.norm.pdf(grid) * passes, grid)) / accepted
    return [within, 1 - within]


def test_it_repeats_a_noise_and_nothing_else() -> None:
    with pytest.raises(InputError, match=r"repeats a programming for its noise, and there is no \[prog"):
        kind(conductance={}, write_verify={"tolerance": 0.1})
