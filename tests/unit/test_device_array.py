"""How weights sit on devices, and what happens to the devices on the way from target to read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwnoise import Stream, substrate
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.devices.conductance import Conductance
from hwnoise.errors import InputError

MAPPINGS: tuple[dict[str, Any], ...] = (
    {},
    {"devices": 3},
    {"slices": 2, "base": 4},
    {"slices": 4, "base": 16},
    {"mapping": "offset"},
    {"mapping": "offset", "devices": 2},
)
DAY = 86_400.0


def array(weight: np.ndarray[Any, Any], seed: int = 1, headroom: float = 1.0, **effects: Any) -> DeviceArray:
    """An array of a chip with nothing but ``effects`` and conductances of 5 to 25 µS."""
    table = {"name": "t", "kind": "t", "conductance": {"g_min": 5.0, "g_max": 25.0}, **effects}
    return DeviceArray(substrate.parse(table), weight.astype(np.float32), Stream(seed), headroom)


@pytest.fixture
def weight(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    return rng.uniform(-1, 1, (40, 30))


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_devices_add_up_to_the_weight(mapping: dict[str, Any], rng: np.random.Generator) -> None:
    """Check eq:pair-mapping: targets within the range, and their weighted sum is the weight."""
    kind = Conductance(g_min=5.0, g_max=25.0, **mapping)
    t = np.concatenate([rng.uniform(-1, 1, 1000), [-1.0, 0.0, 1.0]])
    x = np.stack(list(kind.targets(t)))
    assert x.shape == (kind.planes, t.size)
    assert x.min() >= 0
    assert x.max() <= 1
    found = kind.factors() @ (kind.g_min + x * (kind.g_max - kind.g_min)) + kind.offset()
    assert found == pytest.approx(t, abs=1e-12)


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_an_ideal_array_reads_what_was_written(mapping: dict[str, Any], weight: np.ndarray[Any, Any]) -> None:
    made = array(weight, headroom=1.5, conductance={"g_min": 5.0, "g_max": 25.0, **mapping})
    assert made.view(0).weight * made.weight_range == pytest.approx(weight, abs=1e-5)


def test_parallel_devices_average_their_programming_noise(rng: np.random.Generator) -> None:
    noise = {"sigma": {"shape": "polynomial", "coefficients": [1.0]}}
    full = np.ones((200, 200))
    spread = {}
    for devices in (1, 4):
        kind = {"g_min": 5.0, "g_max": 25.0, "devices": devices}
        spread[devices] = float(array(full, conductance=kind, programming_noise=noise).view(0).weight.std())
    assert spread[1] / spread[4] == pytest.approx(2, rel=0.05)


def test_levels_leave_few_values(weight: np.ndarray[Any, Any]) -> None:
    seen = np.unique(array(weight, levels={"count": 8}).view(0).weight.round(5))
    assert len(seen) <= 15
    assert np.isclose(np.abs(seen)[:, None], np.linspace(0, 1, 8), atol=1e-4).any(axis=1).all()


def test_stuck_devices_outlive_writes_and_do_not_age(weight: np.ndarray[Any, Any]) -> None:
    curves = {
        name: {"shape": "polynomial", "coefficients": [nu]} for name, nu in (("mean", 0.1), ("std", 0.0))
    }
    made = array(weight, headroom=1.2, faults={"stuck_high": 0.2}, drift=curves, write={"step": 0.01})
    assert made.faults["stuck_high"] == pytest.approx(0.2 * 2 * weight.size, rel=0.2)
    stuck = made.state()["g"] == 25.0
    made.write(np.full(weight.shape, -0.5, np.float32), 10)
    state = made.state()
    assert (state["g"][stuck] == 25.0).all()
    both = stuck.all(axis=0)
    assert both.any()
    late = made.view(round(DAY * 1e6)).weight.ravel()
    assert np.abs(late[both]).max() < 1e-6  # plus and minus both stuck high: nothing is left to drift


def test_frozen_mismatch_scales_the_same_devices_at_every_write(weight: np.ndarray[Any, Any]) -> None:
    made = array(np.ones((50, 40)), mismatch={"sigma": 0.1}, write={"step": 0.01})
    before = made.view(0).weight.copy()
    made.write(np.full((50, 40), -0.5, np.float32), 5)
    assert before.std() == pytest.approx(0.1 * 25 / 20, rel=0.1)
    full, offset = before - 1, made.view(5).weight - 0.5
    assert np.corrcoef(full.ravel(), offset.ravel())[0, 1] > 0.9


def test_white_noise_of_devices_adds_up_at_the_weight() -> None:
    sigma = {"shape": "polynomial", "coefficients": [0.5]}
    view = array(np.ones((3, 2)), device_noise={"sigma": sigma}).view(0)
    assert view.fresh == pytest.approx(np.full((3, 2), 2 * (0.5 / 20) ** 2), rel=1e-5)


def test_retention_stands_for_the_programming_noise_of_day_0(rng: np.random.Generator) -> None:
    """Check eq:retention through an array: the spread right after programming is that of day 0."""
    kind = substrate.load("sonos")
    made = DeviceArray(kind, np.full((300, 300), 1.0, np.float32), Stream(5), 4.5)  # 400 nA
    assert made.view(0).weight.std() * 1800 == pytest.approx(np.hypot(17.8295, 0), rel=0.02)


def test_restored_devices_read_the_same_bits(weight: np.ndarray[Any, Any]) -> None:
    for name in ("cmo", "sonos", "hermes_two_device", "wan"):
        kind = substrate.load(name)
        made, other = (DeviceArray(kind, weight.astype(np.float32), Stream(3), 1.5) for _ in range(2))
        made.write(np.full(weight.shape, 0.1, np.float32), 4000)
        made.view(4000)
        made.write(np.full(weight.shape, 0.1, np.float32), 5000)
        other.restore(made.state())
        for tick in (5000, 6000, 10**9):
            assert (made.view(tick).weight == other.view(tick).weight).all()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"g_min": 30.0, "g_max": 25.0}, "g_min must be below g_max"),
        ({"slices": 2, "mapping": "offset"}, "slices need mapping 'pair'"),
        ({"slices": 9}, "conductance.slices must be <= 8"),
    ],
)
def test_mappings_that_cannot_be_are_refused(table: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        substrate.parse({"name": "t", "kind": "t", "conductance": table})
    both = {"shift": 0.0, "slope": 0.0, "offset": 0.0}
    with pytest.raises(InputError, match="drift and relaxation both say how devices age"):
        substrate.load("pcm", {"relaxation": both})
