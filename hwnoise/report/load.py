"""The files of a run folder, read and checked: one sentence for whatever is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from hwnoise.errors import InputError
from hwnoise.files import reason
from hwnoise.report.activity import read_activity
from hwnoise.report.record import Epoch, Part, Record, Summary
from hwnoise.validation import sentence

_Model = TypeVar("_Model", bound=Part)


def load(run_dir: str | Path) -> Record:
    """Read a run folder.

    Raises
    ------
    InputError
        If the folder or ``metrics.jsonl`` does not exist, or a file is malformed.
    """
    folder = Path(run_dir)
    if not folder.is_dir():
        raise InputError(f"there is no run folder {run_dir}")
    summary, manifest = _object(folder / "summary.json"), _object(folder / "manifest.json")
    return Record(
        name=folder.resolve().name,
        epochs=_metrics(folder / "metrics.jsonl", is_running=summary is None),
        summary=None if summary is None else _checked(Summary, summary, folder / "summary.json"),
        manifest=manifest,
        activity=read_activity(folder / "activity.safetensors"),
    )


def _metrics(path: Path, *, is_running: bool) -> tuple[Epoch, ...]:
    text = _text(path)
    if text is None:
        raise InputError(f"{path.parent} is not a run folder: it has no metrics.jsonl")
    lines = text.splitlines(keepends=True)
    if is_running and lines and not lines[-1].endswith("\n"):
        lines.pop()  # training is writing this line right now
    rows = [(f"{path} line {n}", line) for n, line in enumerate(lines, 1) if line.strip()]
    return tuple(_checked(Epoch, _parsed(line, where), where) for where, line in rows)


def _object(path: Path) -> dict[str, Any] | None:
    text = _text(path)
    return None if text is None else _parsed(text, path)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text") from error


def _parsed(text: str, where: str | Path) -> dict[str, Any]:
    """Parse one JSON object; NaN and Infinity, which Python writes, become None."""
    try:
        found = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{where} must hold a JSON object, not {type(found).__name__}")
    return found


def _checked(model: type[_Model], found: dict[str, Any], where: str | Path) -> _Model:
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise sentence(error, str(where)) from None
