"""Numbers and verdicts in words."""

from __future__ import annotations

from collections.abc import Sequence

from hwnoise.report.record import Accuracy, Epoch, Record, Summary

NBSP = "\N{NO-BREAK SPACE}"
NOT_SHOWN = "The chip does not show this."


def percent(value: float | None) -> str:
    """A share as people read it: ``95.3 %``."""
    return "–" if value is None else f"{100 * value:.1f}{NBSP}%"


def interval(accuracy: Accuracy) -> str:
    """The two ends of an interval: ``94.6 to 96.0 %``; empty where there is none."""
    if accuracy.low is None or accuracy.high is None:
        return ""
    low, high = max(0.0, accuracy.low), min(1.0, accuracy.high)
    return f"{100 * low:.1f} to {100 * high:.1f}{NBSP}%"


def share(accuracy: Accuracy) -> str:
    """A share and its interval in one: ``95.3 % (94.6 to 96.0 %)``."""
    bounds = interval(accuracy)
    return f"{percent(accuracy.value)} ({bounds})" if bounds else percent(accuracy.value)


def number(value: float | None) -> str:
    """A measured number with three digits, or a dash."""
    return "–" if value is None else f"{value:.3g}"


def count(value: int | None) -> str:
    """A count with its thousands apart, or a dash."""
    return "–" if value is None else f"{value:,}"


def duration(seconds: float | None) -> str:
    """A time as people say it: ``8.3 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.2g}{NBSP}s" if seconds < 1 else f"{seconds:.1f}{NBSP}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{NBSP}min {rest}{NBSP}s"
    return f"{minutes // 60:,}{NBSP}h {minutes % 60}{NBSP}min"


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop, whatever the words were cut out of."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def plural(amount: int, noun: str) -> str:
    """``1 chip``, ``5 chips``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def listing(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def population(name: str) -> str:
    """What people call the neurons of a layer: ``hidden1`` for ``hidden1_neurons``."""
    return name.removesuffix("_neurons")


def title(record: Record) -> str:
    """What was trained on what: the heading of the page."""
    summary = record.summary
    if summary is None or summary.task is None:
        return record.name
    return summary.task + (f" on {summary.device}" if summary.device else "")


def setting(record: Record) -> str:
    """Which network, chip, rule and backend: one sentence."""
    summary = record.summary
    if summary is None:
        return f"This run is unfinished: {progress(record.epochs)}"
    network = f"a {summary.network} network" if summary.network else "a network"
    chip = f"a {summary.device} chip" if summary.device else "a chip"
    backend = f" ({summary.backend} backend)" if summary.backend else ""
    rule = f" with the rule {summary.learner}" if summary.learner else ""
    length = f", for {plural(summary.epochs, 'epoch')}" if summary.epochs is not None else ""
    task = f" on {summary.task}" if summary.task else ""
    marked = ", a yardstick: it takes derivatives, which no chip has" if derivatives(summary) else ""
    return sentence(f"{network} was trained{task}, on {chip}{backend}{rule}{length}{marked}.")


def derivatives(summary: Summary) -> int | None:
    """The work in forward passes, where a yardstick did more than its passes."""
    return summary.work if summary.work and summary.work > (summary.passes or 0) else None


def progress(epochs: Sequence[Epoch]) -> str:
    """How far an unfinished run has come."""
    if not epochs:
        return "no epoch is complete yet."
    last = epochs[-1]
    known = [f"the loss is {number(last.loss)}"] if last.loss is not None else []
    if last.validation_accuracy is not None:
        known.append(f"accuracy on validation data is {percent(last.validation_accuracy)}")
    if not known:
        return f"epoch {last.epoch} is complete."
    return f"after epoch {last.epoch}, {' and '.join(known)}."


def verdict(summary: Summary) -> str:
    """Before, after, fresh chips, each with its interval; only what the intervals support."""
    before, after = summary.accuracy_before, summary.accuracy_after
    if after is None:
        return "The accuracy after training was not measured." + transfer(summary)
    if before is None:
        return f"Accuracy after training is {share(after)}.{transfer(summary)}"
    return f"{_change(before, after)}{transfer(summary)}"


def transfer(summary: Summary) -> str:
    """What becomes of the weights on chips they were not trained on; empty if not measured."""
    fresh = summary.accuracy_fresh_chips
    if fresh is None:
        return ""
    chips = plural(len(fresh.chips), "fresh chip") if fresh.chips else "fresh chips"
    reach = "reach" if len(fresh.chips) < 2 else "reach, on average,"
    return f" Programmed into {chips}, the weights {reach} {share(fresh)}."


def _change(before: Accuracy, after: Accuracy) -> str:
    path = f"from {share(before)} to {share(after)}"
    if _floor(after) > _ceiling(before):
        return f"It learned: accuracy rose {path}."
    if _ceiling(after) < _floor(before):
        return f"It got worse: accuracy fell {path}."
    return f"It cannot be told apart from learning nothing: accuracy went {path}, and the intervals overlap."


def _floor(accuracy: Accuracy) -> float:
    return accuracy.value if accuracy.low is None else accuracy.low


def _ceiling(accuracy: Accuracy) -> float:
    return accuracy.value if accuracy.high is None else accuracy.high
