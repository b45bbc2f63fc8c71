"""The page of a deployment: what another simulator made of a network, beside what the emulator did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.files import write_text
from hwnoise.report import courses, page, spiking, words
from hwnoise.report.activity import Activity, Course
from hwnoise.report.markup import Figure, Section, Table

Array = NDArray[Any]
SOURCES = ("emulator", "Lava")


@dataclass(frozen=True, eq=False)
class Deployed:
    """What the page shows.

    Attributes
    ----------
    name : str
        Of the network.
    verdict : str
        Whether both agree.
    facts : sequence of (str, str)
    notes : sequence of str
        What was chosen or lost on the way, a sentence each.
    differences : mapping of str to (2, steps) float
        By what is compared: the smallest and the largest difference at each step, over all samples and
        neurons.
    ours, theirs : Activity
        The same few samples on both sides, and of each population the same one membrane.
    lost : Section, optional
        Of a network of floats: what its way to integers cost.
    """

    name: str
    verdict: str
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str]
    differences: Mapping[str, Array]
    ours: Activity
    theirs: Activity
    lost: Section | None = None


def write_deployment(path: Path, found: Deployed) -> None:
    """Write the page, whole or not at all."""
    heading = escape(found.name)
    header = (
        f'<header>\n<p class="kind">Deployment</p>\n<h1>{heading}</h1>\n'
        f'<p class="verdict">{escape(found.verdict)}</p>\n</header>\n'
    )
    lost = [] if found.lost is None else [found.lost]
    parts = [_account(found), *lost, _differences(found), _seen(found)]
    write_text(path, page.document(heading, header, parts, "<footer><p>hwnoise</p></footer>\n"))


def _account(found: Deployed) -> Section:
    table = Table(("fact", "value"), found.facts, words=True)
    return Section("Run", [words.sentence(note) for note in found.notes], tables=[table])


def _differences(found: Deployed) -> Section:
    """The difference of all that was compared, over the steps of a presentation."""
    steps = max(len(low) for low, _ in found.differences.values())
    points = [
        {"population": name, "step": t + 0.5, "low": float(low[t]), "high": float(high[t])}
        for name, (low, high) in found.differences.items()
        for t in range(len(low))
    ]
    most = {name: float(np.abs(ends).max()) for name, ends in found.differences.items()}
    apart = [name for name, largest in most.items() if largest]
    said = (
        f"They differ in {words.listing(apart)}."
        if apart
        else "The line is zero everywhere: no spike and no membrane differs at any step."
    )
    sentences = [
        "Emulator minus Lava in units of the chip: the smallest and the largest difference at each step, "
        "over all samples and neurons.",
        said,
    ]
    spec = courses.differences(points, names=list(found.differences), steps=steps)
    numbers = Table(("compared", "largest difference"), [(name, f"{most[name]:,.0f}") for name in most])
    return Section("Difference", sentences, [Figure("Emulator minus Lava", said, spec, numbers, wide=True)])


def _seen(found: Deployed) -> Section:
    """Spikes in Lava, and a membrane of each population from both sides."""
    spikes = [course for course in found.theirs.courses if course.spikes is not None]
    figures = [spiking.spikes(spikes, found.theirs.titles)] if spikes else []
    pairs = zip(found.ours.courses, found.theirs.courses, strict=True)
    figures += [_overlay(*pair, found.ours.titles) for pair in pairs if pair[1].membranes is not None]
    sentences = [
        "The first samples in Lava: every tick is a spike.",
        "Of each population one membrane, the one that moves most, after resets as the chip keeps it: "
        "the emulator's as a line, Lava's as dots.",
    ]
    return Section("Spikes and membranes", sentences, figures)


def _overlay(ours: Course, theirs: Course, titles: Sequence[str]) -> Figure:
    """The one membrane of a population that both have kept."""
    assert ours.membranes is not None
    assert ours.neurons is not None
    assert theirs.membranes is not None
    name, neuron = words.population(ours.name), int(ours.neurons[0])
    both = [course[..., 0] for course in (ours.membranes, theirs.membranes)]
    points = [
        {"sample": titles[s], "step": t + 0.5, "source": source, "value": float(values[s, t])}
        for source, values in zip(SOURCES, both, strict=True)
        for s, t in np.ndindex(values.shape)
    ]
    spec = courses.overlay(points, titles=titles, steps=both[0].shape[1], sources=SOURCES)
    lines = [
        (title, f"{mine.max():,.0f}", f"{other.max():,.0f}")
        for title, mine, other in zip(titles, *both, strict=True)
    ]
    numbers = Table(("sample", *(f"highest, {source}" for source in SOURCES)), lines)
    text = f"The membrane of neuron {neuron} of {name} from both sides."
    return Figure(f"Membrane of {name}, neuron {neuron}", text, spec, numbers, wide=True)
