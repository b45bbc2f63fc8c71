"""``hwnoise doctor``: what is installed, what is missing, the command that adds it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hwnoise.cli.options import Json, Unused
from hwnoise.cli.output import emit_json, print_lines

if TYPE_CHECKING:
    from hwnoise.doctor import Item


def doctor(
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what is wrong with the core.")] = False,
    seed: Unused = None,
) -> None:
    """Check the installation and say how to repair it.

    Looks at every package, then compiles a kernel and reads a small chip.
    Leaves with 0 if the core works, with 1 if not; extras may be absent.

    Example:
      hwnoise doctor
    """
    from hwnoise.doctor import examine, is_healthy

    items = examine()
    if as_json:
        emit_json({"ok": is_healthy(items), "items": [asdict(item) for item in items]})
    else:
        print_lines(_line(item) for item in items if not quiet or (item.required and not item.ok))
    if not is_healthy(items):
        raise typer.Exit(1)


def _line(item: Item) -> str:
    state = "ok" if item.ok else "FAILS" if item.required else "absent"
    return f"{state:<7} {item.name:<18} {item.detail}" + (f"\n{'':<27}{item.fix}" if item.fix else "")
