"""What the commands print and how they leave; bad input has a file of its own."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwnoise import doctor, training
from hwnoise.cli import app, main, output
from hwnoise.errors import MismatchError

Capture = pytest.CaptureFixture[str]
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def ask(words: str, capsys: Capture, code: int = 0) -> Any:
    """The one JSON value that ``hwnoise <words> --json`` prints."""
    assert main([*words.split(), "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run on the smallest task."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    assert main(f"train --task xor --epochs 2 --seed 3 --quiet --out {folder}".split()) == 0
    return folder


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("devices", {"name", "kind", "source", "observability"}),
        ("learners", {"name", "needs", "source"}),
        ("backends", {"name", "available", "install"}),
        ("tasks", {"name", "samples", "features", "classes", "source"}),
        ("cite", {"name", "source"}),
    ],
)
def test_lists_are_lists_of_objects(words: str, keys: set[str], capsys: Capture) -> None:
    rows = ask(words, capsys)
    assert rows
    assert all(keys <= row.keys() for row in rows)


@pytest.mark.parametrize("words", ["devices", "learners", "backends", "tasks"])
def test_quiet_lists_are_bare_names(words: str, capsys: Capture) -> None:
    names = [row["name"] for row in ask(words, capsys)]
    assert main([words, "--quiet"]) == 0
    assert capsys.readouterr().out.split() == names


def test_a_device_is_shown_with_every_parameter_and_what_it_means(capsys: Capture) -> None:
    record = ask("devices pcm", capsys)
    parameters = [p for effect in record["effects"] for p in effect["parameters"]]
    assert {"g_max", "t0", "sigma", "bits", "step"} <= {p["name"] for p in parameters}
    assert [p["name"] for p in parameters if not p["meaning"]] == []
    assert all(effect["source"] in {s["key"] for s in record["sources"]} for effect in record["effects"])


def test_a_device_page_names_units_and_sources(capsys: Capture) -> None:
    assert main(["devices", "pcm"]) == 0
    page = capsys.readouterr().out
    assert all(words in page for words in ("[µS]", "doi:10.1109/ICECS46596.2019.8964852", "readback"))


def test_powers_and_prose_are_printed_as_they_are(capsys: Capture) -> None:
    for words, printed in (("devices wan", "from -2**(bits - 1), half"), ("devices", "up and down; large")):
        assert main(words.split()) == 0
        assert printed in " ".join(capsys.readouterr().out.split())


def test_a_device_file_of_ones_own_is_shown_like_a_preset(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nkind = "test chip"\n[node_noise]\nsigma = 0.1\n')
    assert ask(f"devices {path}", capsys)["effects"][1]["parameters"] == [
        {"name": "sigma", "value": 0.1, "meaning": "Standard deviation in the node's own unit, >= 0."}
    ]


def test_cite_names_only_what_was_asked_for(capsys: Capture) -> None:
    assert {row["name"] for row in ask("cite pcm anp", capsys)} == {"pcm", "anp"}


def test_train_prints_the_promised_keys(run: Path, capsys: Capture) -> None:
    again = ask(f"train --resume --out {run}", capsys)
    promised = "accuracy_before accuracy_after accuracy_fresh_chips seconds passes writes run"
    assert set(promised.split()) <= again.keys()
    assert again["run"] == str(run)


def test_train_tells_a_person_what_came_out(run: Path, capsys: Capture) -> None:
    assert main(["train", "--resume", "--out", str(run)]) == 0
    shown = capsys.readouterr()
    assert "over: nothing to do" in shown.err
    words = ("before training", "trained chip", "fresh chips", "forecast", "noise", str(run / "report.html"))
    assert [word for word in words if word not in shown.out] == []


def test_a_file_and_flags_give_the_same_run(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    assert main(["train", str(run / "config.toml"), "--quiet", "--out", str(out)]) == 0
    assert (out / "weights.safetensors").read_bytes() == (run / "weights.safetensors").read_bytes()


def test_evaluate_takes_task_device_and_seed_from_the_run(run: Path, capsys: Capture) -> None:
    found = ask(f"evaluate {run} --chips 3", capsys)
    assert found == ask(f"evaluate {run} --chips 3", capsys)
    assert found.keys() == {"accuracy", "low", "high", "chips"}
    assert 0 <= found["low"] <= found["accuracy"] <= found["high"] <= 1
    assert len(found["chips"]) == 3


def test_evaluate_reads_a_network_file_and_draws_one_from_sizes(run: Path, capsys: Capture) -> None:
    assert len(ask(f"evaluate {run / 'network.nir'} --task xor --seed 1", capsys)["chips"]) == 5
    drawn = ask("evaluate --network 2-4-2 --task xor --device ideal --chips 1 --seed 1", capsys)
    assert len(drawn["chips"]) == 1


def test_evaluate_quietly_prints_the_accuracy_alone(run: Path, capsys: Capture) -> None:
    assert main(["evaluate", str(run), "--quiet"]) == 0
    assert capsys.readouterr().out.count(" ") == 3  # 50.0 % [40.0, 60.0]


def test_report_is_written_again(run: Path, capsys: Capture) -> None:
    (run / "report.html").unlink()
    assert ask(f"report {run}", capsys) == {"report": str(run / "report.html")}
    assert (run / "report.html").is_file()


def test_doctor_finds_the_core_in_order(capsys: Capture) -> None:
    found = ask("doctor", capsys)
    assert found["ok"] is True
    assert all({"name", "ok", "detail", "fix"} <= item.keys() for item in found["items"])
    assert all(item["ok"] or item["fix"] for item in found["items"])
    assert {"numpy", "numba", "noisy reads", "kernel cache"} <= {item["name"] for item in found["items"]}


def test_doctor_names_the_command_that_repairs(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: ["numpy>=99", "no-such-package>=1"])
    fixes = {item["name"]: item["fix"] for item in ask("doctor", capsys, code=1)["items"]}
    assert fixes["numpy"] == 'pip install "numpy>=99"'
    assert fixes["no-such-package"] == 'pip install "no-such-package>=1"'


def test_doctor_goes_on_after_a_check_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise ArithmeticError("two and two is five")

    monkeypatch.setattr(doctor, "CHECKS", (doctor.Check("sums", broken, "buy an abacus"), *doctor.CHECKS))
    items = {item.name: item for item in doctor.examine()}
    assert not items["sums"].ok
    assert items["sums"].detail == "ArithmeticError: two and two is five"
    assert items["threads"].ok


def test_an_interruption_leaves_with_130_and_says_how_to_go_on(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    begin = training.saver.Saver.on_epoch

    def interrupted(self: Any, history: Any, record: Any) -> None:
        if record.epoch == 1:
            signal.raise_signal(signal.SIGINT)
        begin(self, history, record)

    monkeypatch.setattr(training.saver.Saver, "on_epoch", interrupted)
    assert main(f"train --task xor --epochs 3 --seed 1 --quiet --out {out}".split()) == 130
    assert f"hwnoise train --resume --out {out}" in capsys.readouterr().err
    assert main(["train", "--resume", "--quiet", "--out", str(out)]) == 0


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(28, "No space left on device", "runs/x"), 2, "hwnoise: runs/x: No space left on device\n"),
        (MemoryError("9 TiB"), 2, "hwnoise: not enough memory"),
        (KeyboardInterrupt(), 130, "hwnoise: interrupted\n"),
    ],
)
def test_trouble_becomes_a_sentence(
    error: BaseException, code: int, words: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(app, "_run", fail)
    assert main(["train"]) == code
    assert capsys.readouterr().err.startswith(words)


@pytest.mark.parametrize(
    "made_of_it", [None, ImportError("initialization failed"), MismatchError("no numba")]
)
def test_an_interruption_stays_one_whatever_an_import_makes_of_it(
    made_of_it: Exception | None, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def imported(_: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise made_of_it or KeyboardInterrupt from None

    monkeypatch.setattr(app, "_run", imported)
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == "hwnoise: interrupted\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interruption_before_the_command_begins_is_told_as_well(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_prepare_output", lambda: signal.raise_signal(signal.SIGINT))
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == "hwnoise: interrupted\n"


def test_a_bug_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(_: object) -> None:
        raise KeyError("not the user's fault")

    monkeypatch.setattr(app, "_run", bug)
    with pytest.raises(KeyError):
        main(["train"])


def test_without_arguments_it_shows_its_help_and_it_knows_its_version(capsys: Capture) -> None:
    assert main([]) == 0
    assert "Usage: hwnoise" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("hwnoise 0.")


def test_json_knows_arrays_sets_and_numbers_that_are_not_finite(capsys: Capture) -> None:
    output.emit_json({"a": np.float32(0.5), "b": {3, 1}, "c": float("nan"), "d": (Path("x"), np.arange(2))})
    assert json.loads(capsys.readouterr().out) == {"a": 0.5, "b": [1, 3], "c": None, "d": ["x", [0, 1]]}


def test_the_reference_names_every_command_and_option() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    for command in app.get_command(app.app).commands.values():  # type: ignore[attr-defined]
        assert command.name in text
        options = {flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")}
        assert [flag for flag in sorted(options) if f"`{flag}" not in text] == []


def test_ages_are_rows_of_seconds_and_accuracy(capsys: Capture) -> None:
    network = "evaluate --network 30-2 --task breast-cancer --chips 2 --seed 3"
    rows = ask(f"{network} --ages 1,86400 --compensate", capsys)
    assert [row["seconds"] for row in rows] == [1.0, 86400.0]
    assert all(
        0 <= row["low"] <= row["accuracy"] <= row["high"] <= 1 and len(row["chips"]) == 2 for row in rows
    )


@pytest.mark.parametrize("flags", [["--ages", "1,x"], ["--ages", "5,1"], ["--compensate"]])
def test_ages_that_make_no_sense_are_refused(flags: list[str], capsys: Capture) -> None:
    assert main(["evaluate", "--network", "30-2", "--task", "breast-cancer", *flags]) == 2
    assert capsys.readouterr().err.count("\n") == 1
