"""Chips to keep: named, saved mid-drift, cloned, and made of measured conductances."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from hwnoise import chips, substrate
from hwnoise.chips import NamedChip
from hwnoise.chips.measured import columns_of, conductances
from hwnoise.errors import InputError, MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.tensors import read_arrays, write_arrays

KINDS = ("pcm", "cmo", "sonos", "wan", "ecram", "smtj")
NETWORK = Network.mlp("6-5-3", Stream(1))
X = np.random.default_rng(0).random((9, 6)).astype(np.float32)


def lived(name: str = "pcm") -> NamedChip:
    """A chip that was read, written and left to drift for odd times."""
    chip = chips.make(NETWORK, substrate.load(name), Stream(7, "lab"), name="A7", headroom=1.5)
    chip.program.run(X)
    chip.program.advance(1.2345)
    chip.program.write({"hidden1.weight": np.full((5, 6), 0.1), "readout.bias": np.ones(3)})
    chip.program.advance(1000.0)
    return chip


def assert_go_on_alike(*kept: NamedChip) -> None:
    """All give the same bits, read after read, also after more time and another write."""
    for _ in range(3):
        outputs = [chip.program.run(X).output for chip in kept]
        assert all((output == outputs[0]).all() for output in outputs)
        for chip in kept:
            chip.program.advance(12.3)
            chip.program.write({"readout.weight": np.full((3, 5), -0.05)})


@pytest.mark.parametrize("name", KINDS)
def test_a_saved_chip_goes_on_bit_for_bit_in_the_midst_of_its_drift(name: str, tmp_path: Path) -> None:
    chip = lived(name)
    chips.save(tmp_path / "a.safetensors", chip)
    found = chips.load(tmp_path / "a.safetensors")
    assert (found.name, found.network, found.substrate) == ("A7", NETWORK, chip.substrate)
    assert_go_on_alike(chip, found, chip.clone("B"))


def test_a_clone_goes_its_own_way() -> None:
    chip = lived()
    twin = chip.clone("twin")
    assert (twin.name, chip.name) == ("twin", "A7")
    twin.program.write({"readout.bias": np.ones(3)})
    assert (chip.program.diagnostics()["readout.bias"] == 1).all()  # type: ignore[attr-defined]
    assert (twin.program.diagnostics()["readout.bias"] == 2).all()  # type: ignore[attr-defined]


def test_any_reader_of_safetensors_can_look_into_the_file(tmp_path: Path) -> None:
    chips.save(tmp_path / "a.safetensors", lived())
    with safe_open(tmp_path / "a.safetensors", framework="numpy") as file:
        assert "state/layers/hidden1/g" in file.keys()  # noqa: SIM118 - no mapping
        assert file.get_tensor("state/layers/hidden1/g").shape == (2, 30)


def test_the_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    chips.save(path, lived())
    before = path.read_bytes()
    odd = lived()
    odd.about = {"task": object()}
    with pytest.raises(InputError, match="chip 'A7' cannot be saved: its options or notes are no JSON"):
        chips.save(path, odd)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_chip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(InputError, match="no such file"):
        chips.load(path)
    write_arrays(path, {"x": np.zeros(3)})
    with pytest.raises(InputError, match="no chip, it has no 'format'"):
        chips.load(path)
    chips.save(path, lived())
    arrays, record = read_arrays(path)
    write_arrays(path, arrays, record | {"format": 99})
    with pytest.raises(InputError, match="a chip of format 99, and this version reads 1"):
        chips.load(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="damaged"):
        chips.load(path)


def test_a_chip_that_keeps_its_state_to_itself_cannot_be_saved(tmp_path: Path) -> None:
    chip = lived()
    chip.program.capabilities = chip.program.capabilities.__class__(checkpoint=False)
    with pytest.raises(MismatchError, match="keeps its state to itself"):
        chips.save(tmp_path / "a.safetensors", chip)


def write_csv(path: Path, chip: NamedChip) -> list[list[str]]:
    device = chip.substrate.conductance
    assert device is not None
    columns, g = columns_of(device), conductances(chip)
    rows = [["layer", "row", "col", *columns]]
    for layer in ("hidden1", "readout"):
        for i, j in np.ndindex(g[f"{layer}.{columns[0]}"].shape):
            rows.append([layer, str(i), str(j), *(repr(float(g[f"{layer}.{c}"][i, j])) for c in columns)])
    save_rows(path, rows)
    return rows


def save_rows(path: Path, rows: list[list[str]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


@pytest.mark.parametrize("name", ["pcm", "cmo"])
def test_measured_conductances_make_the_chip_that_they_were_measured_on(name: str, tmp_path: Path) -> None:
    """By mapping, NPZ and CSV: the same devices, and so the same weights."""
    kind = substrate.load(name)
    lab = chips.make(NETWORK, kind, Stream(7))
    write_csv(tmp_path / "g.csv", lab)
    np.savez(tmp_path / "g.npz", **conductances(lab))
    wanted = lab.program.diagnostics()  # type: ignore[attr-defined]
    for given in (conductances(lab), tmp_path / "g.csv", str(tmp_path / "g.npz")):
        made = chips.from_conductances(kind, NETWORK, given, Stream(7), name="from the lab")
        assert made.name == "from the lab"
        for key, value in made.program.diagnostics().items():  # type: ignore[attr-defined]
            assert (value == wanted[key]).all()


@pytest.mark.parametrize(
    ("network", "lines"),
    [
        (Network.spiking("6-5-3", Stream(3, "network")), (6, 5)),
        (Network.cnn("1x8x8-c4k3-p2-5", Stream(3, "network")), (9, 4)),
    ],
    ids=["spiking", "filters"],
)
def test_any_network_can_be_put_on_measured_devices(network: Network, lines: tuple[int, int]) -> None:
    kind = substrate.load("pcm")
    given = conductances(chips.make(network, kind, Stream(7)))
    assert next(iter(given.values())).shape == lines
    again = conductances(chips.from_conductances(kind, network, given, Stream(8)))
    assert all((again[key] == g).all() for key, g in given.items())


def test_reference_columns_are_in_no_table() -> None:
    kind = substrate.load("wan", {"conductance.mapping": "offset_column"})
    given = conductances(chips.make(NETWORK, kind, Stream(7)))
    assert {key: g.shape for key, g in given.items()} == {"hidden1.g": (6, 5), "readout.g": (5, 3)}
    again = conductances(chips.from_conductances(kind, NETWORK, given, Stream(8)))
    assert all((again[key] == g).all() for key, g in given.items())


def test_two_arrays_are_in_no_table() -> None:
    kind = substrate.load("rram_dual")
    given = conductances(chips.make(NETWORK, kind, Stream(7)))
    with pytest.raises(MismatchError, match="holds weights on two arrays, and a table is of one"):
        chips.from_conductances(kind, NETWORK, given, Stream(7))


def test_another_stream_ages_the_same_conductances_otherwise() -> None:
    kind = substrate.load("pcm", {"one_over_f": "off"})
    lab = chips.make(NETWORK, kind, Stream(7))
    made = chips.from_conductances(kind, NETWORK, conductances(lab), Stream(8))
    for seconds, alike in ((0.0, True), (1e6, False)):
        first, second = (c.program for c in (lab, made))
        for program in (first, second):
            program.advance(seconds)
        weights = [p.diagnostics()["hidden1.weight"] for p in (first, second)]  # type: ignore[attr-defined]
        assert np.allclose(*weights, atol=1e-6) == alike


def test_devices_of_a_weight_have_names() -> None:
    named = {name: columns_of(substrate.load(name).conductance) for name in ("pcm", "cmo")}  # type: ignore[arg-type]
    assert named == {"pcm": ("g_plus", "g_minus"), "cmo": ("g",)}
    double = substrate.load("pcm", {"conductance.devices": 2}).conductance
    assert double is not None
    assert columns_of(double) == ("g_0", "g_1", "g_2", "g_3")


@pytest.mark.parametrize(
    ("key", "matrix", "sentence"),
    [
        (
            "hidden1.g_plus",
            np.full((6, 5), -1.0),
            r"hidden1, g_plus, row 0, col 0: .* from 0 to 250 µS, not -1",
        ),
        ("hidden1.g_plus", np.full((6, 5), np.nan), "not nan"),
        ("hidden1.g_plus", np.ones((5, 6)), r"shape \(6, 5\) \(input lines, outputs\), not float64 \(5, 6\)"),
        ("hidden1.g_plus", np.full((6, 5), "x"), "must be numbers"),
        ("hidden1.g_plus", None, "there is no 'hidden1.g_plus'"),
        ("hidden9.g_plus", np.ones((6, 5)), "'hidden9.g_plus' is none of hidden1.g_plus, "),
    ],
)
def test_bad_matrices_get_one_sentence(key: str, matrix: Any, sentence: str) -> None:
    kind = substrate.load("pcm")
    given = conductances(chips.make(NETWORK, kind, Stream(7)))
    given = {k: v for k, v in (given | {key: matrix}).items() if v is not None}
    with pytest.raises(InputError, match=sentence):
        chips.from_conductances(kind, NETWORK, given, Stream(7))


@pytest.mark.parametrize(
    ("line", "cells", "sentence"),
    [
        (
            0,
            ["layer", "row", "col", "g"],
            "the first line must be layer,row,col,g_plus,g_minus, not layer,row,col,g$",
        ),
        (3, ["hidden1", "0", "0", "1", "2"], "line 4: cell 0,0 of hidden1 is given a second time"),
        (
            3,
            ["hidden2", "0", "0", "1", "2"],
            "line 4: the network has no layer 'hidden2', only hidden1, readout",
        ),
        (3, ["hidden1", "6", "0", "1", "2"], "line 4: row must be a whole number from 0 to 5, not '6'"),
        (3, ["hidden1", "0", "2", "one", "2"], "line 4: g_plus must be a finite number, not 'one'"),
        (3, ["hidden1", "0", "2", "1"], "line 4: g_minus must be a finite number, not ''"),
        (45, [], "no g_plus for cell 4,2 of readout"),
    ],
)
def test_bad_lines_of_csv_get_one_sentence(
    line: int, cells: list[str], sentence: str, tmp_path: Path
) -> None:
    kind = substrate.load("pcm")
    rows = write_csv(tmp_path / "g.csv", chips.make(NETWORK, kind, Stream(7)))
    rows[line] = cells
    save_rows(tmp_path / "g.csv", rows)
    with pytest.raises(InputError, match=sentence):
        chips.from_conductances(kind, NETWORK, tmp_path / "g.csv", Stream(7))


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    kind = substrate.load("pcm")
    (tmp_path / "g.npz").write_bytes(b"no zip")
    (tmp_path / "g.csv").write_bytes(b"\xff\xfe\x00")
    for name, sentence in {
        "g.txt": "come as a .csv or .npz file",
        "none.csv": "no such file",
        "none.npz": "no such file",
        "g.npz": "not a readable NPZ file",
        "g.csv": "not a text file",
    }.items():
        with pytest.raises(InputError, match=sentence):
            chips.from_conductances(kind, NETWORK, tmp_path / name, Stream(7))


def test_digital_weights_are_no_conductances() -> None:
    with pytest.raises(MismatchError, match="'smtj' holds no conductances"):
        chips.from_conductances(substrate.load("smtj"), NETWORK, {}, Stream(1))
