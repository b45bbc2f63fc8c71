"""What the network learned: the curve, the accuracies, the mistakes that are left."""

from __future__ import annotations

from collections.abc import Sequence

from hwnoise.report import charts, words
from hwnoise.report.markup import Figure, Section, Table
from hwnoise.report.record import Accuracy, Epoch, Summary
from hwnoise.report.theme import BLUE, GREY

_STEPS = ("before training", "after training", "fresh chips")
_MOST_MISTAKES = 3


def learning(epochs: Sequence[Epoch]) -> Section:
    """Loss and accuracy against epochs."""
    if not epochs:
        return Section("Learning curve", ["No epoch is complete yet."])
    headers = ("epoch", "loss", "training", "validation", "reads", "writes", "time")
    numbers = Table(headers, [_line(epoch) for epoch in epochs])
    figures = [_losses(epochs, numbers), _accuracies(epochs, numbers)]
    return Section("Learning curve", [words.sentence(words.progress(epochs))], figures)


def _line(epoch: Epoch) -> tuple[str, ...]:
    shares = (words.percent(epoch.train_accuracy), words.percent(epoch.validation_accuracy))
    costs = (words.count(epoch.reads), words.count(epoch.writes), words.duration(epoch.seconds))
    return (str(epoch.epoch), words.number(epoch.loss), *shares, *costs)


def _losses(epochs: Sequence[Epoch], numbers: Table) -> Figure:
    points = [(epoch.epoch, epoch.loss, "loss") for epoch in epochs]
    spec = charts.curve(points, x_title="epoch", y_title="loss", styles={"loss": (BLUE, (1, 0))})
    ends = f"from {words.number(epochs[0].loss)} to {words.number(epochs[-1].loss)}"
    return Figure("Loss", f"Loss on training data by epoch; it goes {ends}.", spec, numbers)


def _accuracies(epochs: Sequence[Epoch], numbers: Table) -> Figure:
    points = [(epoch.epoch, epoch.train_accuracy, "training") for epoch in epochs]
    points += [(epoch.epoch, epoch.validation_accuracy, "validation") for epoch in epochs]
    styles = {"validation": (BLUE, (1, 0)), "training": (GREY, (4, 3))}
    spec = charts.curve(points, x_title="epoch", y_title="accuracy", styles=styles, percent=True)
    first, last = (words.percent(epoch.validation_accuracy) for epoch in (epochs[0], epochs[-1]))
    return Figure("Accuracy", f"Accuracy by epoch; on validation data from {first} to {last}.", spec, numbers)


def accuracy(summary: Summary) -> Section:
    """Accuracy before and after training and on fresh chips, with intervals."""
    measured = (summary.accuracy_before, summary.accuracy_after, summary.accuracy_fresh_chips)
    found = [(name, share) for name, share in zip(_STEPS, measured, strict=True) if share is not None]
    missing = [name for name, share in zip(_STEPS, measured, strict=True) if share is None]
    if not found:
        return Section("Accuracy on held-out data", ["It was not measured."])
    sentences = ["Dots are the measured accuracy, bars its 95 % interval, thin ticks single chips."]
    classes = len(summary.classes or ())
    if classes:
        sentences.append(f"The dotted line is what guessing among {classes} classes gives.")
    if missing:
        sentences.append(f"Not measured: {words.listing(missing)}.")
    figures = [_bars("Accuracy", found, (0.0, 1.0), 1 / classes if classes else None)]
    learned = [pair for pair in found if pair[0] != "before training"]
    if learned and len(found) > 1:
        figures.append(_bars("After training, magnified", learned, _window(learned), None))
    return Section("Accuracy on held-out data", sentences, figures)


def _bars(
    title: str, found: Sequence[tuple[str, Accuracy]], domain: tuple[float, float], guess: float | None
) -> Figure:
    rows = [
        {"name": name, "value": share.value, "low": share.low, "high": share.high, "single": share.chips}
        for name, share in found
    ]
    spec = charts.intervals(rows, domain=domain, guess=guess)
    text = "; ".join(f"{name}: {words.share(share)}" for name, share in found) + "."
    numbers = [
        (name, words.percent(share.value), words.interval(share) or "–", _chips(share))
        for name, share in found
    ]
    return Figure(title, text, spec, Table(("measured", "accuracy", "interval", "single chips"), numbers))


def _chips(share: Accuracy) -> str:
    return ", ".join(words.percent(chip) for chip in share.chips) or "–"


def _window(found: Sequence[tuple[str, Accuracy]]) -> tuple[float, float]:
    """The part of 0..1 in which everything lies, on whole percents and with a margin."""
    values = [value for _, share in found for value in (share.value, share.low, share.high, *share.chips)]
    known = [value for value in values if value is not None]
    low, high = int(100 * min(known)) - 1, int(100 * max(known)) + 2
    return max(0, low) / 100, min(100, high) / 100


def mistakes(confusion: Sequence[Sequence[int]] | None, classes: Sequence[object] | None) -> Section:
    """The confusion matrix and its largest errors."""
    title = "Confusion matrix"
    if not confusion:
        return Section(title, ["No confusion matrix was recorded."])
    names = _distinct([str(name) for name in classes or range(len(confusion))])
    wrong = sorted(
        ((count, i, j) for i, row in enumerate(confusion) for j, count in enumerate(row) if i != j and count),
        key=lambda error: -error[0],
    )
    total = sum(map(sum, confusion))
    amount = sum(count for count, *_ in wrong)
    sentences = [f"{amount:,} of {total:,} answers are wrong. Blue is right, orange is wrong."]
    if wrong:
        largest = [
            f"“{names[i]}” taken for “{names[j]}” ({words.plural(count, 'time')})"
            for count, i, j in wrong[:_MOST_MISTAKES]
        ]
        sentences.append(f"Most frequent: {words.listing(largest)}.")
    numbers = Table(
        ("true class", *names),
        [(name, *map(words.count, row)) for name, row in zip(names, confusion, strict=True)],
    )
    text = f"Answers by true class; {amount:,} of {total:,} are off the diagonal."
    figure = Figure("Answers by true class", text, charts.confusion(confusion, names), numbers)
    return Section(title, sentences, [figure])


def _distinct(names: Sequence[str]) -> list[str]:
    """Give classes that share a name their number, so that each keeps its own row."""
    return [name if names.count(name) == 1 else f"{name} ({n})" for n, name in enumerate(names)]
