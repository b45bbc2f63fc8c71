"""What kind of chip: a preset or a TOML file of the user's own, read into a ``Substrate``. Pure data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from hwnoise import toml, validation
from hwnoise.devices.composition import Substrate as Substrate
from hwnoise.devices.source import Source as Source
from hwnoise.errors import InputError

if TYPE_CHECKING:
    from importlib.abc import Traversable


def names() -> tuple[str, ...]:
    """Names of the presets."""
    files = (file.name for file in _presets().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


def load(name: str | Path, overrides: Mapping[str, Any] | None = None) -> Substrate:
    """Load a preset or a TOML file, with ``"effect.parameter"`` overrides.

    Parameters
    ----------
    name : str or Path
        A preset's name (``names()``), or a path to a TOML file of the same form.
    overrides : mapping, optional
        Dotted keys to values; text is read as a TOML literal. A table's name with the value
        ``"off"`` removes that effect.

    Raises
    ------
    InputError
        One sentence naming file, key and allowed range.
    """
    text = str(name)
    if text in names():
        with resources.as_file(_presets() / f"{text}.toml") as path:
            table = toml.read(path)
    elif text.endswith(".toml") or os.path.exists(text):
        table = toml.read(text)
    else:
        choices = validation.suggest(text, names())
        raise InputError(f"device '{text}' is neither a preset nor a TOML file{choices}")
    for key, entry in (overrides or {}).items():
        _override(table, key, toml.value(entry) if isinstance(entry, str) else entry)
    return parse(table, text)


def parse(table: Mapping[str, Any], where: str = "substrate") -> Substrate:
    """Validate a nested mapping of the TOML form; ``where`` names it in errors."""
    try:
        return Substrate.model_validate(table)
    except ValidationError as error:
        raise validation.sentence(error, where, validation.keys_beside(error, Substrate)) from None


def describe() -> list[dict[str, Any]]:
    """Name, kind, summary, source and observability of every preset."""
    return [
        {
            "name": s.name,
            "kind": s.kind,
            "summary": s.summary,
            "source": "; ".join(str(source) for source in s.sources),
            "observability": "; ".join(s.observability()) or "none: it has no noise",
        }
        for s in map(load, names())
    ]


def _presets() -> Traversable:
    return resources.files("hwnoise.devices") / "presets"


def _override(table: dict[str, Any], key: str, entry: Any) -> None:
    *path, last = key.split(".")
    if entry == "off" and not path and last in _REMOVABLE:
        table.pop(last, None)
        return
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise InputError(f"--set {key}: '{part}' is not a table")
    table[last] = entry


_REMOVABLE = frozenset(name for name, field in Substrate.model_fields.items() if field.default is None)
