"""The rows as a table for people and as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from hwnoise.bench.timing import Row
from hwnoise.errors import InputError
from hwnoise.files import reason, write_text

if TYPE_CHECKING:
    from rich.table import Table


def table(rows: Sequence[Row], notes: bool = True) -> Table:
    """Return the rows as a table, with ``notes`` on what each reference is.

    The ratio is red where it exceeds its limit. Further references of one case stand below it.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    lines = Table(box=box.SIMPLE_HEAD)
    for heading in ("", "ours", "reference", "ratio", "95 %", "limit"):
        lines.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    if notes:
        lines.add_column("reference is", style="dim")
    for head, row in zip(_heads(rows), rows, strict=True):
        style = "bold red" if row.limit is not None and row.ratio > row.limit else "bold"
        lines.add_row(
            escape(head),
            duration(row.ours),
            duration(row.reference),
            f"[{style}]{share(row.ratio)}[/]",
            f"{share(row.low)} – {share(row.high)}",
            "" if row.limit is None else share(row.limit, short=True),
            *(["" if row.name.endswith(row.note) else escape(row.note)] if notes else []),
        )
    return lines


def _heads(rows: Sequence[Row]) -> Iterator[str]:
    """The names, where one goes on from an earlier one only its end."""
    case = ""
    for row in rows:
        below = case and row.name.startswith(f"{case}, ")
        yield f"    {row.name.removeprefix(f'{case}, ')}" if below else row.name
        case = case if below else row.name


def share(ratio: float, short: bool = False) -> str:
    """Return a ratio with two decimals, or as few as it needs if ``short``; ``"1/312"`` far below 1."""
    if ratio < (1 if short else 0.1):
        return f"1/{1 / ratio:.0f}"
    return f"{ratio:g}" if short else f"{ratio:.2f}"


def duration(seconds: float) -> str:
    """Return three digits with the unit that fits: ``"1.23 ms"``."""
    unit, size = next((u for u in (("s", 1.0), ("ms", 1e-3)) if seconds >= u[1]), ("µs", 1e-6))
    value = seconds / size
    return f"{value:.{max(0, 2 - int(value >= 10) - int(value >= 100))}f} {unit}"


def to_json(rows: Sequence[Row]) -> str:
    """Return the rows as a JSON list of objects."""
    return json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False, allow_nan=False)


def save(rows: Sequence[Row], path: Path) -> None:
    """Write the rows to ``path`` as JSON, whole or not at all; makes its folder.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path.parent}: {reason(error)}") from error
    write_text(path, to_json(rows) + "\n")
