"""Every example runs, says something, and begins with what it shows and the command that shows it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NUMBERED = sorted(EXAMPLES.glob("[0-9][0-9]_*"))
SCRIPTS = [path for path in NUMBERED if path.suffix == ".py"]


def run(name: str, *words: str | Path, code: int = 0) -> str:
    """Run an example in a process of its own; what it prints, on both channels."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_they_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:2]) for path in NUMBERED] == list(range(1, len(NUMBERED) + 1))
    assert len(SCRIPTS) >= 5


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_it_begins_with_what_it_shows_and_the_command(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    summary, _, rest = text.partition("\n\n")
    assert len(summary) < 110
    assert f"    python examples/{path.name}" in rest


def test_digits_are_learned() -> None:
    said = run("01_train_digits.py", "--quick")
    before, after = (float(found) for found in re.findall(r"(?:before|all its noise): ([\d.]+)%", said))
    assert after > before + 30
    assert "5 fresh chips" in said


def test_a_device_of_ones_own_is_taken_apart() -> None:
    said = run("02_own_device.py", "--quick")
    assert "learners that fit: anp, np" in said
    for effect in ("programming_noise", "read_noise", "node_noise", "dac", "adc"):
        assert re.search(rf"without {effect} +\d+\.\d% +\[", said)


def test_a_device_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('name = "b"\nkind = "k"\n[read_noise]\nsigma = -1\n', encoding="utf-8")
    said = run("02_own_device.py", broken, code=2)
    assert said.count("\n") == 1
    assert "read_noise.sigma" in said


def test_the_same_bits_come_from_another_process() -> None:
    said = run("04_train_remote_chip.py", "--quick")
    assert "the same bits in both processes" in said
    assert "4,810 parameters" in said


def test_nobody_at_the_port_is_one_sentence() -> None:
    said = run("04_train_remote_chip.py", "--port", "1", code=1)
    assert "the chip at 127.0.0.1:1 cannot be reached: connection refused" in said


def test_the_sweep_leaves_a_table_and_pictures_that_need_no_network(tmp_path: Path) -> None:
    said = run("05_compare_noise_levels.py", "--quick", "--seeds", "1", "--out", tmp_path / "new")
    assert len(re.findall(r"^ +[\d.]+ +[\d.]+% +[\d.]+%$", said, re.MULTILINE)) == 4
    assert (tmp_path / "new" / "noise_levels.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "new" / "noise_levels.html").read_text(encoding="utf-8")
    assert "<script src=" not in page


def test_learning_from_noise_stands_beside_derivatives() -> None:
    """The best rate of each grid, by passes and by time."""
    said = run("08_compare_with_derivatives.py", "--quick")
    header, noise, derivatives = said.splitlines()[-3:]
    assert header.split()[:6] == ["learner", "rate", "test", "epochs", "passes", "work"]
    assert (noise.split()[0], derivatives.split()[0]) == ("anp", "bp")
    assert noise.split()[4] == noise.split()[5]
    passes, work = (int(derivatives.split()[k].replace(",", "")) for k in (4, 5))
    assert work == 3 * passes


@pytest.mark.parametrize("guide", ["own_backend", "own_device"])
def test_what_the_guides_show_runs(guide: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    text = (EXAMPLES.parent / "docs" / "guide" / f"{guide}.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    exec(compile(code, f"{guide}.md", "exec"), {"__name__": guide})
    for example in re.findall(r"examples/\w+\.\w+", text):
        assert (EXAMPLES.parent / example).exists(), example
