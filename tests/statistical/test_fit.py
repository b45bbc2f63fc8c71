"""A fit finds the device that the measurements came from, and its intervals hold as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from hwnoise import Stream, devices
from hwnoise.backends.emulator.pulsed_devices import PulsedDevices
from hwnoise.devices.fitting.pulses import Moments, _spreads
from hwnoise.devices.fitting.trails import covariance
from hwnoise.testing import assert_gaussian_std, assert_probability, assert_rejects, assert_variance

T_READ = 250e-9
TIMES = np.array([20.0, 100.0, 1e3, 1e4, 1e5])
G_MAX = 25.0
PCM_SIGMA = (0.26348, 1.9650, -1.1731)  # Nandakumar et al., ICECS 2019


def one_over_f(rng, times, n):
    """Draw n(t) band by band, each with a block boundary at random: (n, times) (eq:one-over-f-bands)."""
    total = np.log((times + T_READ) / (2 * T_READ))
    noise = np.zeros((n, len(times)))
    for k in range(int(np.ceil(total.max() / np.log(4)))):
        hold = T_READ * 4.0**k
        block = np.floor(times / hold + rng.uniform(size=(n, 1)))
        fresh = np.diff(block, axis=1, prepend=block[:, :1] - 1) > 0
        held = np.cumsum(fresh, axis=1) - 1
        draws = rng.standard_normal((n, len(times)))
        noise += np.sqrt(np.clip(total - k * np.log(4), 0, np.log(4))) * np.take_along_axis(draws, held, 1)
    return noise


def phase_change(rng, n=400, times=TIMES, scale=1.0, q=0.02, nu=(0.06, 0.01), low=0.1):
    """Programmed, drifted, read: the pipeline of Nandakumar et al. with a constant Q and exponent."""
    x = np.repeat(np.linspace(low, 1, 8), n // 8)
    sigma = scale * np.polynomial.polynomial.polyval(x, PCM_SIGMA)
    g = np.maximum(G_MAX * x + sigma * rng.standard_normal(n), 0)
    exponent = np.abs(nu[0] + nu[1] * rng.standard_normal(n))
    read = g[:, None] * (times / times[0]) ** -exponent[:, None] * (1 + q * one_over_f(rng, times, n))
    return {"target": G_MAX * x, "read": np.maximum(read, 0), "time": times}


def test_two_reads_share_the_bands_that_neither_has_redrawn(rng):
    """The covariance between reads is that of held draws (eq:one-over-f-bands)."""
    times, n = np.array([1e-4, 1e-4 + 8 * T_READ, 1e-4 + 64 * T_READ]), 80_000
    noise, expected = one_over_f(rng, times, n), covariance(times[None], T_READ)[0]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        variance = expected[a, a] + expected[b, b] - 2 * expected[a, b]
        assert_variance(noise[:, a] - noise[:, b], variance, kurtosis=5.0)
    assert_gaussian_std(noise[:, 2], np.sqrt(expected[2, 2]))
    assert_rejects(assert_gaussian_std, 1.03 * noise[:, 2], np.sqrt(expected[2, 2]))


def test_intervals_hold_in_95_of_100_tables(rng):
    """Noise, drift and programming lie in their intervals as often as stated (eq:fit-bootstrap)."""
    true = {
        "one_over_f.q.amplitude": 0.02,
        "drift.mean(x=0.5)": 0.06,
        "drift.std(x=0.5)": 0.01,
        "programming_noise.sigma(x=0.5)": np.polynomial.polynomial.polyval(0.5, PCM_SIGMA),
    }
    inside = halved = 0
    tables = 30
    for _ in range(tables):
        found = devices.fit(phase_change(rng), g_max=G_MAX, read_seconds=T_READ, resamples=60)
        for name, value in true.items():
            p = found[name]
            inside += p.low <= value <= p.high
            halved += (p.low + p.value) / 2 <= value <= (p.high + p.value) / 2
    assert_probability(inside, 4 * tables, 0.95)
    assert_rejects(assert_probability, halved, 4 * tables, 0.95)


def test_the_published_curve_is_found(rng):
    """Programming noise comes out free of drift and 1/f noise (eq:fit-likelihood)."""
    found = devices.fit(phase_change(rng, 4000, q=0.005), g_max=G_MAX, read_seconds=T_READ, resamples=60)
    golden = {0.25: 0.6814, 0.5: 0.9527, 0.75: 1.0774, 1: 1.0554}
    for x, sigma in golden.items():
        assert found[f"programming_noise.sigma(x={x:g})"].value == pytest.approx(sigma, rel=0.08)
    assert len(found.substrate.programming_noise.sigma.coefficients) == 3  # the degree of the paper
    louder = devices.fit(
        phase_change(rng, 4000, q=0.005, scale=1.2), g_max=G_MAX, read_seconds=T_READ, resamples=60
    )
    assert louder["programming_noise.sigma(x=0.5)"].low > golden[0.5]


def test_the_drift_of_phase_change_memory_is_found(rng):
    """Mean and spread of the exponent, free of read noise (eq:fit-trail, eq:fit-likelihood)."""
    found = devices.fit(phase_change(rng, 4000, nu=(0.05, 0.008)), read_seconds=T_READ, resamples=60)
    assert found["drift.mean(x=0.5)"].value == pytest.approx(0.05, rel=0.02)
    assert found["drift.std(x=0.5)"].value == pytest.approx(0.008, rel=0.15)
    assert found.substrate.drift.t0 == 20.0


def test_the_power_of_1_over_f_noise_is_found(rng):
    """Q falls with conductance; its exponent comes from the scatter about the trails (eq:fit-scatter)."""
    x = np.repeat(np.linspace(0.1, 1, 8), 250)[:, None]
    q = 0.0088 / x**0.65
    read = G_MAX * x * (TIMES / 20) ** -0.05 * (1 + q * one_over_f(rng, TIMES, 2000))
    found = devices.fit(
        {"target": G_MAX * x[:, 0], "read": read, "time": TIMES}, read_seconds=T_READ, resamples=60
    )
    for name, value in (("amplitude", 0.0088), ("exponent", 0.65)):
        assert found[f"one_over_f.q.{name}"].value == pytest.approx(value, rel=0.08)
    assert found.substrate.one_over_f.q.cap == pytest.approx(0.0088 / 0.1**0.65, rel=0.15)


@pytest.mark.parametrize(("dependence", "power"), [("constant", 0.0), ("sqrt", 0.5), ("proportional", 1.0)])
def test_white_noise_is_found_with_its_dependence(rng, dependence, power):
    """Without the duration of a read, noise is white, in units of the range (eq:fit-scatter)."""
    x = np.repeat(np.linspace(0.2, 1, 8), 100)[:, None]
    now = x * (TIMES / 20) ** -0.05
    read = G_MAX * (now + 0.01 * now**power * rng.standard_normal((800, 5)))
    found = devices.fit({"target": G_MAX * x[:, 0], "read": read, "time": TIMES}, resamples=60)
    assert found.substrate.read_noise.dependence == dependence
    assert found["read_noise.sigma"].value == pytest.approx(0.01, rel=0.06)
    assert any("taken as white" in sentence for sentence in found.left_out)


def test_devices_at_zero_are_not_taken_for_quiet_ones(rng):
    """Half of an idle device's reads are clipped; the other half has its spread (eq:fit-likelihood)."""
    target = np.repeat([0.0, 25.0], 2000)
    read = np.maximum(target + 0.26 * rng.standard_normal(4000), 0)
    found = devices.fit({"target": target, "read": read, "time": np.full(4000, 20.0)}, resamples=60)
    sigma = found["programming_noise.sigma(x=0)"]
    assert sigma.value == pytest.approx(0.26, rel=0.08)
    assert sigma.low > read[:2000].std()  # what a spread that takes zeros for reads would be


