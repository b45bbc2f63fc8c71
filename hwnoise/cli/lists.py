"""``hwnoise devices | learners | backends | tasks | cite``: what there is, with sources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwnoise.cli.options import Json, Names, Unused
from hwnoise.cli.output import emit_json, emit_rows, print_lines, wrapped
from hwnoise.errors import InputError


def devices(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A preset or a TOML file to show in full.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="With --plot: .png, .svg or .html; NAME.png if left out."),
    ] = None,
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw what its devices do, beside the published formulas.")
    ] = False,
    as_json: Json = False,
    quiet: Names = False,
    seed: Annotated[
        int, typer.Option("--seed", help="With --plot: which devices are drawn.", metavar="N", min=0)
    ] = 0,
) -> None:
    """List the chips that can be emulated, or show one in full.

    In full: every parameter with its unit, its fit and its source.

    Example:
      hwnoise devices
      hwnoise devices pcm
      hwnoise devices pcm --plot pcm.svg
    """
    from hwnoise import substrate

    if plot or picture is not None:
        _plot(name, picture, plot, as_json, seed)
        return
    if name is None:
        fields = ("summary", "observability", "source")
        emit_rows(substrate.describe(), "kind", fields, as_json=as_json, quiet=quiet)
        return
    from hwnoise.cli.device_page import as_lines, as_record

    chip = substrate.load(name)
    if as_json:
        emit_json(as_record(chip))
    else:
        print_lines(chip.effects() if quiet else as_lines(chip))


def _plot(name: str | None, picture: Path | None, plot: bool, as_json: bool, seed: int) -> None:
    """Draw the data sheet of one substrate and say where it is."""
    from hwnoise import datasheet, substrate
    from hwnoise.streams import Stream

    if name is None:
        raise InputError("--plot wants to know of which device: hwnoise devices NAME --plot")
    if not plot:
        raise InputError(f"devices takes one NAME; to draw it in {picture}, add --plot")
    chip = substrate.load(name)
    path = Path(f"{Path(name).stem}.png") if picture is None else picture
    datasheet.form_of(path)
    panels = datasheet.panels(chip, Stream(seed))
    datasheet.draw(panels, chip, path)
    if as_json:
        emit_json({"name": chip.name, "file": path, "panels": [panel.record() for panel in panels]})
    else:
        print_lines([str(path)])


def learners(as_json: Json = False, quiet: Names = False, seed: Unused = None) -> None:
    """List the learning rules, what they need, and their papers.

    Example:
      hwnoise learners
    """
    from hwnoise import learners

    emit_rows(learners.describe(), "summary", ("needs", "options", "source"), as_json=as_json, quiet=quiet)


def backends(as_json: Json = False, quiet: Names = False, seed: Unused = None) -> None:
    """List what can compute a chip, and how to install it.

    Example:
      hwnoise backends
    """
    from hwnoise.backends import registry

    emit_rows(registry.describe(), "summary", ("available", "install"), as_json=as_json, quiet=quiet)


def tasks(as_json: Json = False, quiet: Names = False, seed: Unused = None) -> None:
    """List the tasks that come with their data.

    Your own data need no name: see `hwnoise train --data`.

    Example:
      hwnoise tasks
    """
    from hwnoise import tasks

    fields = ("samples", "features", "classes", "extra", "source")
    emit_rows(tasks.describe(), "", fields, as_json=as_json, quiet=quiet)


def cite(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Devices and learners; all if left out.")
    ] = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="The citations without the names.")] = False,
    seed: Unused = None,
) -> None:
    """Print the publications behind devices and learners.

    Example:
      hwnoise cite pcm anp
    """
    from hwnoise.cli.citing import citations

    found = citations(names or [])
    if as_json:
        emit_json([{"name": name, "source": source} for name, source in found])
    elif quiet:
        print_lines(dict.fromkeys(source for _, source in found))
    else:
        print_lines(wrapped(source, name, 2 + max(len(name) for name, _ in found)) for name, source in found)
