"""Effects compute what their equations say, and take only numbers that mean something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from hwnoise import substrate
from hwnoise.devices.clock import Clock
from hwnoise.devices.conductance import Conductance
from hwnoise.devices.converters import Adc, Dac
from hwnoise.devices.curve import ClippedLog, ClippedPower, Log10, Piecewise, Polynomial, Saturating, Table
from hwnoise.devices.node_noise import NodeNoise
from hwnoise.devices.one_over_f import OneOverF
from hwnoise.devices.read_noise import ReadNoise
from hwnoise.devices.telegraph import Telegraph
from hwnoise.devices.write import Write

PCM = substrate.load("pcm")
X = np.array([0.0, 0.01, 0.3, 1.0])


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        (Polynomial(coefficients=(1.0, 2.0, -1.0)), 1 + 2 * X - X**2),
        (ClippedLog(slope=-1.0, intercept=0.0, low=0.5, high=3.0), [3.0, 3.0, -np.log(0.3), 0.5]),
        (ClippedPower(amplitude=0.1, exponent=0.5, floor=0.05, cap=1.5), [1.5, 1.0, 0.1 / np.sqrt(0.3), 0.1]),
        (ClippedPower(amplitude=1.0, exponent=-0.5, floor=1e-3, cap=9.0), [0.0, 0.1, np.sqrt(0.3), 1.0]),
        (Saturating(amplitude=2.0, scale=0.5), 2 * (1 - np.exp(-X / 0.5))),
        (Table(x=(0.01, 0.2, 0.4), y=(3.0, 1.0, -1.0)), [3.0, 3.0, 0.0, -1.0]),
        (Log10(amplitude=0.5, reference=100.0), [0.0, 0.0, 0.5 * np.log10(30), 1.0]),
        (
            Piecewise(
                knee=0.3,
                below=Polynomial(coefficients=(7.0,)),
                above=Polynomial(coefficients=(0.0, 1.0)),
            ),
            [7.0, 7.0, 0.3, 1.0],
        ),
    ],
    ids=lambda c: getattr(c, "shape", "") if not isinstance(c, (list, np.ndarray)) else "",
)
def test_a_curve_is_its_formula_and_finite_where_a_device_is_off(curve: Any, expected: Any) -> None:
    np.testing.assert_allclose(curve.at(X), expected, atol=5e-4)
    assert np.isfinite(curve.at(X)).all()


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ({"x": (0.0, 1.0), "y": (1.0,)}, "at least 2"),
        ({"x": (0.0, 1.0), "y": (1.0, 2.0, 3.0)}, "of equal length, not 2 and 3"),
        ({"x": (0.0, 0.5, 0.5), "y": (1.0, 2.0, 3.0)}, "x must increase"),
        ({"x": (0.0, 1.5), "y": (1.0, 2.0)}, "less than or equal to 1"),
    ],
)
def test_a_table_that_is_none_is_refused(points: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Table(**points)


def test_a_table_can_be_read_from_a_file() -> None:
    text = {"shape": "table", "x": [0.0, 1.0], "y": [0.02, 0.01]}
    drift = substrate.load("pcm", {"drift.std": text}).drift
    assert drift is not None
    assert drift.std.at(np.array([0.5])) == pytest.approx(0.015)


def test_the_range_of_a_column_is_its_largest_weight() -> None:
    weight = np.array([[0.5, 0.0, -0.1], [-2.0, 0.0, 0.05]], np.float32)
    column, layer = Conductance(), Conductance(scaling="layer")
    np.testing.assert_allclose(column.weight_range(weight, 1.5), [3.0, 3.0, 0.15])
    np.testing.assert_allclose(layer.weight_range(weight, 1.5), [3.0, 3.0, 3.0])
    for scaling in (column, layer):
        np.testing.assert_array_equal(scaling.weight_range(np.zeros((2, 2), np.float32), 2.0), [2.0, 2.0])


def test_read_noise_depends_on_the_weight_as_stated() -> None:
    w = np.array([-1.0, -0.25, 0.0, 0.5])
    for dependence, expected in (("constant", 1), ("sqrt", np.abs(w)), ("proportional", w**2)):
        variance = ReadNoise(sigma=0.3, dependence=dependence).variance_at(w)
        np.testing.assert_allclose(variance, 0.09 * expected * np.ones(4))


def test_programming_noise_scales_with_the_conductance_of_the_device() -> None:
    noise = PCM.programming_noise
    assert noise is not None
    x = np.array([0.0, 0.5])
    published = np.array([0.26348, 0.26348 + 1.9650 / 2 - 1.1731 / 4])  # µS, of a device of 25 µS
    np.testing.assert_allclose(noise.sigma_at(x, 25.0), published)
    np.testing.assert_allclose(noise.sigma_at(x, 50.0), 2 * published)
    doubled = noise.model_copy(update={"scale": 2.0})
    np.testing.assert_allclose(doubled.sigma_at(x, 25.0), 2 * published)


def test_drift_exponents_are_positive_and_scaled() -> None:
    drift = PCM.drift
    assert drift is not None
    x, z = np.array([0.5, 0.5, 1e-4]), np.array([0.0, -20.0, 1.0])
    high = 0.1 + 0.045  # both clips
    np.testing.assert_allclose(drift.exponent(x, z), [0.049, 20 * 0.008 - 0.049, high])
    assert not drift.model_copy(update={"scale": 0.0}).exponent(x, z).any()


def test_the_variance_of_the_bands_adds_up_to_the_published_one() -> None:
    noise = PCM.one_over_f
    assert noise is not None
    for seconds in (0.0, 1.0, 3600.0, 3.2e7):
        published = np.log((seconds + 20 + 250e-9) / (2 * 250e-9))
        for period in (250e-9, 1e-6, 1e-3):
            bands = noise.band_variances(seconds, period)
            assert bands.sum() == pytest.approx(published)
            assert (bands[1:] <= np.log(4) + 1e-12).all()


@pytest.mark.parametrize(("period", "merged"), [(1.0, 1), (3.9, 1), (4.0, 2), (64.0, 4)])
def test_reads_far_apart_merge_the_bands_between_them(period: float, merged: int) -> None:
    assert PCM.one_over_f is not None
    assert PCM.one_over_f.fresh_bands(period * 250e-9) == merged


def test_two_reads_share_the_bands_that_neither_redrew() -> None:
    noise = PCM.one_over_f
    assert noise is not None
    bands = noise.band_variances(5.0, 250e-9)
    for first, second, shared in ((0, 1, 1), (3, 4, 2), (15, 16, 3), (0, 255, 4), (255, 256, 5)):
        ticks = np.array([first], np.uint64), np.array([second], np.uint64)
        expected = bands[shared:].sum() / bands.sum()
        assert noise.correlation(*ticks, 5.0, 250e-9) == pytest.approx(expected)
    same = np.arange(4, dtype=np.uint64)
    assert noise.correlation(same, same, 5.0, 250e-9) == pytest.approx(1.0)


def test_a_telegraph_forgets_by_flipping() -> None:
    noise = Telegraph(amplitude=0.3, sigma=0.4, flip=0.1)
    assert noise.variance == pytest.approx(0.25)
    assert noise.flip_over(1) == pytest.approx(0.1)
    assert noise.flip_over(2) == pytest.approx(2 * 0.1 * 0.9)
    assert noise.flip_over(10**15) == pytest.approx(0.5)
    ticks = np.arange(3, dtype=np.uint64)
    assert noise.correlation(ticks + np.uint64(2), ticks) == pytest.approx(0.8**2 * 0.09 / 0.25)
    assert Telegraph(amplitude=0.0, flip=0.1).correlation(ticks, ticks) == 0.0


def test_a_converter_loses_one_code_to_the_second_zero() -> None:
    assert Adc(bits=8).levels == 127
    assert Dac(bits=2).levels == 1


@pytest.mark.parametrize(
    ("effect", "parameters"),
    [
        (Clock, {"read_period": 0.0}),
        (Clock, {"read_period": True}),
        (Conductance, {"g_max": -1.0}),
        (Conductance, {"scaling": "row"}),
        (NodeNoise, {"sigma": -0.1}),
        (NodeNoise, {"sigma": float("nan")}),
        (NodeNoise, {"sigma": float("inf")}),
        (NodeNoise, {"sigma": "0.1"}),
        (NodeNoise, {"sigma": 0.1, "handles": ["guessed"]}),
        (ReadNoise, {"sigma": 11.0}),
        (Telegraph, {"amplitude": 1.0, "flip": 1.5}),
        (Telegraph, {"flip": 0.5}),
        (OneOverF, {"q": {"shape": "polynomial", "coefficients": []}}),
        (OneOverF, {"q": {"coefficients": [1.0]}}),
        (Write, {"step": 0.0}),
        (Write, {"step": 1.1}),
        (Write, {"mode": "fast"}),
        (Adc, {"bits": 1}),
        (Adc, {"bits": 8.0}),
        (Adc, {"range": 0.0}),
        (Dac, {"range": "matrix"}),
        (Dac, {"range": -1.0}),
        (ClippedLog, {"slope": 1.0, "intercept": 0.0, "low": 1.0, "high": 0.0}),
    ],
)
def test_what_means_nothing_is_not_an_effect(effect: Any, parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        effect.model_validate(parameters)


def test_an_effect_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        NodeNoise(sigma=0.1).sigma = 0.2  # type: ignore[misc]
