"""The folder of one run: what lies where, and the promise that nothing of the user's is overwritten."""

from __future__ import annotations

import json
import math
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from hwnoise import files, toml
from hwnoise.errors import InputError
from hwnoise.training.config import RunConfig, validate
from hwnoise.training.history import Epoch

_PACKAGES = ("hwnoise", "numpy", "numba", "scikit-learn", "safetensors", "nir")


class RunFolder:
    """The files of a run (DESIGN: files a user keeps); every write is whole or not at all.

    Parameters
    ----------
    path : path
        The folder; it need not exist yet.

    Attributes
    ----------
    config, state, metrics, weights, network, manifest, summary, activity, report : Path
        Where each file lies. A run is begun when ``config`` exists, and over when ``summary`` does.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.toml"
        self.state = self.path / "state.safetensors"
        self.metrics = self.path / "metrics.jsonl"
        self.weights = self.path / "weights.safetensors"
        self.network = self.path / "network.nir"
        self.manifest = self.path / "manifest.json"
        self.summary = self.path / "summary.json"
        self.activity = self.path / "activity.safetensors"
        self.report = self.path / "report.html"

    def is_started(self) -> bool:
        """Whether a run was begun here."""
        try:
            return self.config.exists()
        except OSError as error:  # a name too long, a folder that must not be looked into
            raise InputError(f"cannot use {self.path} as a run folder: {files.reason(error)}") from error

    def require_unused(self) -> None:
        """Refuse a place that holds anything already.

        Raises
        ------
        InputError
            If it is a file, or a folder that is not empty.
        """
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file, and a run needs a folder: choose another --out")
        if self.is_started():
            raise InputError(
                f"{self.path} holds a run already: go on with it by --resume, or choose another --out"
            )
        if self._content():
            raise InputError(
                f"{self.path} is not empty and no run: choose another --out, nothing was changed"
            )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder if need be, and keep other runs out of it; InputError if one is in it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make the run folder {self.path}: {files.reason(error)}") from error
        with files.held(self.path):
            yield

    def create(self, config: RunConfig, manifest: Mapping[str, Any]) -> None:
        """Write the configuration, with which the run is begun, and what it depends on."""
        files.write_text(self.config, toml.dumps(config.model_dump(exclude={"out"}, exclude_none=True)))
        self.write_json(self.manifest, manifest)

    def read_config(self) -> RunConfig:
        """The configuration of the run that was begun here."""
        return validate(toml.read(self.config), str(self.config))

    def append_metrics(self, record: Epoch) -> None:
        """Add the line of a finished epoch."""
        try:
            with open(self.metrics, "a", encoding="utf-8", newline="\n") as file:
                file.write(_line(record))
        except OSError as error:
            raise InputError(f"cannot write {self.metrics}: {files.reason(error)}") from error

    def reset_metrics(self, records: Iterable[Epoch]) -> None:
        """Cut the lines back to those that the checkpoint knows."""
        files.write_text(self.metrics, "".join(_line(record) for record in records))

    def write_json(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write one JSON object; numbers that are not finite become null."""
        files.write_text(path, json.dumps(_plain(content), indent=1, allow_nan=False) + "\n")

    def read_json(self, path: Path) -> dict[str, Any]:
        """Read one JSON object.

        Raises
        ------
        InputError
            If the file cannot be read or holds anything else.
        """
        try:
            found = json.loads(path.read_bytes())
        except OSError as error:
            raise InputError(f"cannot read {path}: {files.reason(error)}") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: damaged, it is not JSON") from error
        if not isinstance(found, dict):
            raise InputError(f"{path}: damaged, it is not a JSON object")
        return found

    def _content(self) -> list[Path]:
        """What lies here, but for the remains of a killed write."""
        if not self.path.exists():
            return []
        try:
            return [path for path in self.path.iterdir() if not files.is_temporary(path)]
        except OSError as error:
            raise InputError(f"cannot look into {self.path}: {files.reason(error)}") from error


def choose(config: RunConfig) -> RunFolder:
    """Return the folder named by ``out``, or the first free ``runs/<task>-<device>-<learner>-<seed>``."""
    if config.out is not None:
        return RunFolder(Path(config.out))
    task = Path(config.data).stem if config.data else config.task
    stem = "-".join((task, Path(config.device).stem, config.learner, str(config.seed)))
    plain = Path("runs") / "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in stem)
    names = (plain if number == 1 else plain.with_name(f"{plain.name}-{number}") for number in count(1))
    return RunFolder(next(path for path in names if not os.path.lexists(path)))


def describe(config: RunConfig, hashes: Mapping[str, str], command: Iterable[str]) -> dict[str, Any]:
    """What a manifest holds: all that a run depends on beside its configuration.

    Parameters
    ----------
    config : RunConfig
    hashes : mapping
        Of the ``substrate`` and the ``data``; a run goes on only where they are still the same.
    command : iterable of str
        How the run was called.
    """
    return {
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "platform": f"{sys.platform} {platform.machine()}",
        "seed": config.seed,
        "device": config.device,
        "hashes": dict(hashes),
        "command": list(command),
    }


def _line(record: Epoch) -> str:
    return json.dumps(_plain(asdict(record)), allow_nan=False) + "\n"


def _plain(item: Any) -> Any:
    """What JSON can hold of ``item``: no NaN, no infinity, no NumPy."""
    if isinstance(item, Mapping):
        return {str(key): _plain(entry) for key, entry in item.items()}
    if isinstance(item, (list, tuple)):
        return [_plain(entry) for entry in item]
    item = item.item() if isinstance(item, np.generic) else item
    return None if isinstance(item, float) and not math.isfinite(item) else item


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
