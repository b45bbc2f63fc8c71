"""Which sections a report has, in reading order."""

from __future__ import annotations

from hwnoise.report.account import cost, forecast, observed, provenance
from hwnoise.report.learned import accuracy, learning, mistakes
from hwnoise.report.markup import Section
from hwnoise.report.physics import alignment, noise, wear
from hwnoise.report.record import Record
from hwnoise.report.spiking import activity


def all_of(record: Record) -> list[Section]:
    """Every section of a run; an unfinished one has its learning curve and its origin."""
    curve = learning(record.epochs)
    summary = record.summary
    if summary is None:
        return [curve, provenance(None, record.manifest)]
    seen = activity(record.activity)
    return [
        curve,
        accuracy(summary),
        mistakes(summary.confusion, summary.classes),
        *([seen] if seen is not None else []),  # of networks with time
        noise(summary.layers),
        alignment(summary.alignment),
        wear(summary.writes_per_device),
        cost(summary),
        observed(summary),
        forecast(summary.forecast),
        provenance(summary, record.manifest),
    ]
