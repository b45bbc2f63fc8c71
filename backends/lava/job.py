"""What parent and child exchange: a folder with the plan and its input, and what Lava made of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwnoise.backends.lava.plan import Array, Plan, Population, Process

_JOB, _RESULT, _FAILURE = "job.npz", "result.json", "failure.json"


@dataclass(frozen=True, eq=False)
class Job:
    """What the child is to run.

    Attributes
    ----------
    plan : Plan
    x : (samples, steps, *input shape) int32
    hardware : bool or None
        On a Loihi 2, or in Lava's simulation of one; None takes a chip where one can be used.
    """

    plan: Plan
    x: Array
    hardware: bool | None = None


@dataclass(frozen=True)
class Failure:
    """An exception of the child.

    Attributes
    ----------
    where : str
        What was being done, for people; empty if the user's input is to blame.
    summary : str
        Type and message, or a sentence for the user.
    trace : str
        The whole traceback.
    """

    where: str
    summary: str
    trace: str


def write_job(folder: Path, job: Job) -> None:
    """Write ``job`` where ``read_job`` finds it: one file, arrays beside a header of JSON."""
    arrays: dict[str, Any] = {"x": job.x}
    header = asdict(job.plan) | {"hardware": job.hardware}
    for part in (*header["processes"], *header["populations"]):
        _put_aside(part, part["name"], arrays)
        _put_aside(part.get("settings", {}), part["name"], arrays)
    np.savez(folder / _JOB, header=np.array(json.dumps(header)), **arrays)


def read_job(folder: Path) -> Job:
    """Read what ``write_job`` wrote."""
    with np.load(folder / _JOB) as stored:
        header = _taken_back(json.loads(str(stored["header"])), stored)
        x = stored["x"]
    hardware = header.pop("hardware")
    header["processes"] = tuple(Process(**process) for process in header["processes"])
    header["populations"] = tuple(Population(**population) for population in header["populations"])
    return Job(Plan(**header), x, hardware)


def files(folder: Path, index: int) -> tuple[Path, Path]:
    """Return where the spikes and the membranes of population ``index`` are recorded."""
    return folder / f"{index}.spikes.npy", folder / f"{index}.membranes.npy"


def write_failure(folder: Path, failure: Failure) -> None:
    """Keep the first failure; others follow from it."""
    try:
        with (folder / _FAILURE).open("x", encoding="utf-8") as file:
            json.dump(asdict(failure), file)
    except FileExistsError:
        return


def read_failure(folder: Path) -> Failure | None:
    """Return what went wrong, if anything was written."""
    path = folder / _FAILURE
    return Failure(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def write_result(folder: Path, result: dict[str, Any]) -> None:
    """Write what there is to tell beside the recordings; its presence means success."""
    (folder / _RESULT).write_text(json.dumps(result), encoding="utf-8")


def read_result(folder: Path) -> dict[str, Any] | None:
    """Return what ``write_result`` wrote, or None."""
    path = folder / _RESULT
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _put_aside(values: dict[str, Any], name: str, arrays: dict[str, Array]) -> None:
    """Move the arrays among ``values`` to ``arrays``; ``{"array": key}`` stays in their place."""
    for key, value in values.items():
        if isinstance(value, np.ndarray):
            arrays[f"{name}.{key}"] = value
            values[key] = {"array": f"{name}.{key}"}


def _taken_back(value: Any, stored: Any) -> Any:
    """Undo ``_put_aside``, and turn the lists of JSON into the tuples that they were."""
    if isinstance(value, dict):
        if set(value) == {"array"}:
            return stored[value["array"]]
        return {key: _taken_back(item, stored) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_taken_back(item, stored) for item in value)
    return value
