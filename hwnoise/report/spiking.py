"""What the neurons did: a spike raster, and the membranes of some of them, for a few samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwnoise.report import courses, words
from hwnoise.report.activity import Activity, Course
from hwnoise.report.markup import Figure, Section, Table
from hwnoise.report.theme import BLUE, GREY, ORANGE, SAND

ROWS = 48  # neurons of a population that a raster shows: more would be a grey area
_NEURON_COLOURS = (BLUE, ORANGE, GREY)
RIGHT, OTHER = "the sample's class", "other classes"


def activity(found: Activity | None) -> Section | None:
    """Spikes and membranes in a few presentations; None for a network without time."""
    if found is None:
        return None
    spiking = [course for course in found.courses if course.spikes is not None]
    sentences = [
        "Some test samples on the trained chip: every tick is a spike, every column of panels a sample.",
        "Membranes are shown before their reset; dashed lines are the thresholds of the network.",
    ]
    figures = [spikes(spiking, found.titles)] if spiking else []
    figures += [membranes(each, found) for each in found.courses if each.membranes is not None]
    return Section("Spikes and membranes", sentences, figures)


def spikes(found: Sequence[Course], titles: Sequence[str]) -> Figure:
    """The raster of all populations that spike."""
    drawn, lines, thinned, steps = [], [], [], 1
    for course in found:
        assert course.spikes is not None
        _, steps, n = course.spikes.shape
        every = -(-n // ROWS)
        shown = course.spikes[:, :, ::every]
        places = [
            {"sample": titles[s], "step": t + 0.5, "row": row, "sign": int(shown[s, t, row])}
            for s, t, row in np.argwhere(shown).tolist()
        ]
        name = words.population(course.name)
        drawn.append((name, shown.shape[2], places))
        thinned += [f"every {every}th of {n:,} in {name}"] if every > 1 else []
        counts = np.abs(course.spikes).sum(axis=(1, 2), dtype=np.int64)
        lines.append((name, words.count(n), *(words.count(int(count)) for count in counts)))
    text = f"Spikes of {words.listing([name for name, *_ in drawn])}"
    text += f"; shown is {words.listing(thinned)}." if thinned else "."
    numbers = Table(("spikes of", "neurons", *titles), lines)
    return Figure("Spikes", text, courses.raster(drawn, titles=titles, steps=steps), numbers, wide=True)


def membranes(course: Course, found: Activity) -> Figure:
    """The membranes of the neurons of one population that were kept."""
    assert course.membranes is not None
    assert course.neurons is not None
    samples, steps, count = course.membranes.shape
    name = words.population(course.name)
    kinds = [[_kind(course, found, s, k) for k in range(count)] for s in range(samples)]
    points = [
        {"sample": found.titles[s], "step": t + 0.5, "neuron": int(course.neurons[k]), "kind": kinds[s][k],
         "value": float(course.membranes[s, t, k])}
        for s, t, k in np.ndindex(samples, steps, count)
    ]  # fmt: skip
    levels = [] if course.thresholds is None else sorted({round(float(v), 6) for v in course.thresholds})
    used = {kind for row in kinds for kind in row}
    colours = {kind: colour for kind, colour in _colours(course).items() if kind in used}
    spec = courses.membranes(points, levels, titles=found.titles, steps=steps, colours=colours)
    ends = [
        (found.titles[s], str(int(course.neurons[k])), *(words.number(float(end)) for end in (low, high)))
        for s in range(samples)
        for k, (low, high) in enumerate(
            zip(course.membranes[s].min(0), course.membranes[s].max(0), strict=True)
        )
    ]
    text = f"Membranes of {words.plural(count, 'neuron')} of {name}"
    text += f", threshold {words.listing([words.number(level) for level in levels])}." if levels else "."
    numbers = Table(("sample", "neuron", "lowest", "highest"), ends)
    return Figure(f"Membranes of {name}", text, spec, numbers, wide=True)


def _kind(course: Course, found: Activity, sample: int, place: int) -> str:
    """What a line stands for: the neuron itself, or of outputs whether it is the right one."""
    assert course.neurons is not None
    neuron = int(course.neurons[place])
    if course.spikes is not None or found.labels is None:
        return f"neuron {neuron}"
    return RIGHT if neuron == int(found.labels[sample]) else OTHER


def _colours(course: Course) -> dict[str, str]:
    assert course.neurons is not None
    own = (*_NEURON_COLOURS, *(SAND for _ in course.neurons))
    neurons = {f"neuron {n}": colour for n, colour in zip(course.neurons.tolist(), own, strict=False)}
    return {OTHER: GREY, **neurons, RIGHT: BLUE}
