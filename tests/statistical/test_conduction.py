"""Devices that are not linear in the voltage: curves, sums, and what they leave alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import oracles_devices as oracle
import pytest
from numpy.typing import NDArray
from tiny import batch, kind, layers, on_chip

from hwnoise import InputError, Network, Probe, Stream, substrate
from hwnoise.devices.conduction import CubicConduction, PolynomialConduction
from hwnoise.testing import assert_rejects

Array = NDArray[Any]
MILO = substrate.load(Path(__file__).parents[2] / "examples" / "curved_rram.toml")
LAW = MILO.conduction
assert isinstance(LAW, PolynomialConduction)
N2, N3 = list(LAW.n2), list(LAW.n3)
GOLDEN = {  # I / (G V) at 62.5, 76.2, 93.9, 110 and 225 µS
    0.5: [0.8466, 0.9120, 0.9500, 0.9665, 0.9961],
    0.2: [0.9297, 0.9615, 0.9798, 0.9875, 0.9985],
}
MEASURED = np.array([62.5, 76.2, 93.9, 110.0, 225.0])
CURVE = {"law": "polynomial", "n2": N2, "n3": N3, "g_low": 62.5, "g_high": 225.0, "v_max": 0.5, "v_read": 0.5}
CUBIC = {"law": "cubic", "a": 0.25, "v_read": 1.0}
WHITE = {"read_noise": {"sigma": 0.05}}
FLAT = {"shape": "polynomial", "coefficients": [0.05]}
FINE = {"bits": 22, "range": 1.0}  # an input converter that leaves inputs in [-1, 1] as they are


def curved(curve: dict[str, Any] | None = None, **tables: Any) -> Any:
    """A kind of chip of 70 to 200 µS with Milo's curves, or another, and nothing else."""
    range_of = {"g_min": 70.0, "g_max": 200.0, "scaling": "layer", **tables.pop("conductance", {})}
    return kind(conductance=range_of, dac=FINE, conduction=curve or CURVE, **tables)


def assert_golden(law: PolynomialConduction) -> None:
    for volts, expected in GOLDEN.items():
        ratio = law.current(np.full(5, volts), MEASURED) / (MEASURED * volts)
        np.testing.assert_allclose(ratio, expected, rtol=0, atol=5e-5)


def test_curves_of_milo() -> None:
    """Check eq:conduction-polynomial: published curves, the oracle at both signs, and what is held beyond."""
    assert isinstance(LAW, PolynomialConduction)
    assert_golden(LAW)
    assert_rejects(assert_golden, LAW.model_copy(update={"n2": (0.0,)}))
    assert_rejects(assert_golden, LAW.model_copy(update={"n3": (0.0,)}))
    volts = np.linspace(-0.5, 0.5, 11)
    for g in MEASURED:
        expected = [1e6 * oracle.current(v, 1e-6 * g, N2, N3) for v in volts]
        np.testing.assert_allclose(LAW.current(volts, np.full(11, g)), expected, rtol=1e-9)
    low = LAW.current(volts, np.full(11, 20.0)) / 20.0
    np.testing.assert_allclose(low, LAW.current(volts, np.full(11, 62.5)) / 62.5, rtol=1e-12)
    assert not LAW.current(volts, np.zeros(11)).any()


def test_the_cubic_curve() -> None:
    """Check eq:conduction and eq:conduction-cubic, and where its current would fall."""
    law, volts = CubicConduction(a=0.25, v_read=1.1), np.linspace(-2, 2, 9)
    np.testing.assert_allclose(law.current(volts, np.full(9, 3.0)), 3 * (volts - 0.25 * volts**3), rtol=1e-12)
    assert law.v_limit == pytest.approx(2 / np.sqrt(3))
    assert CubicConduction(a=-9.0, v_read=50.0).v_limit == np.inf


MAPPINGS: tuple[dict[str, Any], ...] = (
    {},
    {"slices": 2, "base": 4},
    {"devices": 2},
    {"mapping": "offset"},
    {"mapping": "offset_column"},
)


def expected_sum(program: Any, q: Array, n2: list[float], n3: list[float], n_out: int) -> Array:
    """What the oracle makes of the devices of layer "a", less what their reference column carries."""
    device = program.substrate.conductance
    g = np.asarray(program.state()["layers/a/g"], float)
    g = g.reshape(len(g), q.shape[1], -1)
    y = oracle.curved_sum(q, g, device.factors(), device.offset(), 0.5, n2, n3)
    references = program.layers["a"].array.references
    return y if references is None else y[:, :n_out] - y[:, references]


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("tile", [None, {"rows": 3, "columns": 2}])
def test_a_read_adds_up_what_every_device_carries(mapping: dict[str, Any], tile: Any) -> None:
    """Check eq:conduction-sum device by device; a chip without a term of the curve is rejected."""
    weight, q = batch(4, 7, seed=1), batch(9, 7)
    weight[0, 0] = 1
    on = curved(conductance=mapping, **({} if tile is None else {"tile": tile}))
    program = on_chip(layers(weight), on)

    def assert_sum(n2: list[float], n3: list[float]) -> None:
        expected = expected_sum(program, q, n2, n3, 4)
        np.testing.assert_allclose(program.run(q).output[0], expected, atol=2e-5)
        np.testing.assert_allclose(program.run(q[:1]).output[0], expected[:1], atol=2e-5)

    assert_sum(N2, N3)
    assert_rejects(assert_sum, [0.0], N3)
    assert_rejects(assert_sum, N2, [0.0])
    lines = np.eye(7, dtype=np.float32)
    back = program.read_weights()["a.weight"].T
    np.testing.assert_allclose(back, expected_sum(program, lines, N2, N3, 4), atol=2e-5)