def linear_step(rng, n=60, pulses=80, spread=0.2, noise=0.5):
    """Up then down on devices of their own step (Gokmen and Vlasov 2016; LinearStep) (eq:fit-step)."""
    w, rows = np.full(n, -1.0), []
    gain = 1 + spread * rng.standard_normal(n)
    for k in range(2 * pulses):
        sign = 1.0 if k < pulses else -1.0
        step, slope = (0.02, 0.3) if sign > 0 else (0.016, 0.5)
        w = w + sign * step * (gain * (1 - slope * sign * w) + noise * rng.standard_normal(n))
        rows.append(np.stack([np.arange(n), np.full(n, k), np.full(n, sign), 10 + 5 * w]))
    return dict(
        zip(("device", "pulse", "direction", "conductance"), np.concatenate(rows, axis=1), strict=True)
    )


def test_pulses_give_their_step_and_its_spreads(rng):
    """Step, asymmetry and spreads come back, in units of the range seen (eq:fit-step, eq:fit-spread)."""
    table = linear_step(rng, n=300)
    half = np.ptp(table["conductance"]) / 10  # of the measured range, in units of w
    found = devices.fit(table, resamples=60)
    middle = (table["conductance"].min() + table["conductance"].max()) / 10 - 2
    up, down = 0.02 * (1 - 0.3 * middle), 0.016 * (1 + 0.5 * middle)
    assert found["pulses.step_up"].value == pytest.approx(up / half, rel=0.06)
    assert found["pulses.step_down"].value == pytest.approx(down / half, rel=0.06)
    assert found["pulses.asymmetry"].value == pytest.approx((up - down) / (up + down), abs=0.02)
    assert found["pulses.device_to_device"].value == pytest.approx(0.2, rel=0.15)
    assert found["pulses.step_up"].low < up / half < found["pulses.step_up"].high


