"""``hwnoise report``: a run as one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwnoise.cli.options import Json, Unused
from hwnoise.cli.output import emit_json


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder made by `hwnoise train`.")],
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")] = False,
    seed: Unused = None,
) -> None:
    """Write the report.html of a run and print its path.

    One self-contained file: it can be viewed without a network.

    Example:
      hwnoise report runs/digits-pcm-anp-1
    """
    from hwnoise import report as html

    path = html.write(run)
    if as_json:
        emit_json({"report": path})
    elif not quiet:
        print(path)