def test_true_weights_are_those_near_zero_volts() -> None:
    weight = batch(4, 7, seed=1)
    found = on_chip(layers(weight), curved()).diagnostics()["a.weight"]
    np.testing.assert_allclose(found, weight, atol=1e-5)


def test_the_curve_follows_the_present_conductance() -> None:
    """Check eq:conduction-cubic in a read: of pairs it is a factor of the weight, drifted or rewritten."""
    drift = {"mean": {"shape": "polynomial", "coefficients": [0.1]}, "std": {"shape": "polynomial",
             "coefficients": [0.02]}}  # fmt: skip
    program = on_chip(layers(batch(4, 7, seed=1)), curved(CUBIC, drift=drift, conductance={"g_min": 0.0}))
    q = batch(9, 7).astype(np.float64)
    for change in (lambda: None, lambda: program.advance(1e5),
                   lambda: program.write({"a.weight": np.full((4, 7), 0.2, np.float32)})):  # fmt: skip
        change()
        held = program.diagnostics()["a.weight"].T.astype(np.float64)
        seen = program.run(q.astype(np.float32)).output[0]
        np.testing.assert_allclose(seen, (q - 0.25 * q**3) @ held, atol=2e-5)


@pytest.mark.parametrize("noise", [WHITE, {"one_over_f": {"q": FLAT}}, {"device_noise": {"sigma": FLAT}}])
def test_noise_stays_as_it_is(noise: dict[str, Any]) -> None:
    """A curve is no noise: the same draws on top of it, at every pass but a quiet one."""
    x, probe = batch(70, 7), Probe(3, quiet_passes=(0,))
    bent, straight = (
        on_chip(layers(batch(5, 7, seed=1)), on).run(x, probe).output
        for on in (curved(**noise, quiet="chip"), curved({**CUBIC, "a": 0.0}, **noise, quiet="chip"))
    )
    np.testing.assert_allclose(bent[1:] - bent[0], straight[1:] - straight[0], atol=2e-5)
    assert np.abs(bent[0] - straight[0]).max() > 0.05
    assert not np.array_equal(bent[1], bent[2])
    assert curved(**noise).observability() == kind(conductance={}, **noise).observability()


def test_passes_without_noise_are_equal() -> None:
    x, kinds = batch(70, 7), (curved(), curved(**WHITE, quiet="chip"))
    still, white = (on_chip(layers(batch(5, 7, seed=1)), on) for on in kinds)
    first, second = still.run(x, Probe(2)).output
    assert np.array_equal(first, second)
    np.testing.assert_allclose(white.run(x, Probe(2, quiet_passes=(1,))).output[1], first, atol=1e-6)


def test_one_bit_at_a_time_sees_one_voltage() -> None:
    """A bit-serial input of one sign is linear: each device counts as it conducts at ``v_read``."""
    x, weight = np.abs(batch(20, 7)), batch(4, 7, seed=1)
    bitwise = {"dac": kind(dac={"bits": 8, "range": 1.0, "slice_bits": 1}).dac}
    program = on_chip(layers(weight), curved().model_copy(update=bitwise))
    linear = (np.rint(x * 127) / 127) @ program.read_weights()["a.weight"].T
    np.testing.assert_allclose(program.run(x).output[0], linear, atol=2e-5)
    assert np.abs(on_chip(layers(weight), curved()).run(x).output[0] - linear).max() > 0.02


def test_a_filter_bends_at_every_place() -> None:
    """Check eq:conduction-sum on patches: a convolution is its filter read at each of them."""
    network = Network.cnn("1x5x5-c3k3-4", Stream(3, "network"))
    name = next(iter(network.parameters())).removesuffix(".weight")
    filters = network.parameters()[f"{name}.weight"].reshape(3, 9)
    x = np.abs(batch(4, 25))
    seen = on_chip(network, curved()).run(x, Probe(observe=frozenset({"nodes"}))).nodes[name][0]
    rows = np.stack([x.reshape(4, 5, 5)[:, i : i + 3, j : j + 3].reshape(4, 9)
                     for i in range(3) for j in range(3)])  # fmt: skip
    dense = on_chip(layers(filters), curved())
    expected = np.stack([dense.run(each).output[0] for each in rows])
    np.testing.assert_allclose(seen.reshape(4, 3, 9).transpose(2, 0, 1), expected, atol=2e-5)


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"conduction": {**CURVE, "v_read": 0.6}}, r"v_read must be at most 0.5 V, up to which the curves"),
        ({"conduction": {**CUBIC, "v_read": 2.0}}, r"v_read must be at most 1.155 V, where the curr"),
        ({"conduction": {**CURVE, "g_low": 300.0}}, r"g_low must be below g_high = 225.0, not 300.0"),
        ({"dac": None}, r"the voltage that a full-scale input is sent as, and there is no \[dac\] table"),
        ({"conductance": {"unit": "nA"}}, r"conductance.unit must be 'µS', not 'nA'"),
        ({"ir_drop": {"row_resistance": 1.0, "column_resistance": 1.0}}, r"solves a linear circuit"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(tables: dict[str, Any], sentence: str) -> None:
    base = {"name": "t", "kind": "t", "conductance": {}, "dac": FINE, "conduction": CURVE}
    merged = {key: value for key, value in {**base, **tables}.items() if value is not None}
    with pytest.raises(InputError, match=sentence):
        substrate.parse(merged)
