"""The one commit point of a run: a single file, written whole, that says where to go on bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.tensors import read_arrays, write_arrays
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
    write_arrays(
        path, {f"{part}/{key}": item for part, group in parts for key, item in group.items()}, record
    )


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
