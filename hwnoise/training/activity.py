"""Spikes and membranes of a few test samples, kept for the report of a network with time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Probe, Program, Reading
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.nodes import Input
from hwnoise.report.activity import Activity, Course, course_of
from hwnoise.tasks.base import Task

Array = NDArray[Any]
SAMPLES = 3
_PROBE = Probe(observe=frozenset({"spikes", "membranes", "nodes"}))


def record_activity(program: Program, task: Task) -> Activity | None:
    """Present a test sample of each of the first classes that occur, noise and all.

    None for a network without time, and for a chip that does not let one see its neurons.
    """
    if not program.network.is_timed:
        return None
    labels = task.test.y
    chosen = np.sort(np.unique(labels, return_index=True)[1])[:SAMPLES]
    try:
        readings = [program.run(task.test.x[i : i + 1], _PROBE) for i in chosen]
    except MismatchError:
        return None
    titles = _titles(task, chosen, readings)
    return Activity(tuple(_courses(program.network, readings)), titles, labels[chosen])


def _titles(task: Task, chosen: Array, readings: list[Reading]) -> tuple[str, ...]:
    """What each sample is, and what it was taken for where that is something else; all different."""
    names = [str(name) for name in task.classes]
    answers = [int(_scores(reading).argmax()) for reading in readings]
    labels = [int(task.test.y[i]) for i in chosen]
    return tuple(
        f"“{names[label]}”" + ("" if answer == label else f", taken for “{names[answer]}”")
        for label, answer in zip(labels, answers, strict=True)
    )


def _scores(reading: Reading) -> Array:
    """One number per class: probabilities, or the mean over the steps."""
    output = np.asarray(reading.output[0, 0])
    return output.mean(axis=0) if output.ndim > 1 else output


def _courses(network: Network, readings: list[Reading]) -> list[Course]:
    """The input, where it is spikes, and every population of neurons."""
    found = []
    inner = next(name for name, node in network.nodes.items() if isinstance(node, Input))
    first = next((b for a, b in network.edges if a == inner and b in readings[0].inputs), None)
    if first is not None:
        given = np.stack([reading.inputs[first][0, 0] for reading in readings])
        if np.isin(given, (-1, 0, 1)).all():
            found.append(course_of("input", given.reshape(*given.shape[:2], -1), None))
    for name in readings[0].membranes:
        spikes = _stacked(readings, "spikes", name) if name in readings[0].spikes else None
        threshold = getattr(network.nodes[name], "v_threshold", None)
        levels = None if threshold is None else np.asarray(threshold).ravel()
        found.append(course_of(name, spikes, _stacked(readings, "membranes", name), levels))
    return found


def _stacked(readings: list[Reading], what: str, name: str) -> Array:
    """The courses (samples, steps, n) of one population."""
    parts = [getattr(reading, what)[name][0, 0] for reading in readings]
    return np.stack([part.reshape(len(part), -1) for part in parts])
