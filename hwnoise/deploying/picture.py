"""A comparison with the emulator as a page: differences step by step, spikes, membranes from both sides."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.deploying.account import lost
from hwnoise.deploying.comparison import Comparison
from hwnoise.deploying.subject import Subject
from hwnoise.report import words
from hwnoise.report.activity import Activity, Course, course_of

if TYPE_CHECKING:
    from hwnoise.deploying.deploy import Deployment

Array = NDArray[Any]
Recorded = tuple[Mapping[str, Array], Mapping[str, Array]]
SAMPLES = 3


def write_picture(path: Path, subject: Subject, found: Deployment, ours: Recorded, theirs: Recorded) -> None:
    """Write the page of a run that was compared.

    Parameters
    ----------
    path : Path
        An HTML file.
    subject : Subject
    found : Deployment
        With its comparison.
    ours, theirs : pair of mappings of str to (samples, steps, n)
        Spikes and membranes of the emulator and of Lava; the latter may lack some.
    """
    from hwnoise.report.deployment import Deployed, write_deployment

    assert found.comparison is not None
    titles = _titles(subject)
    differences = _differences("spikes", ours[0], theirs[0]) | _differences("membranes", ours[1], theirs[1])
    page = Deployed(
        subject.name,
        _verdict(found.comparison, bool(found.real)),
        _facts(found),
        found.notes,
        differences,
        Activity(_courses(subject, ours, theirs), titles),
        Activity(_courses(subject, theirs, theirs), titles),
        None if found.quantization is None else lost(found.quantization),
    )
    write_deployment(path, page)


def _titles(subject: Subject) -> tuple[str, ...]:
    """What the samples are that are drawn; all different."""
    count = min(SAMPLES, len(subject.x))
    if subject.labels is None:
        return tuple(f"sample {i}" for i in range(count))
    return tuple(f"sample {i}, class {int(subject.labels[i])}" for i in range(count))


def _verdict(comparison: Comparison, real: bool) -> str:
    where = "a Loihi 2" if real else "Lava's simulation of Loihi 2"
    if comparison.mismatches:
        return (
            f"{comparison.mismatches:,} of {comparison.values:,} spikes and membranes differ between "
            f"the emulator and {where}, first the {comparison.first}."
        )
    return (
        f"The emulator computes what {where} computes: {comparison.values:,} spikes and membranes, all equal."
    )


def _facts(found: Deployment) -> list[tuple[str, str]]:
    facts = [
        ("run by", "a Loihi 2" if found.real else "Lava: emulated in Loihi 2 fixed point, not on a chip"),
        ("neurons", words.count(found.neurons)),
        ("synapses", words.count(found.synapses)),
        ("samples", words.count(found.samples)),
        ("steps of a sample", words.count(found.steps_per_sample)),
        ("spikes", words.count(found.spikes)),
        ("time", words.duration(found.seconds)),
        ("accuracy", words.percent(found.accuracy)),
        ("accuracy before the conversion", words.percent(found.float_accuracy)),
    ]
    return [(name, value) for name, value in facts if value != "–"]


def _differences(what: str, ours: Mapping[str, Array], theirs: Mapping[str, Array]) -> dict[str, Array]:
    """By population, smallest and largest difference at each step: (2, steps)."""
    found = {}
    for name, other in theirs.items():
        if what == "spikes" and not (other.any() or ours[name].any()):
            continue  # integrators, which send none
        apart = ours[name].reshape(*other.shape[:2], -1).astype(np.int64) - other.reshape(
            *other.shape[:2], -1
        )
        ends = np.stack([apart.min(axis=(0, 2)), apart.max(axis=(0, 2))])
        found[f"{what} of {words.population(name)}"] = ends.astype(np.float64)
    return found


def _courses(subject: Subject, shown: Recorded, limits: Recorded) -> tuple[Course, ...]:
    """Every population that ``limits`` has, for the first samples, with the membrane that moves most."""
    spikes, membranes = ({name: _flat(a) for name, a in each.items()} for each in shown)
    found = []
    for name in limits[0]:
        sent = None if subject.integers.neurons[name].kind == "li" else spikes[name]
        if name in limits[1]:
            spread = _flat(limits[1][name]).std(axis=(0, 1))
            found.append(course_of(name, sent, membranes[name], neurons=spread.argmax(keepdims=True)))
        else:
            found.append(course_of(name, sent, None))
    return tuple(found)


def _flat(array: Array) -> Array:
    return array[:SAMPLES].reshape(*array[:SAMPLES].shape[:2], -1)
