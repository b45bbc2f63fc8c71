"""Golden values of pulsed devices: what the published parameters give, noise aside."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from oracles_pulsed import Bench

import hwnoise.devices
from hwnoise import toml
from hwnoise.devices.pulse_neurosim import curvature
from hwnoise.devices.pulsed_update import PulsedUpdate

PRESETS = Path(hwnoise.devices.__file__).parent / "presets"
DIGITS = 5e-5  # golden values have four decimals


@cache
def preset(name: str) -> PulsedUpdate:
    return PulsedUpdate.model_validate(toml.read(PRESETS / f"{name}.toml")["pulsed_update"])


def test_reram_es() -> None:
    """Check eq:pulse-exponential and the one-sided asymmetry of eq:device-constants."""
    assert Bench(preset("reram_es")).steps(0) == pytest.approx((1.0972, 1.9917), abs=DIGITS)
    bench = Bench(preset("reram_es"))
    assert bench.quietly(1) == pytest.approx(0.0014813, abs=5e-8)
    assert bench.quietly(-1) == pytest.approx(-0.0019914, abs=5e-8)


def test_pcm_gst() -> None:
    """Check eq:pulse-exponential on a one-sided device."""
    up = [Bench(preset("pcm_gst")).steps(w)[0] for w in (0, 1, 2)]
    assert up == pytest.approx([28.2350, 3.2356, 1.1835], abs=DIGITS)


def test_reram_sb() -> None:
    """Check eq:pulse-soft-bounds."""
    bench = Bench(preset("reram_sb"))
    assert bench.quietly(100) == pytest.approx(0.1850, abs=DIGITS)
    assert bench.quietly(1000) == pytest.approx(0.9980, abs=DIGITS)


def test_ecram() -> None:
    """Check eq:pulse-linear, with mean bounds that differ up and down."""
    assert Bench(preset("ecram")).steps(0.5) == pytest.approx((0.9508, 1.3072), abs=DIGITS)
    assert Bench(preset("ecram")).steps(-0.5) == pytest.approx((1.0492, 0.6928), abs=DIGITS)


@pytest.mark.parametrize(
    ("name", "noise"),
    [("reram_es", 0.1013), ("reram_sb", 0.1120), ("reram_array_om", 0.1339), ("reram_array_hfo2", 0.2700)],
)
def test_write_noise(name: str, noise: float) -> None:
    """Check the size of eq:write-noise in weight units."""
    assert preset(name).write_noise * preset(name).pulse_size == pytest.approx(noise, abs=DIGITS)
    assert preset(name).handles == ("readback",)


def test_lognormal_gains_have_a_mean_above_one() -> None:
    """Check eq:device-constants: OM devices move 1.359 times as far as their median."""
    assert math.exp(preset("reram_array_om").step_spread ** 2 / 2) == pytest.approx(1.359, abs=5e-4)
    assert preset("reram_array_om").step_law == "lognormal"


def test_converters_of_pulsed_arrays() -> None:
    """Check eq:dac and eq:adc: 127 input levels; steps of the default 9-bit output range of 12."""
    from hwnoise import substrate  # heavier than the tables alone

    kind = substrate.load("reram_es", {"adc.range": 12.0})
    assert kind.dac is not None
    assert kind.adc is not None
    assert 2 * kind.dac.levels + 1 == 127
    assert 1 / kind.dac.levels == pytest.approx(0.015873, abs=5e-7)
    step = kind.adc.range / kind.adc.levels
    assert (step, step / math.sqrt(12)) == pytest.approx((0.047059, 0.013585), abs=5e-7)


@pytest.mark.parametrize(
    ("name", "states"), [("idealized", 10_000), ("gokmen_vlasov", 1250)]
)  # published as about 1200
def test_states(name: str, states: float) -> None:
    update = preset(name)
    assert (update.w_max - update.w_min) / update.pulse_size == pytest.approx(states)


def test_every_preset_is_cited() -> None:
    for name in ("reram_es", "reram_sb", "capacitor", "ecram", "ecram_mo", "idealized", "gokmen_vlasov",
                 "pcm_gst", "reram_array_om", "reram_array_hfo2"):  # fmt: skip
        table = toml.read(PRESETS / f"{name}.toml")
        assert preset(name).fit
        assert preset(name).source in {source["key"] for source in table["sources"]}
        assert bool(preset(name).write_noise) == ("readback" in preset(name).handles)


def test_nonlinearity_labels() -> None:
    """Check eq:neurosim-label, A in units of the pulses across the range."""
    found = 1 / curvature(np.array([0.01, 1, 2.4, 4.88]))
    assert found == pytest.approx([126.269, 1.25165, 0.49918, 0.20030], abs=5e-4, rel=2e-5)
    assert curvature(np.array([-2.4])) == pytest.approx(-curvature(np.array([2.4])))


def neurosim(levels: float) -> PulsedUpdate:
    model = {
        "shape": "neurosim", "levels_up": levels, "levels_down": 100,
        "nonlinearity_up": 2.4, "nonlinearity_down": -4.88,
    }  # fmt: skip
    return PulsedUpdate.model_validate({"model": model, "w_min": 0, "w_max": 1, "pair": {}})


def test_neurosim_curve() -> None:
    """Check eq:neurosim: up at 0, 10, 48.5 and 97 of 97 pulses; halves by a device of twice the levels."""
    low, high = 3.0769, 38.462
    found = [Bench(neurosim(97)).quietly(p) for p in (0, 10, 97)]
    found.insert(2, Bench(neurosim(194)).quietly(97))
    assert [low + (high - low) * w for w in found] == pytest.approx(
        [3.0769, 10.7090, 28.9569, 38.4620], abs=1e-4
    )


def test_neurosim_comes_down_as_its_mirror_image() -> None:
    """Check eq:neurosim: A is .2003 of 100 pulses on the way down, from the top."""
    a = 20.030
    expected = 1 - (1 - math.exp(-10 / a)) / (1 - math.exp(-100 / a))
    assert Bench(neurosim(97)).quietly(-10, 1.0) == pytest.approx(expected, abs=1e-4)
    assert Bench(neurosim(97)).quietly(-100, 1.0) == pytest.approx(0, abs=1e-4)


def test_pmax() -> None:
    """Check eq:pulse-pmax: p_max pulses go from one end of the range to the other, both ways."""
    model = {"shape": "soft_bounds_pmax", "alpha": 0.02, "p_max": 150}
    bench = Bench(PulsedUpdate.model_validate({"model": model, "w_min": -0.8, "w_max": 1.2}))
    reach = 2 / (1 - math.exp(-0.02 * 150))
    assert bench.quietly(150, -0.8) == pytest.approx(1.2, abs=1e-5)
    assert bench.quietly(50, -0.8) == pytest.approx(-0.8 + reach * (1 - math.exp(-1)), abs=1e-5)
    assert bench.quietly(-150, 1.2) == pytest.approx(-0.8, abs=1e-5)


def test_pulse_trains() -> None:
    """Check C and the probability of a coincidence (eq:pulse-train, eq:pulse-coincidence)."""
    update = PulsedUpdate.model_validate({"model": {"shape": "constant_step"}, "managed": False})
    slots, scale_x, scale_d = update.trains(0.5, 0.1, 0.01)
    assert (slots, scale_x, scale_d) == (31, pytest.approx(0.5680, abs=DIGITS), scale_x)
    p = scale_x * 0.5 * scale_d * 0.1
    assert p == pytest.approx(0.016129, abs=5e-7)
    assert (slots * p, slots * p * (1 - p)) == pytest.approx((0.5, 0.4919), abs=DIGITS)


def test_managed_trains_are_as_long_as_needed() -> None:
    """Check eq:pulse-train: the largest change is reached with equal probabilities below 1."""
    update = PulsedUpdate.model_validate({"model": {"shape": "constant_step"}})
    slots, scale_x, scale_d = update.trains(0.5, 0.9, 0.01)
    assert slots == math.ceil(0.01 * 0.5 * 0.9 / 0.001)
    assert scale_x * 0.5 == pytest.approx(scale_d * 0.9)
    assert slots * scale_x * 0.5 * scale_d * 0.9 * 0.001 == pytest.approx(0.01 * 0.5 * 0.9)
