"""Published numbers of the presets beside pcm and smtj: programming, ageing and read noise."""

from __future__ import annotations

import numpy as np
import pytest

from hwnoise import substrate

DAY = 86400.0
CURRENTS = np.array([0, 50, 200, 400, 800, 1600], np.float32)  # nA
CHANGE = {
    1: [0.1727, 1.7046, 1.0125, 0.6155, -3.8268, -11.5322],
    5: [0.3199, 3.547, 2.6429, -1.4679, -15.1731, -40.6984],
}
SPREAD = {
    0: [4.9105, 13.4905, 17.8295, 19.6738, 19.8844],
    1: [6.0082, 16.8161, 22.5822, 25.2373, 25.5861],
    2: [6.5396, 18.5046, 25.0896, 28.2668, 28.7201],
    3: [6.9000, 19.6858, 26.8880, 30.4870, 31.0332],
    4: [7.3146, 21.0490, 28.9750, 33.0834, 33.7485],
    5: [7.4094, 21.3996, 29.5558, 33.8494, 34.5637],
}
SETTLED = {1.0: (0.0, 0.4118), 100.0: (-0.4099, 0.6053), 3600.0: (-0.7288, 0.7559), DAY: (-1.0117, 0.8894)}


@pytest.mark.parametrize("seconds", SETTLED)
def test_relaxation_of_cmo(seconds: float) -> None:
    """Check eq:relaxation: mean shift and spread [µS] of D. F. Falcone et al., arXiv:2502.04524."""
    effect = substrate.load("cmo").relaxation
    assert effect is not None
    g, z = np.full((1, 2), 40.0, np.float32), np.array([[0.0, 1.0]], np.float32)
    mean, above = effect.age(g, z, np.full(2, seconds), 9.0, 88.2)[0]
    assert (mean - 40, above - mean) == pytest.approx(SETTLED[seconds], abs=1e-4)


def test_relaxation_stays_within_the_range_and_begins_after_a_second() -> None:
    """Check eq:relaxation at its clips, and that nothing happens in the first second."""
    effect = substrate.load("cmo").relaxation
    assert effect is not None
    g, z = np.array([[9.0, 88.2]], np.float32), np.array([[-5.0, 5.0]], np.float32)
    assert effect.age(g, z, np.full(2, DAY), 9.0, 88.2).tolist() == g.tolist()
    assert effect.age(g, 0 * z, np.full(2, 0.5), 9.0, 88.2).tolist() == g.tolist()


@pytest.mark.parametrize("day", CHANGE)
def test_mean_retention_of_sonos(day: int) -> None:
    """Check eq:retention: the mean change [nA] of V. Agrawal et al., IEDM 2022."""
    effect = substrate.load("sonos").retention
    assert effect is not None
    g = CURRENTS[None]
    change = effect.age(g, np.zeros_like(g), np.full(6, day * DAY), 0, 3200) - g
    assert change[0] == pytest.approx(CHANGE[day], abs=2e-4)


@pytest.mark.parametrize("day", SPREAD)
def test_spread_of_sonos(day: int) -> None:
    """Check eq:retention: the spread [nA] follows the drifted current, here given back to the table's."""
    effect = substrate.load("sonos").retention
    assert effect is not None
    spread = -effect.amplitude[day] * np.expm1(-CURRENTS[1:].astype(float) / effect.scale[day])
    assert spread == pytest.approx(SPREAD[day], abs=5e-5)
    g = CURRENTS[None]
    still, above = (effect.age(g, np.full_like(g, z), np.full(6, day * DAY), 0, 3200) for z in (0, 1))
    drifted = -effect.amplitude[day] * np.expm1(-still / effect.scale[day])
    assert above - still == pytest.approx(drifted, abs=2e-4)


def test_retention_between_and_after_the_measured_days() -> None:
    """Check eq:retention: coefficients are interpolated in time, and stay after the last day."""
    effect = substrate.load("sonos").retention
    assert effect is not None
    g, z = np.full((1, 4), 400, np.float32), np.zeros((1, 4), np.float32)
    aged = effect.age(g, z, DAY * np.array([1.0, 1.5, 2.0, 1000.0]), 0, 3200)[0]
    assert aged[1] == pytest.approx((aged[0] + aged[2]) / 2, abs=1e-3)
    assert aged[3] == effect.age(g, z, np.full(4, 5 * DAY), 0, 3200)[0, 0]


