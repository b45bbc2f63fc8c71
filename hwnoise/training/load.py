"""One run from a file, flags and ``--set``: however it is said, the same choices give the same run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hwnoise import toml
from hwnoise.cnn import is_cnn
from hwnoise.errors import InputError
from hwnoise.training.by_backend import BY_BACKEND
from hwnoise.training.by_learner import FROM_NOISE, defaults_of
from hwnoise.training.config import RunConfig, validate
from hwnoise.training.defaults import STARTED, STARTED_TIMED, TIMED_TASKS, defaults_for
from hwnoise.training.starting import holds_weights_only, read_network, require_network

Table = dict[str, Any]
_OPTION_TABLES = ("learner_options", "device_options", "backend_options")
_OF_THE_CHIP = (
    "network",
    "weights",
    "age",
    "device",
    "device_options",
    "headroom",
    "gain",
    "backend",
    "backend_options",
)
_CODEC = ("coding", "steps", "readout_scale")
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
    if config.chip is not None:
        config = _on_kept_chip(config, config.chip)
    table: Table = {}
    task = "data" if config.data else config.task
    timed = is_timed(config)
    started = merge(STARTED, STARTED_TIMED if timed else {}) if config.weights is not None else {}
    given = config.model_dump(exclude_unset=True) | {"seed": config.seed}
    for entry in defaults_for(task, config.device, timed, config.coding, _kinds(config, timed)):
        table = merge(table, entry)
    learner = str({"learner": config.learner, **table, **started, **given}["learner"])
    for entry in (FROM_NOISE.get(learner, {}), BY_BACKEND.get(config.backend, {}), started):
        table = merge(table, entry)
    if _network_file(config) is not None:
        for key in _CODEC:  # a network from a file brings its own
            table.pop(key, None)
    filled = validate(merge(merge(table, defaults_of(learner)), given), "defaults")
    return validate(filled.model_dump(), "defaults")  # every field now counts as chosen


def is_timed(config: RunConfig) -> bool:
    """Whether a run will have a network with time: asked for, in its file, or all that the device takes.

    Raises
    ------
    InputError
        If the network or the device cannot be read.
    """
    if config.chip is not None:
        from hwnoise.training.kept import open_chip

        return open_chip(config.chip).network.is_timed
    if config.coding is not None or (config.data is None and config.task in TIMED_TASKS):
        return True
    path = _network_file(config)
    if path is not None:
        return read_network(path, config.dt, config.reset, config.convention).is_timed
    from hwnoise import substrate

    return "fixed_point" in substrate.load(config.device, config.device_options).effects()


def _kinds(config: RunConfig, timed: bool) -> tuple[str, ...]:
    """What else the defaults depend on: an image to begin with, synapses whose releases carry the weights."""
    if not timed:
        return ("image",) if config.network is not None and is_cnn(config.network) else ()
    if config.chip is not None:
        return ()
    from hwnoise import substrate

    synapse = substrate.load(config.device, config.device_options).stochastic_synapse
    return ("release",) if synapse is not None and synapse.teaches else ()


def _network_file(config: RunConfig) -> str | None:
    """The file or run folder that says what the network is, if one does."""
    if config.weights is not None:
        require_network(config.weights, config.network)
        if not holds_weights_only(config.weights):
            return config.weights
    return config.network if config.network is not None and _is_path("network", config.network) else None


def _on_kept_chip(config: RunConfig, path: str) -> RunConfig:
    """Take over what the chip says of itself; InputError for what the user says against it."""
    from hwnoise.training.kept import open_chip

    chosen = [key for key in _OF_THE_CHIP if key in config.model_fields_set]
    if chosen:
        raise InputError(f"a chip brings its own {chosen[0]}: leave out either that or --chip")
    chip = open_chip(path)
    told = {"device": chip.substrate.name, "backend": chip.backend, "task": chip.about.get("task")}
    free = {key: item for key, item in told.items() if item and key not in config.model_fields_set}
    return validate(config.model_dump(exclude_unset=True) | free, path)


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
    for key in ("data", "network", "weights", "device", "chip", "out"):
        if isinstance(table.get(key), str) and _is_path(key, table[key]):
            table[key] = os.path.normpath(folder / table[key])
    for key in _OPTION_TABLES:
        if isinstance(table.get(key), dict):
            table[key] = _flatten(table[key])
    return table


def _is_path(key: str, text: str) -> bool:
    if key == "device":
        return text.endswith(".toml") or "/" in text or os.sep in text
    return key != "network" or not (is_cnn(text) or re.fullmatch(r"\d+(-\d+)*", text))


def _flatten(table: Mapping[str, Any], above: str = "") -> Table:
    """Turn ``{"read_noise": {"sigma": 0.1}}`` into ``{"read_noise.sigma": 0.1}``."""
    flat: Table = {}
    for key, item in table.items():
        flat |= _flatten(item, f"{above}{key}.") if isinstance(item, Mapping) else {f"{above}{key}": item}
    return flat
