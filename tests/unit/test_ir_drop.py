"""Resistive wires: the circuit against Kirchhoff's law and another solver, the ladder against the circuit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import oracles_array as oracles
import pytest
from numpy.typing import NDArray

from hwnoise.devices.ir_drop import IrDrop, circuit, ladder
from hwnoise.kernels.ir_drop import analytic_strength, follow_wires, subtract_analytic_drop

Floats = NDArray[np.float64]
G_MAX = 25e-6  # S

# Output currents [µA] of badcrossbar 1.1.0 (D. Joksas, A. Mehonic, SoftwareX 12:100617, 2020) for the
# pattern below. Frozen: it imports a drawing library that has to be compiled.
BADCROSSBAR = {
    (1, 1, 50.0, 70.0): [-29.64426877470356],
    (3, 2, 20.0, 35.0): [28.602218475529842, -92.33891286425998],
    (2, 4, 1.0, 0.5): [29.97150222247979, -99.70995539749552, 19.99576602664578, -109.50090146184291],
    (16, 12, 2.0, 3.0): [
        *(-21.93191445666596, -131.34585025150395, 57.277118444687154, -93.52751693596373),
        *(59.1274361535448, -21.247647131911652, -128.27156720482947, 56.20921709710509),
        *(-91.82665353022101, 58.4277621627232, -20.844564356879633, -127.06135654641021),
    ],
}


def pattern(rows: int, columns: int) -> tuple[Floats, Floats]:
    """Voltages [V] and conductances [S] without symmetry, from integers."""
    i, j = np.mgrid[:rows, :columns]
    return (5 * np.arange(rows) % 7 - 3) / 10, (1 + (7 * i + 3 * j) % 5) * 1e-4


def relative_error(found: Floats, exact: Floats) -> float:
    return float(np.sqrt(np.square(found - exact).mean() / np.square(exact).mean()))


@pytest.mark.parametrize("size", BADCROSSBAR)
def test_the_circuit_is_that_of_another_solver(size: tuple[int, int, float, float]) -> None:
    """Check eq:kirchhoff against frozen results of badcrossbar, and our oracle with it."""
    rows, columns, along, down = size
    voltage, g = pattern(rows, columns)
    for current in (voltage @ circuit(g, along, down), oracles.crossbar(voltage[None], g, along, down)[0]):
        np.testing.assert_allclose(1e6 * current, BADCROSSBAR[size], rtol=1e-11)
    if rows > 1:
        swapped = voltage @ circuit(g, down, along)
        assert relative_error(1e6 * swapped, np.array(BADCROSSBAR[size])) > 1e-4


@pytest.mark.parametrize(("along", "down"), [(1.0, 1.0), (3.0, 0.2), (0.2, 30.0)])
def test_elimination_solves_the_nodal_equations(rng: np.random.Generator, along: float, down: float) -> None:
    """Check eq:elimination against eq:kirchhoff on all 2 x 24 x 40 nodes."""
    g, voltage = rng.uniform(0, G_MAX, (24, 40)), rng.uniform(-1, 1, (3, 24))
    np.testing.assert_allclose(
        voltage @ circuit(g, along, down), oracles.crossbar(voltage, g, along, down), rtol=1e-9
    )


@pytest.mark.parametrize("resistance", [0.0, 1.0, 1e3])
def test_a_wire_alone_is_exact(rng: np.random.Generator, resistance: float) -> None:
    """Check eq:ladder against a dense solution, wire by wire."""
    g = rng.uniform(0, G_MAX, (30, 3)) * rng.integers(0, 2, (30, 3))
    out = np.empty_like(g)
    follow_wires(g, resistance, out)
    wanted = (
        np.ones_like(g)
        if resistance == 0
        else np.stack([oracles.wire_voltage(w, resistance) for w in g.T], 1)
    )
    np.testing.assert_allclose(out, wanted, rtol=1e-12)


def test_the_ladder_is_exact_where_one_kind_of_wire_is_ideal(rng: np.random.Generator) -> None:
    """Check eq:ir-drop against eq:kirchhoff at its ends: nothing is exchanged between wires."""
    g = rng.uniform(0, G_MAX, (40, 30))
    assert np.array_equal(ladder(g, 0.0, 0.0), g)
    np.testing.assert_allclose(circuit(g, 0.0, 0.0), g, rtol=1e-15)
    for along, down in ((20.0, 0.0), (0.0, 20.0)):
        np.testing.assert_allclose(ladder(g, along, down), circuit(g, along, down), rtol=1e-12)


def spread_evenly(rng: np.random.Generator, n: int) -> Floats:
    return rng.uniform(0, G_MAX, (n, n))


def on_the_far_half(rng: np.random.Generator, n: int) -> Floats:
    g = rng.uniform(0, G_MAX, (n, n))
    g[n // 2 :] = 0  # the sensed ends are below
    return g


@pytest.mark.parametrize(("place", "bound"), [(spread_evenly, 0.013), (on_the_far_half, 0.35)])
@pytest.mark.parametrize("resistance", [0.7, 3.0, 10.0])
def test_the_ladder_keeps_its_stated_error(
    rng: np.random.Generator, place: Callable[..., Floats], bound: float, resistance: float
) -> None:
    """Check eq:ir-drop: the relative error is at most ``bound`` times the squared loss (eq:ir-drop-loss)."""
    g, n = place(rng, 64), 64
    loss = g.mean() * resistance * n * n
    exact = circuit(g, resistance, resistance)
    for low in (0, -1):
        x = rng.uniform(low, 1, (64, n))
        error = relative_error(x @ ladder(g, resistance, resistance), x @ exact)
        assert error <= bound * loss**2
        assert error <= relative_error(x @ g, x @ exact) / 20


def test_leaving_the_exchange_out_is_noticed(rng: np.random.Generator) -> None:
    """Check eq:ir-drop: without what wires exchange, and with the wrong end sensed, the bound breaks."""
    g, n, r = spread_evenly(rng, 64), 64, 3.0
    exact, x = circuit(g, r, r), rng.uniform(0, 1, (64, n))
    bound = 0.013 * (g.mean() * r * n * n) ** 2
    alone = ladder(g, r, 0.0) * ladder(g, 0.0, r) / g
    upside_down = ladder(g[::-1], r, r)[::-1]
    for mutant in (alone, upside_down):
        assert relative_error(x @ mutant, x @ exact) > bound


def test_the_effect_works_per_plane_in_microsiemens(rng: np.random.Generator) -> None:
    """Check eq:ir-drop through the effect: separate planes do not see each other, interleaved ones do."""
    g = rng.uniform(0, 25, (2, 20, 16)).astype(np.float32)
    apart = IrDrop(row_resistance=5.0, column_resistance=8.0).effective(g)
    np.testing.assert_allclose(apart[1], 1e6 * ladder(g[1].astype(np.float64) * 1e-6, 5.0, 8.0), rtol=1e-6)
    together = IrDrop(row_resistance=5.0, column_resistance=8.0, layout="interleaved").effective(g)
    woven = np.empty((20, 32))
    woven[:, ::2], woven[:, 1::2] = g
    np.testing.assert_allclose(together[1], 1e6 * ladder(woven * 1e-6, 5.0, 8.0)[:, 1::2], rtol=1e-6)
    exact = IrDrop(row_resistance=5.0, column_resistance=8.0, method="circuit").effective(g)
    assert exact.dtype == np.float32
    np.testing.assert_allclose(exact, apart, atol=1e-3)


@pytest.mark.parametrize(("n", "load", "wanted"), [(512, 50, 0.022003), (1024, 100, 0.083465)])
def test_analytic_strength(n: int, load: float, wanted: float) -> None:
    """Check eq:ir-drop-analytic: the published values of c, with 0.35 ohm per cell and 5 µS devices."""
    assert analytic_strength(n * load * 0.35 * 5e-6) == pytest.approx(wanted, abs=5e-7)


def test_the_analytic_drop_is_right_to_first_order_at_full_scale() -> None:
    """Check eq:ir-drop-analytic against eq:kirchhoff: all inputs 1, all devices alike, ideal input lines."""
    n, r = 200, 0.05
    weight, ones = np.full((n, 3), 0.5, np.float32), np.ones((1, n), np.float32)
    y = ones @ weight
    exact = ones @ circuit(G_MAX * weight[::-1].astype(np.float64), 0.0, r) / G_MAX
    before = relative_error(y, exact)
    subtract_analytic_drop(ones, weight, 1 / (r * G_MAX), 1.0, y)
    assert 0.005 < before < 0.02
    assert relative_error(y, exact) < 0.02 * before


def test_the_ladder_is_closer_than_the_analytic_drop(rng: np.random.Generator) -> None:
    """Check eq:ir-drop and eq:ir-drop-analytic on random weights and inputs, both kinds of wire resistive."""
    n, r = 64, 3.0
    weight, x = rng.uniform(0, 1, (n, n)), rng.uniform(0, 1, (16, n))
    exact = x @ circuit(G_MAX * weight, r, r) / G_MAX
    y, near = (x @ weight).astype(np.float32), x[:, ::-1].astype(np.float32)
    subtract_analytic_drop(near.copy(), weight[::-1].astype(np.float32), 1 / (r * G_MAX), 1.0, y)
    error = relative_error(x @ ladder(G_MAX * weight, r, r) / G_MAX, exact)
    assert error < relative_error(y, exact) / 100
