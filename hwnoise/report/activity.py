"""What neurons did over time in a few presentations: the file that a report draws its pictures from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.tensors import read_arrays, write_arrays

Array = NDArray[Any]
MOST = 3  # neurons of a spiking population whose membranes are kept
MOST_OUTPUTS = 10  # the same of integrators, which have nothing but membranes


@dataclass(frozen=True, eq=False)
class Course:
    """One population over time.

    Attributes
    ----------
    name : str
    spikes : (samples, steps, n) int8, optional
        Integrators have none.
    membranes : (samples, steps, k) float32, optional
        Of the neurons ``neurons``; inputs have none.
    neurons : (k,) int32
    thresholds : (k,) float32, optional
    """

    name: str
    spikes: Array | None = None
    membranes: Array | None = None
    neurons: Array | None = None
    thresholds: Array | None = None


@dataclass(frozen=True, eq=False)
class Activity:
    """A few presentations.

    Attributes
    ----------
    courses : tuple of Course
        In the order of the network; the input, if there are spikes in it, comes first as ``"input"``.
    titles : tuple of str
        What each sample is, and what it was taken for.
    labels : (samples,) int, optional
        The output that should be the strongest.
    """

    courses: tuple[Course, ...]
    titles: tuple[str, ...]
    labels: Array | None = None


def course_of(
    name: str,
    spikes: Array | None,
    membranes: Array | None,
    thresholds: Array | None = None,
    neurons: Array | None = None,
) -> Course:
    """Return a course with the membranes of few neurons: those that spike most, or the first integrators.

    Parameters
    ----------
    name : str
    spikes : (samples, steps, n), optional
    membranes : (samples, steps, n), optional
    thresholds : (n,), optional
    neurons : (k,) int, optional
        Which membranes to keep instead.
    """
    sent = None if spikes is None else np.sign(spikes).astype(np.int8)
    if membranes is None:
        return Course(name, sent)
    if neurons is not None:
        chosen = neurons
    elif sent is None:
        chosen = np.arange(min(MOST_OUTPUTS, membranes.shape[-1]))
    else:
        busiest = np.argsort(-np.abs(sent).sum(axis=(0, 1), dtype=np.int64), kind="stable")
        chosen = np.sort(busiest[:MOST])
    known = None if thresholds is None else thresholds[chosen].astype(np.float32)
    shown = membranes[..., chosen].astype(np.float32)
    return Course(name, sent, shown, chosen.astype(np.int32), known)


def write_activity(path: Path, activity: Activity) -> None:
    """Write ``activity`` to one safetensors file, whole or not at all."""
    arrays = {} if activity.labels is None else {"labels": activity.labels}
    for course in activity.courses:
        parts = vars(course).items()
        arrays |= {f"{course.name}/{key}": value for key, value in parts if isinstance(value, np.ndarray)}
    names = [course.name for course in activity.courses]
    write_arrays(path, arrays, {"populations": names, "titles": list(activity.titles)})


def read_activity(path: Path) -> Activity | None:
    """Read what ``write_activity`` wrote; None if there is no such file.

    Raises
    ------
    InputError
        If the file is damaged, or was not written by ``write_activity``.
    """
    if not path.exists():
        return None
    arrays, record = read_arrays(path)
    try:
        names: Sequence[str] = record["populations"]
        return Activity(
            tuple(_course(name, arrays) for name in names), tuple(record["titles"]), arrays.get("labels")
        )
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{path}: it does not say which populations and samples it holds ({error})"
        ) from error


def _course(name: str, arrays: Mapping[str, Array]) -> Course:
    keys = ("spikes", "membranes", "neurons", "thresholds")
    return Course(name, **{key: arrays.get(f"{name}/{key}") for key in keys})
