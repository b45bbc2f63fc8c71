"""The page as a whole: head, verdict, the three accuracies, sections."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files

from hwnoise.report import markup, sections, theme, words
from hwnoise.report.record import Accuracy, Record, Summary

# The page is one file and asks for nothing: the policy makes the browser refuse if it ever did,
# and lets no script run whatever a task, layer or folder is called.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(record: Record) -> str:
    """Return the whole page as one string of HTML."""
    heading = escape(words.title(record))
    return document(heading, _header(record, heading), sections.all_of(record), _footer(record))


def document(heading: str, header: str, parts: Iterable[markup.Section], footer: str) -> str:
    """Return a whole page; heading, header and footer are HTML already."""
    style = theme.css() + files("hwnoise.report").joinpath("style.css").read_text(encoding="utf-8")
    body = "".join(markup.section(part) for part in parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{heading} · hwnoise</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"{header}<main>\n{body}</main>\n{footer}</body>\n</html>\n"
    )


def _header(record: Record, heading: str) -> str:
    summary = record.summary
    lead = "" if summary is None else f'<p class="verdict">{escape(words.verdict(summary))}</p>\n'
    kind = "Training run" if summary is not None else "Training run, unfinished"
    return (
        f'<header>\n<p class="kind">{kind}</p>\n<h1>{heading}</h1>\n{lead}'
        f'<p class="setting">{escape(words.setting(record))}</p>\n'
        f"{_tiles(summary) if summary is not None else ''}</header>\n"
    )


def _tiles(summary: Summary) -> str:
    fresh = summary.accuracy_fresh_chips
    pairs = [
        ("before training", _accuracy(summary.accuracy_before)),
        ("after training", _accuracy(summary.accuracy_after)),
        ("on fresh chips", _accuracy(fresh)),
        ("training time", (words.duration(summary.seconds), "")),
    ]
    tiles = "".join(
        f"<div><dt>{label}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>\n"
        for label, (value, note) in pairs
    )
    return f'<dl class="tiles">\n{tiles}</dl>\n'


def _accuracy(accuracy: Accuracy | None) -> tuple[str, str]:
    if accuracy is None:
        return "–", "not measured"
    return words.percent(accuracy.value), words.interval(accuracy)


def _footer(record: Record) -> str:
    version = record.summary.version if record.summary else None
    return f"<footer><p>hwnoise {escape(version or '')} · {escape(record.name)}</p></footer>\n"
