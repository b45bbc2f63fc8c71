"""1/f noise: the published variance at every age, a spectrum of slope -1, and a memory that is explicit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import oracles_devices as oracle
import pytest
from draws import fresh_key
from numpy.typing import NDArray
from scipy import stats

from hwnoise import Network, Probe, Stream, substrate
from hwnoise.backends.emulator import backend
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.read import View, noisy_product
from hwnoise.devices.one_over_f import OneOverF
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.network import DenseLayer
from hwnoise.testing import (
    assert_distribution,
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    assert_uncorrelated,
    draws_for_sigma,
)

Floats = NDArray[Any]
PERIOD, T0, T_READ = 250e-9, 20.0, 250e-9
HOUR, DAY, YEAR = 3600.0, 86400.0, 31_536_000.0
ONLY: dict[str, Any] = {"programming_noise": "off", "drift": "off", "dac": "off", "adc": "off"}
X = 0.5
Q = 0.0088 / X**0.65
LN4 = math.log(4)
N = draws_for_sigma(0.018)
NODES = Probe(observe=frozenset({"nodes"}))


def chip(rng: np.random.Generator, n: int, **overrides: Any) -> Layer:
    """``n`` weights of 1 that share one input line: half conducting pairs whose only noise is 1/f."""
    dense = DenseLayer("dense", np.ones((n, 1), np.float32), np.zeros(n, np.float32), "identity")
    kind = substrate.load("pcm", ONLY | {key.replace("__", "."): v for key, v in overrides.items()})
    return Layer(kind, dense, Stream(int(rng.integers(2**62))), headroom=1 / X)


def noise(layer: Layer, tick: int, rows: int = 1) -> Floats:
    """``n(t)`` (rows, weights) as the read path shows it, at successive ticks."""
    return (layer.forward(np.ones((rows, 1), np.float32), tick)[0].astype(np.float64) - 1) / Q


def ticks(seconds: float, period: float = PERIOD) -> int:
    return round(seconds / period)


def model() -> OneOverF:
    found = substrate.load("pcm").one_over_f
    assert found is not None
    return found


def test_accumulated_variance_within_one_percent(rng: np.random.Generator) -> None:
    """Check eq:accumulated-variance from t0 to a year, through the read path."""
    layer = chip(rng, draws_for_sigma(0.0042))
    for seconds in (0.0, HOUR, DAY, YEAR):
        n, t = noise(layer, ticks(seconds)), seconds + T0
        variance = oracle.accumulated_variance(t, T_READ)
        assert_mean(n, 0.0, math.sqrt(variance))
        assert_gaussian_std(n, math.sqrt(variance))
        assert_distribution(n[0, :50_000], stats.norm(0, math.sqrt(variance)).cdf)
        for mutant in (1.01 * variance, variance / 1.01):
            assert_rejects(assert_gaussian_std, n, math.sqrt(mutant))
        wrong = [math.log((t + T_READ) / T_READ), math.log((t + T_READ) / 2)]  # no factor 2, no t_read
        wrong += [
            math.log10((t + T_READ) / (2 * T_READ)),
            float((oracle.band_variances(t, T_READ) ** 2).sum()),
        ]
        wrong += [oracle.accumulated_variance(2 * T0, T_READ)] if seconds == 0 else []  # t0 counted twice
        for mutant in wrong:
            assert_rejects(assert_gaussian_std, n[0, : 4 * N], math.sqrt(mutant))


@pytest.mark.parametrize("period", [1e-6, 3e-6, 64e-6])
def test_variance_does_not_depend_on_how_often_one_reads(rng: np.random.Generator, period: float) -> None:
    """Check eq:one-over-f-bands: reads further apart than t_read merge bands, and lose none."""
    layer = chip(rng, N, clock__read_period=period)
    for seconds in (0.0, DAY):
        expected = math.sqrt(oracle.accumulated_variance(seconds + T0, T_READ))
        assert_gaussian_std(noise(layer, ticks(seconds, period)), expected)
        apart = noise(layer, 4 * ticks(seconds, period) + 1) - noise(layer, 4 * ticks(seconds, period))
        fresh = model().band_variances(seconds, period)[0]
        assert_gaussian_std(apart, math.sqrt(2 * fresh))
        assert_rejects(assert_gaussian_std, apart, math.sqrt(2 * (fresh + LN4)))


def test_bands_add_up_to_the_published_variance() -> None:
    """Check eq:one-over-f-bands: exactly, at every age and read period."""
    for seconds in (0.0, 1.0, HOUR, DAY, YEAR):
        total = oracle.accumulated_variance(seconds + T0, T_READ)
        assert model().accumulated_variance(seconds) == pytest.approx(total, rel=1e-12)
        for period in (T_READ, 1e-6, 3e-6):
            assert model().band_variances(seconds, period).sum() == pytest.approx(total, rel=1e-12)
        bands = oracle.band_variances(seconds + T0, T_READ)
        assert model().band_variances(seconds, T_READ) == pytest.approx(bands[bands > 0])


def test_both_devices_of_a_pair_flicker(rng: np.random.Generator) -> None:
    """Check eq:pair-noise: with Q at what each device was programmed to, idle ones included."""
    kind = substrate.load("pcm", {key: "off" for key in ONLY if key != "programming_noise"})
    pairs = DeviceArray(kind, np.full((1, 4 * N), 0.02, np.float32), Stream(int(rng.integers(2**62))), 50.0)
    g, seen = pairs.state()["g"].astype(np.float64), np.empty((1, 4 * N), np.float32)
    noisy_product(pairs.view(0), np.ones((1, 1), np.float32), 0, seen)
    some = g.min(axis=0) > 0.02  # µS; both devices of the pair conduct
    g, n = g[:, some], (seen[0] - (g[0] - g[1]) / 25)[some]

    def spread(x: Floats) -> Floats:
        q = np.minimum(0.0088 / np.maximum(x**0.65, 1e-3), 0.2)
        return np.sqrt(((g * q) ** 2).sum(axis=0)) / 25

    std, both = math.sqrt(oracle.accumulated_variance(T0, T_READ)), n / spread(g / 25)
    assert_gaussian_std(both, std)
    assert_distribution(both[:20_000], stats.norm(0, std).cdf)
    target = np.array([[0.02], [0.0]]) * np.ones_like(g)
    assert_rejects(assert_gaussian_std, n / spread(target), std)  # Q at the target
    assert_rejects(assert_gaussian_std, n / spread(g[[0, 0]] / 25), std)  # Q of the partner
    g[1] = 0
    assert_rejects(assert_gaussian_std, n / spread(g / 25), std)  # the plus device alone


FOUR_DECADES = (4e-5, 0.4)
SEGMENT = 2**16


def periodogram(series: Floats) -> tuple[Floats, Floats]:
    """Frequency per read, and the one-sided density averaged over half-overlapping segments and devices."""
    window = np.hanning(SEGMENT).astype(np.float32)
    power, starts = np.zeros(SEGMENT // 2 + 1), range(0, len(series) - SEGMENT + 1, SEGMENT // 2)
    for column in series.T:
        for start in starts:
            part = column[start : start + SEGMENT]
            power += np.abs(np.fft.rfft((part - part.mean()) * window)) ** 2
    density = 2 * power / (len(starts) * series.shape[1] * (window**2).sum())
    return np.arange(SEGMENT // 2 + 1) / SEGMENT, density


def binned(frequency: Floats, density: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Means within bins, each at the middle of its bin on a logarithmic axis."""
    which = np.digitize(frequency, edges)
    means = [density[which == k].mean() for k in range(1, len(edges))]
    return np.sqrt(edges[1:] * edges[:-1]), np.array(means)


