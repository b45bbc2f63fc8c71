"""``python -m hwnoise.bench``: time everything, print a table, write ``build/bench.json``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from hwnoise.bench import (
    cold,
    convolution,
    draws,
    lava_steps,
    many,
    pcm,
    peers,
    programming,
    pulses,
    reads,
    spiking,
    table,
    torch_path,
    training,
)
from hwnoise.bench.timing import Case, measure
from hwnoise.errors import HwnoiseError, InputError

DEVICES = (reads, pcm, convolution, programming, many, pulses)
MODULES = (*DEVICES, draws, training, cold, spiking, torch_path, lava_steps, peers)  # as in the table
OUT = Path("build/bench.json")
SECONDS, QUICK_SECONDS = 1.0, 0.1
WIDTH = 150  # characters: with what every reference is; a narrower terminal gets the numbers alone


def every_case() -> Iterator[Case]:
    """All cases, in the order of the table."""
    for module in MODULES:
        yield from module.cases()


def select(only: str) -> list[Case]:
    """The cases with a row whose name matches the regular expression ``only``.

    Raises
    ------
    InputError
        If it is none, or matches no row.
    """
    try:
        pattern = re.compile(only, re.IGNORECASE)
    except re.error as error:
        raise InputError(f"--only {only!r} is not a regular expression: {error}") from None
    chosen = [case for case in every_case() if any(map(pattern.search, case.names))]
    if not chosen:
        raise InputError(f"--only {only!r} matches none of the rows")
    return chosen


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the time, wider intervals.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON, not the table.")] = False,
    only: Annotated[str, typer.Option(help="Only rows that match.", metavar="PATTERN")] = "",
    out: Annotated[Path, typer.Option(help="Where the JSON goes.", metavar="FILE")] = OUT,
) -> None:
    """Time the hot paths of hwnoise against what they cannot beat."""
    from rich.console import Console

    progress, rows = Console(stderr=True), []
    for case in select(only):
        with progress.status(case.name):
            measured = measure(case, QUICK_SECONDS if quick else SECONDS, 3 if quick else 5)
        rows += [row for row in measured if re.search(only, row.name, re.IGNORECASE)]
    table.save(rows, out)
    if as_json:
        print(table.to_json(rows))
        return
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(table.table(rows, notes=console.width >= WIDTH))
    for name in dict.fromkeys(name for module in (peers, spiking, lava_steps) for name in module.missing()):
        console.print(f"skipped: rows against {name}, which is not installed", style="dim", highlight=False)
    console.print(f"written to {out}", style="dim", highlight=False)


def app() -> typer.Typer:
    """The command, with plain help and plain tracebacks."""
    made = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    made.command()(bench)
    return made


def main() -> int:
    """Run the command; returns 2 after one sentence on bad input, 130 if interrupted."""
    try:
        app()(standalone_mode=False)
    except HwnoiseError as error:
        return _complain(str(error), error.exit_code)
    except typer.TyperException as error:
        return _complain(error.format_message(), error.exit_code)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    return 0


def _complain(sentence: str, code: int) -> int:
    print("bench:", sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
