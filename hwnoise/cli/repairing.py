"""``hwnoise evaluate --repair``: what the chips' own noise wins back, beside what else would."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwnoise.cli.output import emit_json, percent, print_lines
from hwnoise.errors import InputError

if TYPE_CHECKING:
    from hwnoise.training import RunConfig

MONTH = 2_592_000.0  # s, 30 days
_OF_THE_RUN = ("task", "data", "device", "device_options", "backend", "seed")


def show_repair(
    source: str | None,
    settings: list[str],
    flags: dict[str, Any],
    ages: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compare and print; ``source`` is what the command was given to evaluate."""
    from hwnoise.repair import compare
    from hwnoise.training.load import resolve

    if source is None:
        raise InputError("--repair wants a trained network: RUN, FILE.nir, or weights with --network")
    config = resolve(_config(source, settings, flags | {"age": _one_age(ages)}))
    found = compare(config, (lambda sentence: None) if quiet else _tell)
    recovery = found.recovery()
    if as_json:
        emit_json(found.as_dict())
    elif quiet:
        print("-" if recovery is None else percent(recovery["value"]))
    else:
        print_lines(found.lines())


def _config(source: str, settings: list[str], flags: dict[str, Any]) -> RunConfig:
    """A run that starts from ``source``; of a run folder, task, device and seed are kept."""
    from hwnoise import training

    stored = Path(source, "config.toml")
    if stored.is_file():
        run = training.load_config(stored)
        flags = {key: getattr(run, key) for key in _OF_THE_RUN} | {
            key: item for key, item in flags.items() if item is not None
        }
    return training.load_config(None, settings, **flags, weights=source)


def _one_age(ages: str | None) -> float:
    try:
        return MONTH if ages is None else float(ages)
    except ValueError:
        raise InputError(f"--repair looks at one age, so --ages wants one number, not {ages!r}") from None


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)
