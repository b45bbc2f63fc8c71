"""Telegraph noise: two levels and a white part, and a memory of exactly the right length."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from draws import fresh_key
from numpy.typing import NDArray
from oracles_devices import telegraph, telegraph_mean_variance, telegraph_product_variance
from scipy import stats

from hwnoise import Stream, substrate
from hwnoise.backends.emulator.node import NodeNoises
from hwnoise.kernels.telegraph import add_telegraph
from hwnoise.testing import (
    assert_distribution,
    assert_frequencies,
    assert_gaussian_std,
    assert_mean,
    assert_probability,
    assert_rejects,
    assert_uncorrelated,
    assert_variance,
    draws_for_mean,
)

Array = NDArray[Any]
OFFSET, AMPLITUDE, SIGMA, FLIP = 0.042092104, 0.0059316154, 0.00090841466, 0.0809
RHO = 1 - 2 * FLIP
LAW = telegraph(AMPLITUDE, SIGMA)
NODES = draws_for_mean(0.02)


def junctions(rng: np.random.Generator, nodes: int, flip: float = FLIP) -> NodeNoises:
    """The node noise of a fresh chip; ``flip`` other than published is a mutant."""
    chip = substrate.load("smtj", {"telegraph.flip": flip})
    return NodeNoises(chip, nodes, Stream(int(rng.integers(2**62))))


def noise(found: NodeNoises, tick: int, rows: int) -> Array:
    """Noise (rows, nodes) of successive reads."""
    drawn = found.draw(tick, rows)[0]
    assert drawn is not None
    return drawn.astype(np.float64)


def states(v: Array) -> Array:
    """The state behind each value: the levels are 13 sigma apart, so that one in 1e10 is misread."""
    return np.where(v > OFFSET, 1, -1)


def check_values(v: Array) -> None:
    """Mean, spread and fourth moment of independent nodes."""
    assert_mean(v, OFFSET, LAW.std)
    assert_variance(v, LAW.variance, LAW.kurtosis)
    normal = {0: 1, 2: 1, 4: 3, 6: 15, 8: 105}  # its even moments
    eighth = sum(math.comb(8, k) * AMPLITUDE ** (8 - k) * SIGMA**k * m for k, m in normal.items())
    fourth = LAW.kurtosis * LAW.variance**2
    assert_mean((v - OFFSET) ** 4, fourth, math.sqrt(eighth - fourth**2))


def test_moments_from_the_first_read_on(rng: np.random.Generator) -> None:
    """Check eq:telegraph-variance, and that the first read is as stationary as a later one."""
    assert math.isclose(LAW.std, 6.0008e-3, rel_tol=1e-5)
    assert math.isclose(LAW.kurtosis, 1.0906, abs_tol=5e-5)
    found = junctions(rng, NODES)
    check_values(noise(found, 0, 1))
    found.skip(1000, 1)
    later = noise(found, 1001, 1)
    check_values(later)
    assert_rejects(check_values, OFFSET + 1.02 * (later - OFFSET))
    assert_rejects(check_values, OFFSET + AMPLITUDE + SIGMA * rng.standard_normal(NODES))  # all start at +1
    assert_rejects(check_values, OFFSET + LAW.std * rng.standard_normal(NODES))


def test_levels_and_white_part(rng: np.random.Generator) -> None:
    """Check eq:telegraph-variance: the whole law; the white part is fresh and unrelated to the state."""
    v = noise(junctions(rng, 300), 0, 300)

    def mixture(x: Array) -> Array:
        levels = [stats.norm.cdf((x - OFFSET - s * AMPLITUDE) / SIGMA) for s in (-1, 1)]
        return np.asarray(sum(levels) / 2)

    first = noise(junctions(rng, 50_000), 0, 1)
    assert_distribution(first, mixture)
    assert_rejects(assert_distribution, OFFSET + LAW.std * rng.standard_normal(50_000), mixture)
    white = v - OFFSET - AMPLITUDE * states(v)
    assert_mean(white, 0.0, SIGMA)
    assert_gaussian_std(white, SIGMA)
    assert_rejects(assert_gaussian_std, 1.02 * white, SIGMA)
    assert_uncorrelated(white[:-1], white[1:])
    assert_uncorrelated(white[:, :-1], white[:, 1:])
    assert_uncorrelated(white, states(v))


def test_correlation_over_nodes(rng: np.random.Generator) -> None:
    """Check eq:telegraph-flip at fixed times, where nodes are independent: exact tests."""
    v = noise(junctions(rng, NODES), 0, 11)
    s = states(v)
    for lag in (1, 2, 5, 10):
        same = (1 + RHO**lag) / 2
        assert_probability(int((s[0] == s[lag]).sum()), NODES, same)
        assert_rejects(assert_probability, int((s[0] == s[lag]).sum()), NODES, (1 + (1 - FLIP) ** lag) / 2)
    a = v - OFFSET
    expected = AMPLITUDE**2 * RHO
    spread = math.sqrt(LAW.variance**2 - expected**2)  # that of a product, as a**2 and b**2 go not together
    assert math.isclose(expected / LAW.variance, 0.8190, abs_tol=5e-5)
    assert_mean(a[0] * a[1], expected, spread)


def check_series(s: Array) -> None:
    """Mean and autocorrelation of long series (reads, nodes), with the errors that memory leaves."""
    reads = len(s)
    assert_mean(s.mean(axis=0), 0.0, math.sqrt(telegraph_mean_variance(RHO, reads)))
    for lag in (1, 2, 5, 10):
        products = (s[:-lag] * s[lag:]).mean(axis=0)
        assert_mean(products, RHO**lag, math.sqrt(telegraph_product_variance(RHO, lag, reads - lag)))


def test_correlation_over_time(rng: np.random.Generator) -> None:
    """Check eq:telegraph-flip along series of 2,000 reads; half the flip probability is noticed."""
    check_series(states(noise(junctions(rng, 1000), 10**6, 2000)))
    assert_rejects(check_series, states(noise(junctions(rng, 1000, FLIP / 2), 0, 2000)))
    assert_rejects(check_series, states(noise(junctions(rng, 1000, 1.02 * FLIP), 0, 2000)))
    assert_rejects(check_series, np.repeat(states(noise(junctions(rng, 1000), 0, 1)), 2000, axis=0))  # frozen


def test_memory_inflates_the_error_of_a_mean(rng: np.random.Generator) -> None:
    """Check eq:telegraph-flip: a mean over 2,000 reads is as good as one over 176 independent ones."""
    reads = 2000
    means = states(noise(junctions(rng, 4000), 0, reads)).mean(axis=0)
    variance = telegraph_mean_variance(RHO, reads)
    assert math.isclose(variance * reads, (1 + RHO) / (1 - RHO), rel_tol=0.01)
    assert math.isclose((1 + RHO) / (1 - RHO), 11.361, abs_tol=5e-4)
    assert_variance(means, variance, 3.0)
    assert_rejects(assert_variance, means, 1 / reads, 3.0)


def runs(s: Array, count: int) -> Array:
    """Length of the first ``count`` runs of each series that begin after its first read."""
    found = [np.diff(np.flatnonzero(np.diff(series)))[:count] for series in s.T]
    return np.concatenate(found)


def check_runs(lengths: Array) -> None:
    """Geometric, with mean 1 / FLIP."""
    assert_mean(lengths, 1 / FLIP, math.sqrt(1 - FLIP) / FLIP)
    edges = np.array([1, 2, 3, 5, 8, 12, 17, 24, 40, np.inf])
    beyond = (1 - FLIP) ** (edges - 1)
    assert_frequencies(np.histogram(lengths, edges)[0], beyond[:-1] - beyond[1:])


def test_runs_are_geometric(rng: np.random.Generator) -> None:
    """Check eq:telegraph-flip: it is the flips that have no memory."""
    count, nodes = 1000, 160  # a series of 20,000 reads has 1,618 flips or so: 1,000 always fit in
    lengths = runs(states(noise(junctions(rng, nodes), 0, 20_000)), count)
    assert lengths.size == count * nodes >= draws_for_mean(0.02)
    assert math.isclose(1 / FLIP, 12.361, abs_tol=5e-4)
    check_runs(lengths)
    halved = runs(states(noise(junctions(rng, nodes, FLIP / 2), 0, 20_000)), count)
    assert_rejects(check_runs, halved)
    assert_rejects(check_runs, 1 + rng.poisson(1 / FLIP - 1, lengths.size))


def test_unread_time_passes_like_read_time(rng: np.random.Generator) -> None:
    """Check eq:telegraph-flip: n periods without a read flip as n reads do."""
    for reads in (1, 7):
        found = junctions(rng, NODES)
        before = states(noise(found, 0, 1))
        found.skip(reads, 1)
        after = states(noise(found, 1 + reads, 1))
        same = int((before == after).sum())
        assert_probability(same, NODES, (1 + RHO ** (reads + 1)) / 2)
        assert_rejects(assert_probability, same, NODES, (1 + RHO) / 2)  # time that does not pass


def test_nodes_and_chips_are_independent(rng: np.random.Generator) -> None:
    """The states of neighbours, of chips; of one read and of the flips to come."""
    s = states(noise(junctions(rng, 1001), 0, 1000))
    flips = (s[1:] != s[:-1]).astype(float)
    assert_probability(int(flips.sum()), flips.size, FLIP)
    for lag in (1, 16, 64):
        assert_uncorrelated(flips[:, :-lag], flips[:, lag:])
        assert_uncorrelated(flips[:-lag], flips[lag:])
    first = states(noise(junctions(rng, NODES), 0, 1))
    assert_uncorrelated(first, states(noise(junctions(rng, NODES), 0, 1)))
    assert_uncorrelated(first[:, :-1], first[:, 1:])
    assert_rejects(assert_uncorrelated, flips[:, :-1], flips[:, :-1])


@pytest.mark.parametrize("split", [[300], [1, 299], [127, 45, 128], [1] * 300])
def test_any_split_of_a_batch_gives_the_same_bits(split: list[int]) -> None:
    whole, parts = (NodeNoises(substrate.load("smtj"), 70, Stream(3)) for _ in range(2))
    expected, first = whole.draw(5, 300)[0], 0
    for rows in split:
        part = parts.draw(5 + first, rows)[0]
        assert part is not None
        assert expected is not None
        assert np.array_equal(part, expected[first : first + rows])
        first += rows
    assert np.array_equal(parts.state()["levels"], whole.state()["levels"])


@pytest.mark.parametrize("flip", [0.0, 1.0])
@pytest.mark.parametrize("start", [-1, 1])
def test_certain_flips(rng: np.random.Generator, flip: float, start: int) -> None:
    """Check eq:telegraph-flip at its ends: never, and at every read."""
    state, y = np.full(65, start, np.int8), np.zeros((4, 65), np.float32)
    unit = [np.float32(v) for v in (0.5, 2.0, 0.0)]
    add_telegraph(state, flip, *unit, fresh_key(rng), fresh_key(rng), np.uint64(0), y)
    signs = start * (1 - 2 * flip) ** np.arange(1, 5)
    assert np.array_equal(y, np.float32(0.5) + 2 * np.tile(signs[:, None], (1, 65)))
    assert (state == signs[-1]).all()