def test_pulses_become_devices_that_answer_alike(rng):
    """The fitted substrate's devices move as the measured ones: step, asymmetry, spreads (eq:fit-step)."""
    found = devices.fit(linear_step(rng, n=300), resamples=40)
    update = found.substrate.pulsed_update
    assert found.substrate.conductance is None
    assert update.model.step == pytest.approx(found["pulses.step_up"].value)
    ratio = found["pulses.step_down"].value / found["pulses.step_up"].value
    assert 1 - update.up_down == pytest.approx(ratio)
    devices_made = PulsedDevices(update, 4000, Stream(5), 1.0)
    up, down = devices_made.constants.cells[:2]
    assert up.mean() == pytest.approx(found["pulses.step_up"].value, rel=0.02)
    assert down.mean() == pytest.approx(found["pulses.step_down"].value, rel=0.02)
    assert up.std() / up.mean() == pytest.approx(0.2, rel=0.15)
    devices_made.put(np.full(4000, 0.5, np.float32))
    devices_made.pulse(np.ones(4000, np.int32), 1)
    expected = up.mean() * (1 - 0.5 * update.model.slope_up)
    assert (devices_made.w - 0.5).mean() == pytest.approx(expected, rel=0.05)


def test_spread_of_devices_is_free_of_that_of_pulses(rng):
    """Equal devices have no spread, however noisy their pulses (eq:fit-spread)."""
    change = 1 + 0.5 * rng.standard_normal((5000, 6))
    none = np.zeros(5000)
    moments = Moments(none + 6, none, none, change.sum(axis=1), none, (change**2).sum(axis=1))
    within, between = _spreads(moments, 1.0, 0.0, np.ones(5000))
    assert within == pytest.approx(0.25, rel=0.05)
    assert abs(between) < 0.01  # without the correction it would be 0.25 / 6


def test_the_same_stream_gives_the_same_intervals_and_another_does_not(rng):
    table = phase_change(rng, 80)
    first, again = (devices.fit(table, resamples=40) for _ in range(2))
    assert str(first) == str(again)
    assert str(first) != str(devices.fit(table, resamples=40, stream=Stream(1)))
