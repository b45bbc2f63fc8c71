"""``--help`` of every command, word for word. ``HWNOISE_REGENERATE=1`` rewrites the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hwnoise.cli import main
from hwnoise.cli.app import app

FOLDER = Path(__file__).parent / "help"
COMMANDS = tuple(command.callback.__name__ for command in app.registered_commands if command.callback)


def shown(words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    assert main([*words, "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", ["hwnoise", *COMMANDS])
def test_help_is_as_reviewed(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown([] if name == "hwnoise" else [name], capsys, monkeypatch)
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("HWNOISE_REGENERATE"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_every_help_file_has_its_command() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {"hwnoise", *COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_the_common_flags(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown([name], capsys, monkeypatch)
    assert f"  hwnoise {name}" in text.partition("Example:")[2]
    assert all(flag in text for flag in ("--json", "--quiet", "--seed"))
