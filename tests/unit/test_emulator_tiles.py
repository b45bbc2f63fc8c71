"""Layers larger than an array: tiles, their converters, and the wires within them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles_array import crossbar
from tiny import KNOWN, PAIRS, PCM, Array, assert_same_bits, batch, chip, kind, layers, on_chip

from hwnoise import Stream, substrate, toml
from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.devices.mismatch import ConverterMismatch
from hwnoise.errors import InputError
from hwnoise.substrate import Substrate
from hwnoise.testing import assert_gaussian_std, assert_rejects, assert_uncorrelated, draws_for_sigma

NODES = frozenset({"nodes"})
OHM = 2.0
WIRES = {"row_resistance": OHM, "column_resistance": OHM, "method": "circuit"}
ALL_OF_IT: dict[str, Any] = {
    "tile.rows": 10, "tile.columns": 7, "ir_drop.row_resistance": 1.0, "ir_drop.column_resistance": 1.0,
    "converter_mismatch.gain": 0.05, "converter_mismatch.offset": 0.01, "adc.rounding": "stochastic",
}  # fmt: skip
FULL = substrate.load("pcm", ALL_OF_IT)


def tiled(on: Substrate, rows: int, columns: int = 4, **tables: Any) -> Substrate:
    """The kind ``on`` with arrays of this size, and ``tables`` beside."""
    table = {**on.model_dump(mode="json", exclude_none=True), **tables}
    return substrate.parse({**table, "tile": {"rows": rows, "columns": columns}})


def weights(n_in: int, n_out: int) -> Array:
    return Stream(6, "weights").generator().uniform(-1, 1, (n_out, n_in)).astype(np.float32)


# Without noise


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (7, 4), (10, 9), (19, 3), (20, 20), (64, 64)])
@pytest.mark.parametrize("on", [PAIRS, kind()], ids=["devices", "digital"])
def test_tiles_alone_change_nothing(on: Substrate, rows: int, columns: int) -> None:
    """Check eq:partial-sums: ragged or not, in any order of passes, biases once."""
    whole, split = chip(on, "20-9-5"), chip(tiled(on, rows, columns), "20-9-5")
    for program in (whole, split):
        program.write({"hidden1.bias": np.full(9, 0.3, np.float32)})
    for probe in (Probe(1), Probe(2, "interleaved"), Probe(3, "batch")):
        expected = whole.run(batch(30, 20), probe).output
        np.testing.assert_allclose(split.run(batch(30, 20), probe).output, expected, rtol=1e-6, atol=1e-6)
    for name, values in whole.read_weights().items():
        np.testing.assert_allclose(split.read_weights()[name], values, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("on", [PCM, KNOWN], ids=lambda s: s.name)
def test_a_layer_that_fits_reads_the_same_bits(on: Substrate) -> None:
    programs = chip(on), chip(tiled(on, 6, 5))
    readings = [program.run(batch(300), Probe(2, "batch", observe=NODES)) for program in programs]
    assert_same_bits(*(reading.nodes for reading in readings))
    assert_same_bits(*(program.read_weights() for program in programs))


def test_tiles_are_counted() -> None:
    program = chip(tiled(PAIRS, 8, 4), "20-9-5")
    program.run(batch(10, 20))
    assert program.events["conversions_in"] == 10 * (20 * 3 + 9 * 2)
    assert program.events["conversions_out"] == 10 * (9 * 3 + 5 * 2)
    assert program.events["multiplications"] == 10 * (20 * 9 + 9 * 5)
    assert program.tiles["hidden1"].utilisation == pytest.approx(20 * 9 / (9 * 8 * 4))
    assert len(chip(PAIRS).tiles["hidden1"].tiles) == 1


# Converters


@pytest.mark.parametrize("rows", [7, 20])
def test_every_row_of_tiles_has_converters_of_its_own(rows: int) -> None:
    """Check eq:partial-sums and eq:converter-mismatch value by value; mutant: one gain for all rows."""
    mismatch = {"gain": 0.1, "offset": 0.05}
    on = tiled(kind(adc={"bits": 6, "range": 4.0}), rows, converter_mismatch=mismatch)
    weight, x = weights(20, 9), batch(50, 20)
    program = on_chip(layers(weight), on)
    starts = range(0, 20, rows)
    stream = Stream(1, "chip/a/converter_mismatch")
    gain, offset = ConverterMismatch(**mismatch).draw(stream, (len(starts), 9))

    def expected(gain: Array) -> Array:
        largest, step = np.abs(weight).max(), 4.0 / 31
        parts = [x[:, s : s + rows] @ weight[:, s : s + rows].T / largest for s in starts]
        seen = [g * part + 4.0 * o for g, part, o in zip(gain, parts, offset, strict=True)]
        return largest * sum(step * np.clip(np.rint(values / step), -31, 31) for values in seen)

    found = program.run(x).output[0]
    assert np.mean(np.abs(found - expected(gain)) > 1e-4) < 0.01  # half-way values may round either way
    assert np.mean(np.abs(found - expected(np.ones_like(gain))) > 1e-4) > 0.3


@pytest.mark.parametrize("rounding", ["nearest", "floor"])
def test_an_adder_as_wide_as_its_converters_clips(rounding: str, rng: np.random.Generator) -> None:
    """Check eq:sum-clip value by value, biases beyond it; mutants: a wide adder, and no code more below 0."""
    on = kind(adc={"bits": 6, "range": 4.0, "rounding": rounding}, dac={"bits": 8})
    weight, x = weights(40, 9), batch(200, 40)
    network = layers(weight)
    narrow, wide = (
        on_chip(network, substrate.parse({**on.model_dump(exclude_none=True), "tile": tile}))
        for tile in ({"rows": 10, "columns": 4, "sums": "clipped"}, {"rows": 10, "columns": 4})
    )
    scale = np.abs(x).max(axis=1, keepdims=True) * np.abs(weight).max() * 4.0 / 31
    codes = wide.run(x).output[0] / scale
    lowest = -32 if rounding == "floor" else -31
    expected = np.clip(codes, lowest, 31)
    bias = np.full(9, 100.0, np.float32)
    narrow.write({"a.bias": bias})
    found = (narrow.run(x).output[0] - bias) / scale
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.mean(np.abs(codes) > 31.5) > 0.01
    assert (expected.min() < -31.5) == (rounding == "floor")


def test_an_adder_clips_where_converters_do() -> None:
    with pytest.raises(InputError, match="and there is no \\[adc\\] table"):
        kind(tile={"rows": 4, "columns": 4, "sums": "clipped"})


def test_node_noise_and_quiet_rows_do_not_multiply() -> None:
    program = on_chip(layers(weights(20, 9)), tiled(KNOWN, 7))
    reading = program.run(batch(40, 20), Probe(2, quiet_passes=(1,), observe=NODES | {"noise"}))
    noisy, quiet = reading.nodes["a"]
    np.testing.assert_allclose(noisy - reading.noise["a"][0], quiet, atol=1e-5)
    np.testing.assert_allclose(quiet, batch(40, 20) @ weights(20, 9).T, atol=1e-5)


# Noise


def test_read_noise_adds_up_over_rows_of_tiles() -> None:
    """Its variance is that of one array; mutant: rows of tiles that share a draw have the sum of sigmas."""
    on = tiled(kind(conductance={}, read_noise={"sigma": 0.1}), 5)
    x = np.ones((draws_for_sigma(0.03) // 4, 20), np.float32)
    y = on_chip(layers(np.ones((4, 20))), on).run(x).output[0]
    sigma = 0.1 * np.sqrt(20)
    assert_gaussian_std(y - 20, sigma)
    assert_rejects(assert_gaussian_std, 2 * (y - 20), sigma)


@pytest.mark.parametrize(
    "on",
    [kind(read_noise={"sigma": 0.1}), substrate.load("pcm", {"programming_noise": "off", "drift": "off"})],
    ids=["fresh", "held"],
)
def test_rows_of_tiles_share_no_stream(on: Substrate) -> None:
    """The same weights, read at the same ticks, on the first and on the second row of tiles."""
    silent = {"dac": None, "adc": None}
    program = tiled(on.model_copy(update=silent), 4, 64)
    one, two = np.zeros((2, 1200, 8), np.float32)
    one[:, :4] = two[:, 4:] = 1
    first, second = (on_chip(layers(np.full((64, 8), 0.5)), program).run(x).output[0] for x in (one, two))
    a, b = ((y - y.mean(axis=0))[::30] for y in (first, second))
    assert_uncorrelated(a, b)
    assert_rejects(assert_uncorrelated, a, b + 0.2 * a)


# Wires


@pytest.mark.parametrize("tile", [None, (20, 9), (7, 4)], ids=str)
@pytest.mark.parametrize("layout", ["separate", "interleaved"])
def test_outputs_are_what_the_circuit_says(tile: tuple[int, int] | None, layout: str) -> None:
    """Check eq:kirchhoff on the chip: tile by tile against a nodal analysis of lines and devices."""
    on = kind(conductance={"g_max": 1000.0}, ir_drop={**WIRES, "layout": layout})
    on = on if tile is None else tiled(on, *tile)
    weight, x = weights(20, 9), batch(10, 20)
    g = np.stack([np.maximum(weight.T, 0), np.maximum(-weight.T, 0)]) * 1e-3 / np.abs(weight).max(axis=1)
    rows, columns = tile or (20, 9)
    expected = np.zeros((10, 9))
    for i in range(0, 20, rows):
        for j in range(0, 9, columns):
            part, lines = g[:, i : i + rows, j : j + columns], x[:, i : i + rows]
            if layout == "separate":
                plus, minus = (crossbar(lines, side, OHM, OHM) for side in part)
            else:
                both = crossbar(lines, part.transpose(1, 2, 0).reshape(len(part[0]), -1), OHM, OHM)
                plus, minus = both[:, ::2], both[:, 1::2]
            expected[:, j : j + columns] += plus - minus
    expected *= np.abs(weight).max(axis=1) / 1e-3
    found = on_chip(layers(weight), on).run(x).output[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert np.abs(found - x @ weight.T).max() > 0.05


def test_a_write_changes_what_the_other_devices_seem_to_conduct() -> None:
    """A view renewed for the written device alone would leave its neighbours as they were."""
    on = kind(conductance={"g_max": 1000.0, "scaling": "layer"}, ir_drop=WIRES)
    program = on_chip(layers(np.full((9, 20), 0.5)), on, headroom=2.0)
    before = program.diagnostics()["a.weight"].copy()
    update = np.zeros((9, 20), np.float32)
    update[0, 0] = 0.5
    program.write({"a.weight": update})
    after = program.diagnostics()["a.weight"]
    assert (after[1:, 0] < before[1:, 0]).all()
    fresh = on_chip(layers(np.full((9, 20), 0.5)), on, headroom=2.0)
    fresh.restore(program.state())
    assert_same_bits(fresh.diagnostics(), program.diagnostics())


def test_dead_lines_end_at_the_edges_of_a_tile() -> None:
    on = tiled(PAIRS, 7, 4, faults={"dead_rows": 1.0})
    array: Any = chip(on, "20-9").layers["readout"].array
    assert array.faults["dead_rows"] == 20 * 3


# All of it


def shown(program: EmulatorProgram) -> dict[str, Array]:
    reading = program.run(batch(150, 30), Probe(2, "batch", observe=NODES))
    program.write({"hidden1.weight": np.full((20, 30), 0.02, np.float32)})
    return {**reading.nodes, **program.read_weights(), **program.state()}


def test_any_number_of_threads_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
        monkeypatch.setattr("hwnoise.backends.emulator.read.PARALLEL_FROM", 0)
        results.append(shown(chip(FULL, "30-20-5")))
    assert_same_bits(*results)


@pytest.mark.parametrize("pause", [0, 300, 5000])
def test_a_chip_goes_on_where_its_state_was_saved(pause: int) -> None:
    first, second = chip(FULL, "30-20-5"), chip(FULL, "30-20-5")
    shown(first)
    first.advance(pause * FULL.clock.read_period)
    second.restore(first.state())
    assert_same_bits(shown(first), shown(second))


def test_it_survives_its_file() -> None:
    assert substrate.parse(toml.tomllib.loads(FULL.to_toml())) == FULL


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"ir_drop": WIRES}, r"ir_drop acts on conductances, and there is no \[conductance\]"),
        ({"converter_mismatch": {"gain": 0.1}}, r"output converters, and there is no \[adc\]"),
        ({"tile": {"rows": 4}}, "tile.columns is missing"),
        ({"tile": {"rows": 0, "columns": 4}}, "tile.rows must be >= 1, not 0"),
    ],
)
def test_what_acts_on_nothing_is_refused(tables: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        kind(**tables)
