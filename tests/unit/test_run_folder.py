"""A run folder holds what is promised, survives being killed anywhere, and never harms what is there."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from toy_chip import ToyBackend

from hwnoise import files, report
from hwnoise.backends import registry
from hwnoise.errors import DivergenceError, InputError
from hwnoise.report.load import load as load_record
from hwnoise.training import RunFolder, experiment, load_config, run
from hwnoise.training.checkpoint import read_checkpoint
from hwnoise.training.saver import Saver

CHOICES = {"task": "parity-4", "epochs": 3, "batch_size": 32, "seed": 8, "chips": 2}
LOOKS = 3 * (8 + 1)  # the saver looks after every step and after every epoch
FILES = {
    "config.toml", "state.safetensors", "metrics.jsonl", "weights.safetensors", "network.nir",
    "manifest.json", "summary.json", "report.html",
}  # fmt: skip


class Killed(BaseException):
    """Stands for a process that is gone: nothing catches it."""


@pytest.fixture(scope="module", autouse=True)
def no_page():
    """Spare the second that drawing a page takes; that it can be drawn is checked on what it is made of."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "write", lambda folder: files.write_text(Path(folder) / "report.html", "page"))
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory, no_page) -> RunFolder:
    """A run that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(folder)
    return RunFolder(folder)


def train(out: Path, *, resume: bool = False, **changes: object):
    return run(load_config(None, **{**CHOICES, "out": out, **changes}), resume=resume, progress="quiet")


def outcome(folder: RunFolder) -> list[object]:
    """All that has to be the same, that is everything but durations."""
    summary = folder.read_json(folder.summary)
    records = [json.loads(line) for line in folder.metrics.read_text().splitlines()]
    for found in (summary, *records):
        found.pop("seconds")
        found.pop("passes_per_second", None)
    return [folder.weights.read_bytes(), folder.network.read_bytes(), summary, records]


def interrupt(monkeypatch, look: int, save_every: int, act) -> None:
    """Let the next run save at every so many looks of the saver, and do ``act`` at number ``look``."""
    original, count = Saver.on_step, [0]

    def on_step(self: Saver, history: object) -> None:
        count[0] += 1
        if count[0] % save_every == 0:
            self.save(history)
        if count[0] == look:
            act()
        original(self, history)

    monkeypatch.setattr(Saver, "on_step", on_step)


def kill() -> None:
    raise Killed


def train_until(monkeypatch, out: Path, look: int, save_every: int = 3, **changes: object) -> None:
    """Train and be killed at that look of the saver."""
    with monkeypatch.context() as patch:
        interrupt(patch, look, save_every, kill)
        with pytest.raises(Killed):
            train(out, **changes)


def test_a_finished_run_holds_what_is_promised(whole):
    assert {path.name for path in whole.path.iterdir()} == FILES
    summary = whole.read_json(whole.summary)
    assert summary["accuracy_fresh_chips"].keys() == {"value", "low", "high", "chips"}
    assert np.sum(summary["confusion"]) == 256
    assert [layer["name"] for layer in summary["layers"]] == ["hidden1", "readout"]
    assert all(0 < layer["fresh_fraction"] <= 1 and layer["noise"] > 0 for layer in summary["layers"])
    manifest = whole.read_json(whole.manifest)
    assert manifest["seed"] == CHOICES["seed"]
    assert manifest["hashes"].keys() == {"substrate", "data", "network"}
    assert len(whole.metrics.read_text().splitlines()) == CHOICES["epochs"]
    assert load_record(whole.path).summary is not None, "the page can be made of it"


def test_the_flat_summary_has_the_keys_others_rely_on(whole):
    flat = train(whole.path, resume=True).flat()
    wanted = {
        "accuracy_before",
        "accuracy_after",
        "accuracy_fresh_chips",
        "seconds",
        "passes",
        "writes",
        "run",
    }
    assert wanted <= flat.keys()
    assert all(isinstance(flat[name], float) for name in wanted if name.startswith("accuracy"))


def test_the_written_configuration_repeats_the_run(whole, tmp_path):
    run(load_config(whole.config, out=tmp_path / "again"), progress="quiet")
    assert outcome(RunFolder(tmp_path / "again")) == outcome(whole)


@pytest.mark.parametrize(
    ("look", "save_every"), [(1, 1), (5, 3), (8, 1), (9, 2), (13, 99), (20, 7), (LOOKS, 1)]
)
def test_a_run_killed_in_training_goes_on_to_the_same_bits(whole, tmp_path, monkeypatch, look, save_every):
    train_until(monkeypatch, tmp_path / "run", look, save_every)
    train(tmp_path / "run", resume=True)
    assert outcome(RunFolder(tmp_path / "run")) == outcome(whole)


@pytest.mark.parametrize("write", range(1, 8))
def test_a_run_killed_while_writing_goes_on_to_the_same_bits(whole, tmp_path, monkeypatch, write):
    replace, count = os.replace, [0]

    def dies(*paths: Path) -> None:
        count[0] += 1
        if count[0] == write:
            raise Killed
        replace(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", dies)
        with pytest.raises(Killed):
            train(tmp_path / "run")
    train(tmp_path / "run", resume=True)
    assert outcome(RunFolder(tmp_path / "run")) == outcome(whole)


def test_a_run_killed_by_the_system_goes_on_to_the_same_bits(tmp_path):
    folder = RunFolder(tmp_path / "run")
    choices = {**CHOICES, "epochs": 40}
    code = (
        "from hwnoise.training import load_config, run, saver\n"
        "saver.INTERVAL = 0.02\n"
        f"run(load_config(None, **{choices!r}, out={str(folder.path)!r}), progress='quiet')"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    while not folder.state.exists() and child.poll() is None:
        time.sleep(0.005)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    assert not folder.summary.exists(), "it was killed too late to show anything"
    train(folder.path, resume=True, epochs=40)
    train(tmp_path / "whole", epochs=40)
    assert outcome(folder) == outcome(RunFolder(tmp_path / "whole"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_saves_its_state_and_says_how_to_go_on(whole, tmp_path, monkeypatch, number):
    folder = RunFolder(tmp_path / "run")
    with monkeypatch.context() as patch:
        interrupt(patch, 11, 99, lambda: signal.raise_signal(number))
        with pytest.raises(KeyboardInterrupt, match=r"state saved.*--resume --out"):
            train(folder.path)
    history = read_checkpoint(folder.state).history
    assert (len(history.epochs), history.step) == (1, 2)
    train(folder.path, resume=True)
    assert outcome(folder) == outcome(whole)


def test_a_run_that_is_over_is_left_as_it_is(whole, capsys):
    before = {path: path.stat().st_mtime_ns for path in whole.path.iterdir()}
    summary = run(load_config(None, out=whole.path), resume=True)
    assert "is over" in capsys.readouterr().err
    assert summary.content == whole.read_json(whole.summary)
    assert {path: path.stat().st_mtime_ns for path in whole.path.iterdir()} == before


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir], ids=["missing", "empty"])
def test_resuming_where_nothing_was_begun_begins(whole, tmp_path, make):
    make(tmp_path / "run")
    train(tmp_path / "run", resume=True)
    assert outcome(RunFolder(tmp_path / "run")) == outcome(whole)


def test_other_choices_than_those_of_the_run_are_refused(whole):
    with pytest.raises(InputError, match=r"was begun with another epochs, optimizer\.learning_rate"):
        train(whole.path, resume=True, epochs=4, optimizer={"learning_rate": 0.5})


def test_a_changed_device_file_is_noticed(tmp_path, monkeypatch):
    from hwnoise import substrate

    chip = tmp_path / "chip.toml"
    chip.write_text(substrate.load("pcm").to_toml())
    train_until(monkeypatch, tmp_path / "run", 9, device=str(chip))
    chip.write_text(substrate.load("pcm", {"one_over_f.scale": 0.5}).to_toml())
    with pytest.raises(InputError, match="the substrate is not what it was"):
        train(tmp_path / "run", resume=True, device=str(chip))


def test_a_damaged_state_is_one_sentence(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "run")
    train_until(monkeypatch, folder.path, 9)
    folder.state.write_bytes(folder.state.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"state\.safetensors: damaged"):
        train(folder.path, resume=True)


def test_what_a_user_had_is_never_overwritten(whole, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years")
    (tmp_path / "file").write_text("mine")
    for resume in (False, True):
        with pytest.raises(InputError, match="not empty and no run"):
            train(tmp_path / "thesis", resume=resume)
        with pytest.raises(InputError, match="is a file"):
            train(tmp_path / "file", resume=resume)
    with pytest.raises(InputError, match="holds a run already"):
        train(whole.path)
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter1.tex"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"device": "pmc"}, "pmc"),
        ({"task": "digit"}, "digits"),
        ({"learner": "backprop"}, "backprop"),
        ({"backend": "emulate"}, "emulator"),
        ({"network": "5-2"}, "does not fit task"),
        ({"network": "nowhere"}, "nowhere"),
        ({"backend_options": {"cores": 3}}, "cores"),
        ({"learner_options": {"pears": 2}}, "pears"),
        ({"device_options": {"read_nose.sigma": 1}}, "read_nose"),
    ],
)
def test_a_run_that_cannot_be_leaves_no_folder(tmp_path, wrong, words):
    with pytest.raises(InputError, match=words):
        train(tmp_path / "run", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot make the run folder"):
        train(tmp_path / "file" / "run")


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_later(whole, tmp_path, monkeypatch):
    replace, count = os.replace, [0]

    def full(*paths: Path) -> None:
        count[0] += 1
        if count[0] > 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", full)
        interrupt(patch, 99, 5, kill)
        with pytest.raises(InputError, match=r"cannot write .*no space left"):
            train(tmp_path / "run")
    train(tmp_path / "run", resume=True)
    assert outcome(RunFolder(tmp_path / "run")) == outcome(whole)


def test_two_runs_are_never_in_one_folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.held(), pytest.raises(InputError, match="another process is at work"):
        train(folder.path)
    assert list(folder.path.iterdir()) == []
    with folder.held():
        pass  # let go of, it can be taken again


def test_a_run_that_began_meanwhile_is_left_alone(whole, tmp_path, monkeypatch):
    def build_slowly(config):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "config.toml").write_bytes(whole.config.read_bytes())
        return build(config)

    build = experiment.build
    monkeypatch.setattr(experiment, "build", build_slowly)
    with pytest.raises(InputError, match="holds a run already"):
        train(tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.toml"]


def test_default_folders_are_numbered_not_reused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = train(None), train(None)
    assert first.folder == Path("runs/parity-4-pcm-anp-8")
    assert second.folder == Path("runs/parity-4-pcm-anp-8-2")


def test_a_run_starts_from_the_network_of_another(whole, tmp_path):
    summary = train(tmp_path / "next", network=str(whole.path), epochs=1)
    assert summary.content["network"] == "4-16-2"
    assert summary.content["accuracy_before"] != whole.read_json(whole.summary)["accuracy_before"]


@pytest.mark.parametrize("is_first", [True, False])
def test_only_a_first_start_says_that_kernels_are_compiled(is_first, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(experiment, "nothing_is_compiled", lambda: is_first)
    run(load_config(None, **{**CHOICES, "out": tmp_path / "run"}), progress="auto")
    assert ("compiling kernels" in capsys.readouterr().err) == is_first


def test_a_resume_needs_a_folder():
    with pytest.raises(InputError, match="--out"):
        train(None, resume=True)


def test_a_chip_that_cannot_be_saved_trains_and_says_why_it_cannot_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "get", lambda name: ToyBackend())
    folder, options = RunFolder(tmp_path / "run"), {"backend_options": {"checkpoint": False}}
    with monkeypatch.context() as patch:
        interrupt(patch, 5, 2, lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt, match="cannot go on"):
            train(folder.path, **options)
    assert not folder.state.exists()
    with pytest.raises(InputError, match="keeps its state to itself"):
        train(folder.path, resume=True, **options)
    assert train(tmp_path / "other", **options).flat()["accuracy_after"] > 0


def test_a_run_that_diverges_leaves_its_last_good_state(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "get", lambda name: ToyBackend())
    with pytest.raises(DivergenceError, match="lower the learning rate"):
        train(tmp_path / "run", backend_options={"spoil_at": 2000})
    assert not RunFolder(tmp_path / "run").summary.exists()