HERMES = {
    "hermes_one_device": [
        [0.1578, 0.3693, 0.6145, 0.8653, 0.9748, 1.0076],
        [0.0400, 0.0253, 0.0143, 0.0121, 0.0098, 0.0055],
        [0.0400, 0.0218, 0.0206, 0.0217, 0.0184, 0.0168],
    ],
    "hermes_two_device": [
        [0.1660, 0.5577, 0.8888, 0.9910, 0.9124, 1.0927],
        [0.0400, 0.0212, 0.0105, 0.0090, 0.0076, 0.0048],
        [0.0400, 0.0200, 0.0159, 0.0167, 0.0153, 0.0123],
    ],
}  # at X: programming spread [µS], spread of the drift exponent, relative 1/f amplitude
X = np.array([0, 0.1, 0.25, 0.5, 0.75, 1])
PROGRAMMED = {
    "pcm_joshi": (X, [0.2864, 0.4649, 0.6907, 0.9553, 1.0802, 1.0655]),
    "wan": (X, [0.3480, 1.5562, 2.2583, 2.0229, 1.5330, 1.1030]),
    "wan_one_day": (X, [0.7010, 2.4473, 3.7208, 3.9090, 3.3665, 2.6510]),
    "wan_two_days": (X, [0.7820, 2.4102, 3.6638, 3.9291, 3.3744, 2.6770]),
    "wan_cubic": (X, [1.0530, 1.8257, 2.4136, 2.3618, 1.8192, 1.7074]),
    "milo": (
        np.array([50, 67.5, 93.75, 137.5, 181.25, 225]) / 225,
        [4.3270, 4.1676, 3.9285, 3.5301, 3.1317, 2.7332],
    ),
    "cmo": (
        np.array([9, 16.92, 28.8, 48.6, 68.4, 88.2]) / 88.2,
        [0.1128, 0.2022, 0.3364, 0.5599, 0.7835, 1.0070],
    ),
    "cmo_fine": (
        np.array([9, 16.92, 28.8, 48.6, 68.4, 88.2]) / 88.2,
        [0.0104, 0.0189, 0.0316, 0.0528, 0.0739, 0.0951],
    ),
}  # spread of a programming [µS] at g / g_max


@pytest.mark.parametrize("name", HERMES)
def test_hermes(name: str) -> None:
    """Check eq:programming-noise, eq:drift-exponent and eq:accumulated-variance at six conductances."""
    kind = substrate.load(name)
    assert kind.conductance is not None and kind.programming_noise is not None  # noqa: PT018
    assert kind.drift is not None and kind.one_over_f is not None  # noqa: PT018
    sigma, spread, q = HERMES[name]
    assert kind.programming_noise.sigma_at(X, kind.conductance.g_max) == pytest.approx(sigma, abs=5e-5)
    assert kind.drift.mean.at(X) == pytest.approx([0.13, 0.0719, 0.0677, 0.0564, 0.0396, 0.0174], abs=5e-5)
    assert kind.drift.std.at(X) == pytest.approx(spread, abs=5e-5)
    assert kind.one_over_f.q.at(X) == pytest.approx(q, abs=5e-5)


@pytest.mark.parametrize("name", PROGRAMMED)
def test_spread_of_a_programming(name: str) -> None:
    """Check eq:programming-noise against the published curves, at the g_max of the fit and twice it."""
    kind = substrate.load(name)
    assert kind.conductance is not None and kind.programming_noise is not None  # noqa: PT018
    x, sigma = PROGRAMMED[name]
    g_max = kind.conductance.g_max
    assert kind.programming_noise.sigma_at(x, g_max) == pytest.approx(sigma, abs=5e-5)
    assert kind.programming_noise.sigma_at(x, 2 * g_max) == pytest.approx(2 * np.array(sigma), abs=1e-4)


AGES = [0, 1, 3600, DAY, 365 * DAY]
ROOTS = {
    "hermes_one_device": [4.3692, 4.3698, 4.6941, 5.0161, 5.5730],
    "hermes_two_device": [4.4154, 4.4158, 4.6969, 5.0162, 5.5730],
}  # sqrt(ln((t + t_r) / (2 t_r))) at these ages [s]


@pytest.mark.parametrize("name", ROOTS)
def test_how_flicker_of_hermes_accumulates(name: str) -> None:
    """Check eq:accumulated-variance: t0 and the time of a read are those of the chip."""
    noise = substrate.load(name).one_over_f
    assert noise is not None
    assert np.sqrt(noise.accumulated_variance(np.array(AGES))) == pytest.approx(ROOTS[name], abs=5e-5)


DISAGREE = {
    ("pcm", "pcm_joshi"): ([0, 0.1, 0.25], [0.087, 0.037, 0.014]),
    ("wan", "wan_cubic"): ([0, 0.5, 1], [2.03, 0.17, 0.55]),
}  # at x, by how much the spread of the second is larger


@pytest.mark.parametrize("names", DISAGREE, ids=lambda names: names[0])
def test_fits_of_one_figure_differ(names: tuple[str, str]) -> None:
    """Check eq:programming-noise of both published fits of one figure against each other."""
    x, more = DISAGREE[names]
    first, second = (substrate.load(name).programming_noise for name in names)
    assert first is not None
    assert second is not None
    ratio = second.sigma_at(np.array(x), 25.0) / first.sigma_at(np.array(x), 25.0)
    assert ratio - 1 == pytest.approx(more, abs=5e-3)


def test_read_noise_of_sonos_and_cmo() -> None:
    """Check eq:device-noise and eq:accumulated-variance against the published standard deviations."""
    sonos, cmo = substrate.load("sonos"), substrate.load("cmo")
    assert sonos.device_noise is not None
    assert cmo.one_over_f is not None
    sigma = np.sqrt(sonos.device_noise.variance_at(CURRENTS[1:].astype(float) / 1800))
    assert sigma == pytest.approx([2.6064, 7.6101, 10.6167, 12.2739, 12.5729], abs=5e-5)
    g = np.array([10.0, 80.0])
    each = cmo.one_over_f.spread_at(g / 88.2, g.astype(np.float32)) / np.log10(g)
    root = np.sqrt(cmo.one_over_f.accumulated_variance(np.array([0, 99, 3599, DAY - 1])))
    assert each[0] * root == pytest.approx([0.1005, 0.1168, 0.1280, 0.1372], abs=5e-5)
    assert each[1] == pytest.approx(each[0], rel=1e-5)
