"""What a command prints: one JSON value, entries to read, or lines; results to stdout, progress to stderr."""

from __future__ import annotations

import json
import math
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


def emit_json(value: Any) -> None:
    """Print ``value`` as exactly one JSON value; numbers that are not finite become ``null``."""
    print(json.dumps(plain(value), allow_nan=False))


def plain(value: Any) -> Any:
    """Turn NumPy scalars and arrays, paths, sets and tuples into what JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def emit_rows(
    rows: Sequence[Row], heading: str, fields: Sequence[str], *, as_json: bool, quiet: bool
) -> None:
    """Print records as a JSON list, as their names only (``quiet``), or as entries to read.

    Parameters
    ----------
    rows : sequence of mapping
        Each has a ``"name"``.
    heading : str
        The key of what stands beside the name.
    fields : sequence of str
        The keys listed below it; what a record has not is left out.
    """
    if as_json:
        emit_json(rows)
    elif quiet:
        print_lines(str(row["name"]) for row in rows)
    else:
        print_lines(line for row in rows for line in _entry(row, heading, fields))


def _entry(row: Row, heading: str, fields: Sequence[str]) -> Iterator[str]:
    """``name: heading``, then each field beside its label, then an empty line."""
    yield f"{row['name']}: {row[heading]}" if row.get(heading) else str(row["name"])
    margin = 4 + max(map(len, fields), default=0)
    for key in fields:
        label = f"  {key}"
        for part in _parts(key, row.get(key)):
            yield wrapped(part, label, margin)
            label = ""
    yield ""


def _parts(key: str, value: Any) -> list[str]:
    """What is listed one below the other: each citation of several, each noise of several; prose is one."""
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if value in (None, ""):
        return []
    return [str(value)] if key == "summary" else str(value).split("; ")


def wrapped(text: str, label: str, margin: int) -> str:
    """``text`` from column ``margin`` on, beside its ``label``, or below one that is too long."""
    columns = shutil.get_terminal_size().columns
    width = max(columns - 1, margin + 30)
    words = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    words.initial_indent = words.subsequent_indent = " " * margin
    if not text:
        return label
    block = words.fill(text)
    return f"{label:<{margin}}{block[margin:]}" if len(label) < margin else f"{label}\n{block}"


def print_lines(lines: Iterable[str]) -> None:
    """Print each line on standard output."""
    for line in lines:
        print(line)


def percent(value: float) -> str:
    """A share as people read it: ``95.3 %``."""
    return f"{100 * value:.1f} %"


def interval(value: float, low: float, high: float) -> str:
    """A share with its interval: ``95.3 % [94.6, 96.0]``."""
    return f"{percent(value)} [{100 * low:.1f}, {100 * high:.1f}]"
