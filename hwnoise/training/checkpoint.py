"""The one commit point of a run: a single file, written whole, that says where to go on bit for bit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.files import replacing
from hwnoise.training.history import History

Array = NDArray[Any]
_PARTS = ("program", "learner", "optimizer", "weights")


@dataclass
class Checkpoint:
    """Everything a run needs to go on as if it had never stopped.

    Attributes
    ----------
    program, learner, optimizer : dict of str to array
        What their ``state()`` returned; in the file the names carry the prefix ``program/`` etc.
    history : History
        Finished epochs, and the place within the one under way. The data order needs no state: it
        is a function of the seed and the epoch.
    forecast : dict
        What was measured before the first step, for the summary.
    """

    program: Mapping[str, Array]
    learner: Mapping[str, Array]
    optimizer: Mapping[str, Array]
    history: History
    forecast: Mapping[str, Any] = field(default_factory=dict)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Put ``checkpoint`` in the place of the last one, in one step."""
    record = {"history": checkpoint.history.to_dict(), "forecast": dict(checkpoint.forecast)}
    groups = (checkpoint.program, checkpoint.learner, checkpoint.optimizer, checkpoint.history.weights)
    parts = zip(_PARTS, groups, strict=True)
    write_arrays(path, {f"{part}/{key}": item for part, group in parts for key, item in group.items()}, record)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what ``write_checkpoint`` wrote.

    Raises
    ------
    InputError
        If the file cannot be read, is cut short, or was changed.
    """
    arrays, record = read_arrays(path)
    groups: dict[str, dict[str, Array]] = {part: {} for part in _PARTS}
    try:
        for name, item in arrays.items():
            part, _, key = name.partition("/")
            groups[part][key] = item
        history = History.from_dict(record["history"], groups.pop("weights"))
        return Checkpoint(**groups, history=history, forecast=record["forecast"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: not a checkpoint of this version of hwnoise") from error


def write_arrays(path: Path, arrays: Mapping[str, Array], record: Mapping[str, Any] | None = None) -> None:
    """Write named arrays, and a JSON record beside them, as one safetensors file.

    Parameters
    ----------
    path : Path
        Replaced in one step.
    arrays : mapping of str to array
        Any shapes; booleans, integers and floats.
    record : mapping, optional
        What JSON can hold.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    plain = {name: np.asarray(item, order="C") for name, item in arrays.items()}
    text = json.dumps(record or {})
    metadata = {"record": text, "digest": _digest(plain, text)}
    with replacing(path) as temporary:
        try:
            save_file(plain, temporary, metadata)
        except SafetensorError as error:  # its own name for a full disk
            raise OSError(str(error)) from error


def read_arrays(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read what ``write_arrays`` wrote: the arrays and the record.

    Raises
    ------
    InputError
        If the file is missing, cut short, or differs in a single bit from what was written.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        if metadata["digest"] != _digest(arrays, metadata["record"]):
            raise ValueError("the content does not fit its checksum")
        return arrays, json.loads(metadata["record"])
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: damaged, it cannot be read ({_one_line(error)})") from error


def _digest(arrays: Mapping[str, Array], text: str) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16)
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].dtype.str}{arrays[name].shape}".encode())
        digest.update(arrays[name].reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
