"""One run from a file, flags and ``--set``: however it is said, the same choices give the same run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hwnoise import toml
from hwnoise.errors import InputError
from hwnoise.training.config import RunConfig, validate
from hwnoise.training.defaults import defaults_for

Table = dict[str, Any]
_OPTION_TABLES = ("learner_options", "device_options", "backend_options")
_PREFIXES = {"learner": "learner_options", "backend": "backend_options", "optimizer": "optimizer"}


def load_config(path: str | Path | None = None, settings: Iterable[str] = (), **flags: Any) -> RunConfig:
    """Make a run from a TOML file, then flags, then settings; what comes later wins.

    Parameters
    ----------
    path : path, optional
        A TOML file with the field names of ``RunConfig``. Paths in it are relative to its folder.
    settings : iterable of str
        ``"key=value"`` as given to ``--set``: ``learner.``, ``optimizer.`` or ``backend.`` lead to
        those tables, every other key is a parameter of the device.
    **flags
        Fields of ``RunConfig``; None means that the flag was not given.

    Raises
    ------
    InputError
        One sentence for the first thing that cannot be used.
    """
    table = _from_file(Path(path)) if path is not None else {}
    config = validate(table, str(path))  # by itself first, so that what is wrong in it names the file
    given = _anchor({key: item for key, item in flags.items() if item is not None}, Path.cwd())
    for setting in settings:
        _apply(given, *_split(setting))
    if not given:
        return config
    validate(given, "command line")
    return validate(merge(config.model_dump(exclude_unset=True), given), "command line")


def resolve(config: RunConfig) -> RunConfig:
    """Fill what was left out with the defaults of the task and device; then nothing is left open."""
    table: Table = {}
    for entry in defaults_for("data" if config.data else config.task, config.device):
        table = merge(table, entry)
    given = config.model_dump(exclude_unset=True) | {"seed": config.seed}
    filled = validate(merge(table, given), "defaults")
    return validate(filled.model_dump(), "defaults")  # every field now counts as chosen


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> Table:
    """Lay one nested table over another; tables are merged, everything else is replaced."""
    both = dict(below)
    for key, item in above.items():
        under = both.get(key)
        both[key] = merge(under, item) if isinstance(item, Mapping) and isinstance(under, Mapping) else item
    return both


def differences(config: RunConfig, stored: RunConfig) -> list[str]:
    """Name the choices made in ``config`` that the stored run made otherwise; ``out`` is not one."""
    wanted = _flatten(config.model_dump(exclude_unset=True, exclude={"out"}))
    kept = _flatten(stored.model_dump())
    return [key for key, item in wanted.items() if kept.get(key) != item]


def _from_file(path: Path) -> Table:
    table = toml.read(path)
    settings = table.pop("set", {})
    if not isinstance(settings, dict):
        raise InputError(f"{path}: 'set' must be a table of key = value, not {settings!r}")
    table = _anchor(table, path.absolute().parent)
    for key, item in _flatten(settings).items():
        _apply(table, key, item)
    return table


def _split(setting: str) -> tuple[str, Any]:
    key, equals, text = setting.partition("=")
    if not (equals and key.strip() and text.strip()):
        raise InputError(f"--set wants key=value, for example read_noise.sigma=0.1, not {setting!r}")
    return key.strip(), toml.value(text.strip())


def _apply(table: Table, key: str, item: Any) -> None:
    """Put one ``--set`` into the table that its first word names."""
    head, dot, rest = key.partition(".")
    target, name = (_PREFIXES[head], rest) if dot and head in _PREFIXES else ("device_options", key)
    section = table.get(target, {})
    if isinstance(section, str):
        section = {"name": section}  # optimizer = "adam"
    if isinstance(section, dict):  # anything else is refused by name when the table is validated
        table[target] = {**section, name: item}


def _anchor(table: Table, folder: Path) -> Table:
    """Write paths in full, so that a run can go on from anywhere, and flatten the option tables."""
    table = {key: os.fspath(item) if isinstance(item, os.PathLike) else item for key, item in table.items()}
    for key in ("data", "network", "device", "out"):
        if isinstance(table.get(key), str) and _is_path(key, table[key]):
            table[key] = os.path.normpath(folder / table[key])
    for key in _OPTION_TABLES:
        if isinstance(table.get(key), dict):
            table[key] = _flatten(table[key])
    return table


def _is_path(key: str, text: str) -> bool:
    if key == "device":
        return text.endswith(".toml") or "/" in text or os.sep in text
    return key != "network" or re.fullmatch(r"\d+(-\d+)*", text) is None


def _flatten(table: Mapping[str, Any], above: str = "") -> Table:
    """Turn ``{"read_noise": {"sigma": 0.1}}`` into ``{"read_noise.sigma": 0.1}``."""
    flat: Table = {}
    for key, item in table.items():
        flat |= _flatten(item, f"{above}{key}.") if isinstance(item, Mapping) else {f"{above}{key}": item}
    return flat
