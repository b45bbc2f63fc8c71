"""The bench: what it writes is complete and consistent. Nothing here looks at how fast anything is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from hwnoise.backends.emulator.read import TILE, aligned_empty, noisy_product
from hwnoise.backends.emulator.threads import one_blas_thread
from hwnoise.bench import __main__ as command
from hwnoise.bench import cold, draws, pcm, peers, reads, table, training
from hwnoise.bench.timing import Case, Parts, Row, Work, compare, in_turn, limited, measure
from hwnoise.errors import InputError
from hwnoise.kernels import read_noise

KEYS = {"name", "ours", "reference", "ratio", "low", "high"}


def check(rows: list[Row]) -> None:
    assert rows
    for row in rows:
        assert row.ours > 0
        assert row.reference > 0
        assert row.ratio == pytest.approx(row.ours / row.reference)
        assert row.low <= row.ratio <= row.high
        assert row.parts
        assert min(row.parts.values()) > 0


def spin(rounds: int) -> Work:
    return lambda: sum(range(rounds))


def test_a_case_gives_one_row_for_each_reference() -> None:
    parts = {"a": spin(50), "b": spin(100), "unused": pytest.fail}
    case = Case("work", lambda: (spin(200), parts), {"": ("a", "b"), ", to a": ("a",)}, limit=9, note="sums")
    both, one = measure(case, 0, least=11)
    check([both, one])
    assert (both.name, one.name) == ("work", "work, to a")
    assert (both.limit, one.limit) == (9, None)
    assert (both.note, one.note) == ("sums", "a")
    assert set(both.parts) == {"a", "b"}
    assert both.repetitions == 11
    assert both.ours == one.ours


def test_works_are_called_in_turn_and_in_alternating_order() -> None:
    calls: list[str] = []
    works = [lambda name=name: calls.append(name) for name in "ab"]
    assert in_turn(works, 0, 4).shape == (2, 4)
    assert "".join(calls) == "ab" + "abba" * 2


def test_the_interval_holds_the_ratio_and_narrows_with_repetitions(rng: np.random.Generator) -> None:
    widths = []
    for count in (3, 10, 1000):
        ours, reference = 2 * rng.lognormal(0, 0.1, count), rng.lognormal(0, 0.1, count)
        ratio, low, high = compare(ours, reference)
        assert low <= ratio <= high
        assert compare(ours, reference) == (ratio, low, high)
        widths.append(high - low)
    assert low < 2 < high
    assert widths[2] < widths[1]


def test_one_disturbed_repetition_moves_nothing() -> None:
    times = np.ones(99)
    times[40] = 1000
    assert compare(times, np.ones(99)) == (1, 1, 1)


def test_threads_are_limited_while_timing_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in (None, "3"):
        if before is None:
            monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
        else:
            monkeypatch.setenv("NUMBA_NUM_THREADS", before)
        with limited(2):
            assert os.environ["NUMBA_NUM_THREADS"] == "2"
        assert os.environ.get("NUMBA_NUM_THREADS") == before


def test_all_rows_are_there_once() -> None:
    names = [name for case in command.every_case() for name in case.names]
    assert len(names) == len(set(names))
    for shape in ("784x256", "1024x1024"):
        for batch in (1, 32, 256):
            assert f"noisy read {shape} batch {batch}" in names
            assert f"noisy read {shape} batch {batch}, to one product" in names
        for batch in (64, 256):
            assert f"pcm read {shape} batch {batch}" in names
    for start in ("Gaussian fill", "Philox words", "training step", "hwnoise --help", "import of"):
        assert any(name.startswith(start) for name in names), start


def test_the_reads_that_the_project_promises_have_their_limit() -> None:
    limits = {case.name: case.limit for case in reads.cases() if case.threads == 1}
    assert set(limits.values()) == {1.15}


SMALL: dict[str, Callable[[], tuple[Work, Parts]]] = {
    "read": lambda: reads.prepare((24, 8), 3),
    "vector": lambda: reads.prepare((24, 8), 1),
    "threads": lambda: reads.prepare_parallel((24, 8), 5),
    "pcm": lambda: pcm.prepare((24, 8), TILE),
    "gaussian": draws.prepare_gaussian,
    "words": draws.prepare_words,
    "training": training.prepare,
    "cold": lambda: cold.prepare("pass"),
}


@pytest.mark.parametrize("name", SMALL)
def test_every_kind_of_case_can_be_timed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "SHAPE", (3, 64))
    ours, parts = SMALL[name]()
    check(measure(Case(name, lambda: (ours, parts), {"": tuple(parts)}), 0, least=2))


def test_reads_out_of_cache_take_the_next_array_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reads.FAR, (24, 8), 3)
    made: list[int] = []

    def view(shape: tuple[int, int], number: int) -> SimpleNamespace:
        made.append(number)
        return SimpleNamespace(number=number, weight=np.ones(shape), fresh=np.ones(shape))

    monkeypatch.setattr(reads, "white_view", view)
    seen: list[object] = []
    monkeypatch.setattr(reads, "noisy_product", lambda view, *rest: seen.append(view.number))
    ours, parts = reads.prepare_far((24, 8))
    ours()
    for work in parts.values():
        work()
    ours()
    assert made == [0, 1, 2]
    assert seen == [0, (1 + len(parts) - 1) % 3]  # the fill needs no array


def test_what_is_timed_reads_what_its_parts_compute() -> None:
    view = reads.white_view((96, 40))
    x, y = reads.inputs_and_outputs((96, 40), 200)
    noisy_product(view, x, 0, y)
    assert view.fresh is not None
    spread = np.sqrt(x**2 @ view.fresh)
    z = (y - x @ view.weight) / spread
    assert abs(z.mean()) < 0.06  # 8000 draws: five standard errors
    assert abs(z.std() - 1) < 0.04


def test_a_vector_read_in_one_call_has_the_bits_of_its_parts() -> None:
    view = reads.white_view((96, 40))
    assert view.fresh is not None
    x, whole = reads.inputs_and_outputs((96, 40), 1)
    read_noise.read_vector(x, view.weight, view.fresh, view.read_key, np.uint64(7), whole)
    mean, variance = np.empty((2, 1, 40), np.float32)
    read_noise.product_and_variance(x[0], view.weight, view.fresh, mean[0], variance[0])
    read_noise.add_output_noise(view.read_key, np.uint64(7), variance, mean)
    np.testing.assert_array_equal(whole, mean)


@pytest.mark.parametrize("shape", [7, (3, 5), (784, 256)])
def test_aligned_arrays_begin_at_a_cache_line(shape: int | tuple[int, ...]) -> None:
    found = aligned_empty(shape)
    assert found.shape == np.empty(shape).shape
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    assert found.ctypes.data % 64 == 0


@pytest.mark.parametrize("rows", [64, 100, 128, 129, 300])
def test_tiles_give_the_same_bits_on_any_number_of_threads(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = reads.white_view((200, 96))
    x, y = reads.inputs_and_outputs((200, 96), rows)
    monkeypatch.setattr("hwnoise.backends.emulator.read.PARALLEL_FROM", 0)
    found = []
    for threads in (1, 2, 3):
        with limited(threads), one_blas_thread():
            noisy_product(view, x, 5, y)
        found.append(y.tobytes())
    assert len(set(found)) == 1


def test_the_command_writes_complete_json_and_a_table(tmp_path: Path) -> None:
    out = tmp_path / "build" / "bench.json"
    arguments = ["--quick", "--only", "words", "--out", str(out)]
    app = command.app()
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0
    rows = json.loads(out.read_text(encoding="utf-8"))
    assert len(rows) == 3
    for row in rows:
        assert row.keys() >= KEYS
        assert row["low"] <= row["ratio"] <= row["high"]
        assert "words" in row["name"]
        assert row["name"] in shown.stdout
    printed = CliRunner().invoke(app, [*arguments, "--json"])
    assert [row["name"] for row in json.loads(printed.stdout)] == [row["name"] for row in rows]


def test_a_pattern_chooses_cases() -> None:
    assert [case.name for case in command.select("^pcm read 784x256 batch 64$")] == [
        "pcm read 784x256 batch 64"
    ]
    with pytest.raises(InputError, match="'no such row' matches none"):
        command.select("no such row")
    with pytest.raises(InputError, match=r"'\(' is not a regular expression"):
        command.select("(")


def test_further_references_stand_below_their_case() -> None:
    rows = [Row(name, 2e-3, 1e-3, 2, 1.5, 2.5, limit=1.15) for name in ("a", "a, to b", "ab", "c, to b")]
    console = Console(width=150)
    with console.capture() as shown:
        console.print(table.table(rows))
    lines = shown.get().splitlines()
    assert [line[:11].rstrip() for line in lines if "2.00 ms" in line] == [
        "  a",
        "      to b",
        "  ab",
        "  c, to b",
    ]


def test_peers_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    assert peers.missing() == ["torch", "aihwkit_lightning"]
    assert list(peers.cases()) == []
    monkeypatch.setattr(peers, "find_spec", lambda name: object())
    assert peers.missing() == []
    assert all("read" in name for case in peers.cases() for name in case.names)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot make the folder"):
        table.save([], tmp_path / "file" / "bench.json")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.3456, "12.3 s"), (0.0123, "12.3 ms"), (0.001, "1.00 ms"), (4.2e-4, "420 µs"), (2e-8, "0.02 µs")],
)
def test_durations_have_three_digits(seconds: float, text: str) -> None:
    assert table.duration(seconds) == text
