"""What the README shows works as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from hwnoise import learners, substrate, training
from hwnoise.cli import app, main

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (hwnoise .*?)(?:  +#.*)?$", TEXT, re.MULTILINE)


def blocks(language: str) -> list[str]:
    """The fenced code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"), ids=["pieces", "run"])
def test_python_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})


def test_python_is_under_ten_lines() -> None:
    assert [len(code.split("\n\n", 1)[-1].splitlines()) < 10 for code in blocks("python")] == [True, True]


def test_the_experiment_is_a_configuration(tmp_path: Path) -> None:
    experiment, _ = blocks("toml")
    path = tmp_path / "exp.toml"
    path.write_text(experiment, encoding="utf-8")
    config = training.load_config(path)
    assert (config.task, config.seed, config.device_options) == ("digits", 7, {"one_over_f.scale": 1.5})


def test_the_chip_of_ones_own_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, device = blocks("toml")
    path = tmp_path / "mine.toml"
    path.write_text(device, encoding="utf-8")
    words = f"evaluate --network 2-4-2 --task xor --chips 2 --seed 1 --json --device {path}"
    assert main(words.split()) == 0
    assert '"accuracy"' in capsys.readouterr().out


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_exist_with_their_options(line: str) -> None:
    _, name, *words = shlex.split(line)
    command = app.get_command(app.app).commands[name]  # type: ignore[attr-defined]
    with command.make_context(name, words) as context:
        assert context.params


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) >= 5


def test_tables_name_every_device_and_learner() -> None:
    rows = re.findall(r"^\| `(\S+)` \|", TEXT, re.MULTILINE)
    assert rows == [*substrate.names(), *learners.names()]


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)", TEXT)
    assert [link for link in links if not (ROOT / link).exists()] == []
