"""Whatever is wrong with what a user gave: exit code 2 and one sentence, nothing half-written."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from hwnoise import files
from hwnoise.cli import main
from hwnoise.errors import InputError

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with files that nobody should have handed over."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.toml").write_text("[device\nname=")
    (tmp_path / "empty.toml").write_text("")
    (tmp_path / "empty_folder").mkdir()
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "random.nir").write_bytes(bytes(range(256)) * 16)
    (tmp_path / "typo.toml").write_text("epoch = 3\n")
    (tmp_path / "wrong_type.toml").write_text('epochs = "many"\n')
    (tmp_path / "data.csv").write_text("a,b\n1,x\n")
    return tmp_path


def refusal(words: str, capsys: Capture) -> str:
    """The sentence on standard error; everything else about a refusal is checked here."""
    code = main(words.split())
    shown = capsys.readouterr()
    assert code == 2, shown.err
    assert shown.out == ""
    assert shown.err.startswith("hwnoise: ")
    assert shown.err.count("\n") == 1
    return shown.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("train broken.toml", "broken.toml"),
        ("train missing.toml", "missing.toml"),
        ("train typo.toml", "epochs"),
        ("train wrong_type.toml", "epochs"),
        ("train empty_folder", "empty_folder"),
        ("train --device nosuch", "pcm"),
        ("train --device empty.toml", "empty.toml"),
        ("train --learner nosuch", "anp"),
        ("train --backend nosuch", "emulator"),
        ("train --task nosuch", "digits"),
        ("train --data data.csv", "data.csv"),
        ("train --data nowhere.npz", "nowhere.npz"),
        ("train --set read_noise.sigma=-1", "read_noise.sigma"),
        ("train --set read_noise.sigma=nan", "read_noise.sigma"),
        ("train --set one_over_f.scale=inf", "one_over_f.scale"),
        ("train --set read_noise.sigma", "key=value"),
        ("train --set =1", "key=value"),
        ("train --set learner.nosuch=1", "nosuch"),
        ("train --set optimizer.learning_rate=0", "learning_rate"),
        ("train --set optimizer.name=nosuch", "adam"),
        ("train --network 64-0-10", "64-0-10"),
        ("train --network 63-10", "63"),
        ("train --network 64-ten-10", "64-ten-10"),
        ("train --network random.nir", "random.nir"),
        ("train --network missing.nir", "missing.nir"),
        ("train --out file", "file"),
        ("train --resume", "--out"),
        ("train --resume --out file", "file"),
        ("train --epochs -3", "epochs"),
        ("train --epochs 0", "epochs"),
        ("train --epochs three", "'three'"),
        ("train --batch-size 0", "batch_size"),
        ("train --chips 0", "chips"),
        ("train --seed -1", "seed"),
        ("train --learner wp --device smtj", "wp"),
        ("train --set backend.headroom=wide", "headroom"),
        ("train --set backend.stream=3", "stream"),
        ("train --torch-device cpu", "torch_device"),
        ("train --save-chip file", "file"),
        ("train --save-chip empty_folder", "empty_folder"),
        ("train --save-chip pipe", "pipe"),
        ("train --save-chip nowhere/chip", "nowhere"),
        ("train --learner anp --device ideal", "anp"),
        ("train --no-such-flag", "--no-such-flag"),
        ("evaluate", "RUN"),
        ("evaluate empty_folder", "empty_folder"),
        ("evaluate nowhere", "nowhere"),
        ("evaluate random.nir", "random.nir"),
        ("evaluate file", "file"),
        ("evaluate --network 64-64-10 --chips 0", "chips"),
        ("evaluate --network 64-10 --torch-device cpu", "torch_device"),
        ("deploy random.nir --emit-netx data.csv", "data.csv"),
        ("deploy random.nir --report random.nir", ".html"),
        ("deploy random.nir --emit file", "file"),
        ("devices pcm /dev/full --plot", ".png"),
        ("report nowhere", "nowhere"),
        ("report empty_folder", "empty_folder"),
        ("devices nosuch", "pcm"),
        ("devices broken.toml", "broken.toml"),
        ("cite nosuch", "nosuch"),
        ("cite hermse_two_device", "'hermes_two_device'"),
        ("nosuch", "nosuch"),
    ],
)
def test_one_sentence_names_what_is_wrong(words: str, named: str, folder: Path, capsys: Capture) -> None:
    before = sorted(folder.rglob("*"))
    assert named in refusal(words, capsys)
    assert sorted(folder.rglob("*")) == before


def test_a_folder_that_cannot_be_written_to(folder: Path, capsys: Capture) -> None:
    # A file in the way stands for it: permissions do not stop the administrator who may run this.
    assert "file" in refusal("train --out file/run --epochs 1", capsys)


def test_a_folder_of_someone_elses_arrays_takes_no_script(folder: Path, capsys: Capture) -> None:
    (folder / "empty_folder" / "weights.npz").write_text("x")
    assert "weights.npz" in refusal("deploy random.nir --emit empty_folder", capsys)


def test_what_is_no_file_is_never_replaced_by_one(folder: Path) -> None:
    """A pipe stands for ``/dev/null``, which an administrator's rename would put a file in the place of."""
    with pytest.raises(InputError, match="neither a file nor a new name"):
        files.write_text(folder / "pipe", "new")
    assert (folder / "pipe").is_fifo()


def test_what_a_link_leads_to_is_replaced(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "empty_folder" / "target")
    files.write_text(folder / "link", "new")
    assert (folder / "link").is_symlink()
    assert (folder / "empty_folder" / "target").read_text() == "new"


def list_learners(stdout: BinaryIO) -> tuple[int, str]:
    """Exit code and standard error of a real process that prints to ``stdout``."""
    program = "import sys; from hwnoise.cli import main; sys.exit(main(['learners']))"
    done = subprocess.run([sys.executable, "-c", program], stdout=stdout, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody_reads:
        assert list_learners(nobody_reads) == (141, "")


def test_a_disk_that_takes_no_more_is_one_sentence(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open(tmp_path / "out", "wb") as full:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            assert list_learners(full) == (2, "hwnoise: File too large\n")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def printed(words: str, encoding: str) -> bytes:
    """Standard output of a real process whose terminal has no more than ``encoding``."""
    program = f"import sys; from hwnoise.cli import main; sys.exit(main({words.split()}))"
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, env=environment, check=True
    ).stdout


def test_a_terminal_without_greek_shows_question_marks() -> None:
    assert b"[?S]" in printed("devices pcm", "ascii")
    assert "µ" in str(json.loads(printed("devices pcm --json", "ascii")))


def test_closed_streams_swallow_what_is_printed(tmp_path: Path) -> None:
    program = "import sys; from hwnoise.cli import main; sys.exit(main(sys.argv[1:]))"
    for word, code in (("learners", 0), ("nosuch", 2)):
        shell = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", sys.executable, "-c", program, word]
        assert subprocess.run(shell, cwd=tmp_path).returncode == code


def test_json_errors_leave_standard_output_empty(folder: Path, capsys: Capture) -> None:
    assert "nosuch" in refusal("train --json --device nosuch", capsys)
