"""``hwnoise devices | learners | backends | tasks | cite``: what there is, with sources."""

from __future__ import annotations

from typing import Annotated

import typer

from hwnoise.cli.options import Json, Names, Unused
from hwnoise.cli.output import emit_json, emit_rows, print_lines, wrapped


def devices(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A preset or a TOML file to show in full.")
    ] = None,
    as_json: Json = False,
    quiet: Names = False,
    seed: Unused = None,
) -> None:
    """List the chips that can be emulated, or show one in full.

    In full: every parameter with its unit, its fit and its source.

    Example:
      hwnoise devices
      hwnoise devices pcm
    """
    from hwnoise import substrate

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
