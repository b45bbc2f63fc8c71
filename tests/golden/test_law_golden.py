"""Published and derived numbers of the laws that statistical tests rest on."""

from __future__ import annotations

import math

import pytest
from oracles_devices import rectified, telegraph

from hwnoise import substrate
from hwnoise.testing import draws_for_mean, draws_for_sigma

DIGITS = 5e-5


@pytest.mark.parametrize(
    ("m", "mean", "std"),
    [
        (0, 0.3989, 0.5838), (0.5, 0.6978, 0.7439), (1, 1.0833, 0.8667), (2, 2.0085, 0.9799),
        (3, 3.0004, 0.9988),
    ],
)  # fmt: skip
def test_what_a_clip_at_0_makes_of_a_normal_law(m: float, mean: float, std: float) -> None:
    """Check the moments beside eq:programming-noise at a spread of 1."""
    found = rectified(m, 1.0)
    assert (found.mean, found.std) == pytest.approx((mean, std), abs=DIGITS)


@pytest.mark.parametrize(("shift", "draws"), [(0.02, 159_281), (0.01, 637_124)])
def test_draws_that_show_a_mean(shift: float, draws: int) -> None:
    """By a reach of 7.982 standard errors, rounded: 1e-6 of false alarms, and a power of .999."""
    assert draws_for_mean(shift) == pytest.approx(draws, rel=5e-5)


@pytest.mark.parametrize(("variance", "draws"), [(0.02, 318_561), (0.01, 1_274_247)])
def test_draws_that_show_a_variance(variance: float, draws: int) -> None:
    """A variance is off by twice as much as its root."""
    assert draws_for_sigma(variance / 2) == pytest.approx(draws, rel=5e-5)


def test_what_memory_costs_a_mean_of_a_junction() -> None:
    """Check eq:telegraph-flip: variances of means grow 11.361 times for the state, 11.123 for the signal."""
    noise = substrate.load("smtj").telegraph
    assert noise is not None
    rho = 1 - 2 * noise.flip
    state = (1 + rho) / (1 - rho)
    share = noise.amplitude**2 / noise.variance
    assert (state, 1 + share * (state - 1)) == pytest.approx((11.361, 11.123), abs=5e-4)
    law = telegraph(noise.amplitude, noise.sigma)
    assert math.ceil((law.kurtosis - 1) * (7.982 / 0.01) ** 2) == pytest.approx(57_341, rel=1e-2)


def test_the_spread_of_a_byte_of_loihi() -> None:
    """Check eq:loihi-noise: 256 equal steps, and 255 where the ends are left out."""
    assert math.sqrt((256**2 - 1) / 12) == pytest.approx(73.9003, abs=DIGITS)
    assert math.sqrt((255**2 - 1) / 12) == pytest.approx(73.6116, abs=DIGITS)