def check_spectrum(series: Floats) -> None:
    """A slope of -1 +- 0.1 over four decades, and 1/f itself within the ripple of the bands."""
    frequency, density = binned(*periodogram(series), np.geomspace(*FOUR_DECADES, 17))
    slope = np.polyfit(np.log(frequency), np.log(density), 1)[0]
    assert abs(slope + 1) < 0.1, f"the spectrum falls with slope {slope:.3f}"
    assert np.abs(frequency * density - 1).max() < 0.4, f"it is off 1/f by {frequency * density}"


def held(rng: np.random.Generator, reads: int, hold: int) -> Floats:
    """White noise that is kept for ``hold`` reads."""
    return np.repeat(rng.standard_normal((reads // hold, 8)), hold, axis=0)


def test_spectrum(rng: np.random.Generator) -> None:
    """Check eq:one-over-f-bands: a long series of one array, read after read, has a 1/f spectrum.

    With 64 devices in three segments the slope has a standard error of 0.004.
    """
    reads = 2 * SEGMENT
    series = noise(chip(rng, 64), 10**9, reads).astype(np.float32)
    check_spectrum(series)
    for hold in (1, 64):  # white; flat and then falling by the square, which on average is 1/f too
        assert_rejects(check_spectrum, held(rng, reads, hold))
    assert_rejects(check_spectrum, 1e-2 * np.cumsum(held(rng, reads, 1), axis=0))
    assert_rejects(check_spectrum, 1.2 * series)


PHASES = [0, 63, 4095, 2**20 - 1, 10**12 + 7]
LAGS = [1, 4, 16, 64, 256]


@pytest.mark.parametrize("start", PHASES)
def test_memory(rng: np.random.Generator, start: int) -> None:
    """Check eq:one-over-f-bands: two reads share exactly the bands that neither has redrawn."""
    layer = chip(rng, N)
    first, t = noise(layer, start), start * PERIOD + T0
    total = oracle.accumulated_variance(t, T_READ)
    for lag in LAGS:
        shared = oracle.shared_variance(start, start + lag, t, T_READ)
        moved = noise(layer, start + lag) - first
        assert_gaussian_std(moved, math.sqrt(2 * (total - shared)))
        assert_rejects(assert_gaussian_std, 1.02 * moved, math.sqrt(2 * (total - shared)))
        assert_rejects(assert_gaussian_std, moved, math.sqrt(2 * (total - shared + LN4)))
        a, b = (np.array([tick], np.uint64) for tick in (start, start + lag))
        told = model().correlation(a, b, start * PERIOD, PERIOD)
        assert told == pytest.approx(shared / total, rel=1e-6)
    assert_rejects(assert_gaussian_std, noise(layer, start) - first, 1.0)  # one draw for two reads of a batch


def test_memory_is_close_to_that_of_an_ideal_spectrum() -> None:
    """Check eq:one-over-f-bands against half the mean squared difference of an ideal 1/f spectrum."""
    bands = oracle.band_variances(T0, T_READ)
    for lag, ideal, ours in ((1, 1.65, 1.85), (16, 4.49, 4.62), (64, 5.88, 6.01)):
        redrawn = np.minimum(lag / 4.0 ** np.arange(40), 1)  # share of the phases in which a band is new
        assert oracle.half_difference(lag) == pytest.approx(ideal, abs=0.005)
        assert bands @ redrawn == pytest.approx(ours, abs=0.005)


def test_outputs_of_a_batch_share_what_is_slow(rng: np.random.Generator) -> None:
    """Check eq:one-over-f-bands: two inputs, read one after the other, go together by rho x x' S**2."""
    dense = DenseLayer("dense", np.ones((N, 3), np.float32), np.zeros(N, np.float32), "identity")
    layer = Layer(substrate.load("pcm", ONLY), dense, Stream(int(rng.integers(2**62))), headroom=1 / X)
    x = np.array([[1.0, 0.5, 0.25], [0.5, 1.0, 0.75]], np.float32)
    first, second = (layer.forward(x, 63)[0].astype(np.float64) - x.sum(axis=1)[:, None]) / Q
    total, shared = oracle.accumulated_variance(T0, T_READ), oracle.shared_variance(63, 64, T0, T_READ)
    own, common = (x.astype(float) ** 2).sum(axis=1), float(x[0] @ x[1])
    for sign in (1, -1):
        variance = total * own.sum() + 2 * sign * shared * common
        assert_gaussian_std(first + sign * second, math.sqrt(variance))
        assert_rejects(assert_gaussian_std, first + sign * second, math.sqrt(total * own.sum()))
        frozen = total * own.sum() + 2 * sign * total * common
        assert_rejects(assert_gaussian_std, first + sign * second, math.sqrt(frozen))


def test_devices_are_independent(rng: np.random.Generator) -> None:
    """Neighbours, chips; what moves between two reads, and what does not."""
    layer, other = chip(rng, N), chip(rng, N)
    first, later = noise(layer, 0)[0], noise(layer, 2**14)[0]
    for values in (first, later - first):
        for lag in (1, 2, 16, 64):
            assert_uncorrelated(values[:-lag], values[lag:])
    assert_uncorrelated(first, noise(other, 0))
    doubled = np.repeat(first[::2], 2)  # a draw for two devices
    assert_rejects(assert_uncorrelated, doubled[:-1], doubled[1:])


def slowly(view: View, shape: tuple[int, int], tick: int) -> Floats:
    """The matrix that bands 1 to 3 leave at ``tick``, by one draw per band and device."""
    total = view.weight.astype(np.float64).ravel()
    for k, key in zip((1, 2, 3), view.held_keys, strict=True):
        xi = np.empty((1, total.size), np.float32)
        fill_gaussian(key, np.uint64(tick >> 2 * k), xi)
        total += view.held.ravel() * xi[0]
    return total.reshape(shape)


SHAPES = [
    (1, 1),
    (3, 10),
    (40, 64),
    (70, 10),
    (33, 128),
    (20, 100),
    (5, 192),
    (64, 32),
    (9, 65),
    (83, 100),
    (33, 512),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_read_is_the_sum_of_its_draws(rng: np.random.Generator, shape: tuple[int, int]) -> None:
    """Check eq:one-over-f-bands and eq:read-noise-output draw by draw, for every layout of the panels."""
    weight, spread, fresh = rng.random((3, *shape), np.float32)
    keys = np.array([fresh_key(rng) for _ in range(3)], np.uint64)
    view, start, rows = View(weight, fresh, spread, fresh_key(rng), keys), 2**35 + 50, 150
    x = rng.standard_normal((rows, shape[0])).astype(np.float32)
    x[rng.random(x.shape) < 0.5] = 0
    y, z = np.empty((rows, shape[1]), np.float32), np.empty((rows, shape[1]), np.float32)
    noisy_product(view, x, start, y)
    fill_gaussian(view.read_key, np.uint64(start), z)
    expected = np.stack([row @ slowly(view, shape, start + r) for r, row in enumerate(x.astype(float))])
    expected += np.sqrt(x.astype(float) ** 2 @ fresh) * z
    np.testing.assert_allclose(y, expected, atol=1e-4)


SPLITS = [[3, 127], [64, 66], [127, 3], [1] * 130, [130]]


@pytest.mark.parametrize("split", SPLITS, ids=str)
@pytest.mark.parametrize("start", [0, 61])
def test_any_split_of_a_batch_gives_the_same_noise(
    rng: np.random.Generator, split: list[int], start: int
) -> None:
    """Held bands to the bit, as each row is a sum of its own; fresh ones go through BLAS: to rounding."""
    weight, spread, fresh = rng.random((3, 30, 64), np.float32)
    keys = np.array([fresh_key(rng) for _ in range(3)], np.uint64)
    x = rng.standard_normal((130, 30)).astype(np.float32)
    for variance in (None, fresh):
        view = View(weight, variance, spread, keys[0], keys)
        whole, parts, first = np.empty((130, 64), np.float32), np.empty((130, 64), np.float32), 0
        noisy_product(view, x, start, whole)
        for rows in split:
            noisy_product(view, x[first : first + rows], start + first, parts[first : first + rows])
            first += rows
        if variance is None or (split == [64, 66] and start == 0):  # the tiles of the whole batch
            assert np.array_equal(parts, whole)
        np.testing.assert_allclose(parts, whole, rtol=1e-6, atol=1e-5)


def test_programming_renews_what_is_slow(rng: np.random.Generator) -> None:
    """Check eq:one-over-f-bands: bands that hold for 4,096 reads start anew, faster ones run on."""
    kind = substrate.load("pcm", ONLY)
    old, new = (DeviceArray(kind, np.ones((1, N), np.float32), Stream(77), 1 / X) for _ in range(2))
    state = new.state()
    state["generation"] += np.uint32(1)
    state["write_ticks"][:] = start = 10**9
    new.restore(state)
    apart = []
    for tick in (start, start + 1, start + 100, start + 1000):
        seen = np.empty((2, 1, N), np.float32)
        for array, y in zip((old, new), seen, strict=True):
            noisy_product(array.view(tick), np.ones((1, 1), np.float32), tick, y)
        apart.append((seen[1, 0].astype(np.float64) - seen[0, 0]) / (X * Q))
    bands = [oracle.band_variances(t, T_READ)[6:].sum() for t in (T0, start * PERIOD + T0)]
    assert_gaussian_std(apart[0], math.sqrt(sum(bands)))
    for later in apart[1:]:  # the difference does not move: all that moves is common
        np.testing.assert_allclose(later, apart[0], atol=1e-4)
    assert_rejects(assert_gaussian_std, apart[0], math.sqrt(sum(bands) + 2 * LN4))
    assert_rejects(assert_gaussian_std, 0 * apart[0], math.sqrt(sum(bands)))


def test_time_that_passes_unread_moves_the_noise() -> None:
    """``advance`` is as good as reading on: noise is a function of the tick alone."""
    network, kind = Network.mlp("3-5", Stream(1)), substrate.load("pcm")
    waits, reads = (backend.compile(network, kind, Stream(2)) for _ in range(2))
    x = np.array([[0.5, -1.0, 0.25]], np.float32)
    first = waits.run(x, NODES).nodes["readout"]
    waits.advance(299 * PERIOD)
    reads.run(np.repeat(x, 300, axis=0))
    assert waits.tick == reads.tick == 300
    later = waits.run(x, NODES).nodes["readout"]
    assert np.array_equal(later, reads.run(x, NODES).nodes["readout"])
    assert not np.array_equal(later, first)
    waits.advance(YEAR)
    assert waits.tick == 301 + ticks(YEAR)
    assert np.isfinite(waits.run(x).output).all()
