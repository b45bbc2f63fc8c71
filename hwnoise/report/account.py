"""What the run cost, what was expected of it, and where it came from."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hwnoise.report import words
from hwnoise.report.markup import Section, Table
from hwnoise.report.record import Forecast, Summary


def cost(summary: Summary) -> Section:
    """Passes, device writes, time, and every event the chip counted."""
    rows = [
        ("passes through the network", words.count(summary.passes)),
        ("the same with derivatives, in passes", words.count(words.derivatives(summary))),
        ("device writes", words.count(summary.writes)),
        ("wall-clock time", words.duration(summary.seconds)),
    ]
    events = [(name.replace("_", " "), words.count(count)) for name, count in (summary.events or {}).items()]
    rows += [event for event in events if event not in rows]
    known = [row for row in rows if row[1] != "–"]
    sentences = ["What the chip did during training, counted event by event."]
    if not known:
        return Section("Cost", [words.NOT_SHOWN])
    if summary.events is None:
        sentences.append("The chip does not show single events.")
    sentences += [words.sentence(f"energy: {summary.energy}")] if summary.energy else []
    sentences += [words.sentence(f"writes were {summary.writing}")] if summary.writing else []
    return Section("Cost", sentences, tables=[Table(("event", "amount"), known)])


def observed(summary: Summary) -> Section:
    """How the learner saw the noise it learned from."""
    title = "How the noise was observed"
    if not summary.observability:
        return Section(title, ["The run does not say how the noise was observed."])
    said = "A learner uses only what the chip lets it see."
    if words.derivatives(summary):
        said = "This chip lets its noise be seen so; a yardstick takes derivatives instead."
    return Section(title, [said], items=summary.observability)


def forecast(found: Forecast | None) -> Section:
    """What the closed forms said before the first step."""
    if found is None or not (found.verdict or found.sentence):
        return Section("Forecast", ["No forecast was made before this run."])
    said = found.sentence or found.verdict or ""
    return Section(
        "Forecast", ["What the closed forms said before the first step."], items=[words.sentence(said)]
    )


def provenance(summary: Summary | None, manifest: Mapping[str, Any] | None) -> Section:
    """Versions, seed and command: what it takes to have the same bits again."""
    command = _command(summary, manifest or {})
    sentences = ["The command was not recorded."]
    if command is not None:
        sentences = ["The same command, version and class of machine give the same bits."]
    if manifest is None:
        sentences.append("The folder has no manifest.json, so versions are not known.")
    facts = _facts(summary)
    # what the manifest says again is said once; what it says otherwise is seen
    facts += [fact for fact in _flat(manifest or {}) if fact not in facts and fact[0] != "command"]
    tables = [Table(("fact", "value"), facts, words=True)] if facts else []
    return Section("Provenance", sentences, tables=tables, code=command)


def _command(summary: Summary | None, manifest: Mapping[str, Any]) -> str | None:
    """The line to type: a manifest keeps it as the list of its words."""
    if summary is not None and summary.command:
        return summary.command
    found = manifest.get("command")
    if not isinstance(found, list) or not found:
        return None
    program, *arguments = map(str, found)
    return shlex.join([Path(program).name, *arguments])  # where it was installed is nobody's business


def _facts(summary: Summary | None) -> list[tuple[str, str]]:
    if summary is None:
        return []
    names = ("task", "network", "device", "learner", "backend", "epochs", "seed", "version")
    values = ((name, getattr(summary, name)) for name in names)
    return [(name, str(value)) for name, value in values if value is not None]


def _flat(manifest: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested tables as names of several words, in the order of the file."""
    rows: list[tuple[str, str]] = []
    for key, value in manifest.items():
        name = f"{prefix}{key}"
        rows += _flat(value, f"{name} ") if isinstance(value, Mapping) else [(name, str(value))]
    return rows
