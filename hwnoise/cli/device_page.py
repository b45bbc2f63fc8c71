"""One substrate in full: every effect's parameters with meaning and unit, and where they come from."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hwnoise.cli.output import wrapped

if TYPE_CHECKING:
    from hwnoise.devices.effect import Effect
    from hwnoise.substrate import Substrate

_MARKUP = re.compile(r"``|(?<![\w*])\*(?=\w)|(?<=\w)\*(?![\w*])")  # code marks, and stars of emphasis
MARGIN = 34  # column where the meaning of a parameter starts
_SHARED = frozenset({"fit", "source", "handles"})
_ENTRY = re.compile(r"^(?P<names>\w+(?:, \w+)*) : .*\n(?P<text>(?:[ ]+.*\n?)+)", re.MULTILINE)


def as_record(chip: Substrate) -> dict[str, Any]:
    """The substrate as the JSON object of ``hwnoise devices NAME --json``."""
    return {
        "name": chip.name,
        "kind": chip.kind,
        "summary": chip.summary,
        "quiet": chip.quiet,
        "source": "; ".join(map(str, chip.sources)),
        "observability": "; ".join(chip.observability()),
        "effects": [_effect_record(name, effect) for name, effect in chip.effects().items()],
        "sources": [source.model_dump() for source in chip.sources],
    }


def as_lines(chip: Substrate) -> Iterator[str]:
    """The substrate as a page to read."""
    yield f"{chip.name}: {chip.kind}"
    if chip.summary:
        yield wrapped(chip.summary, "", 2)
    for name, effect in chip.effects().items():
        yield ""
        yield from _effect_lines(_effect_record(name, effect))
    yield "\nwhat a learner can see"
    for noise in chip.observability() or ["nothing: it has no noise"]:
        yield wrapped(noise, "", 2)
    yield f"  what can be made quiet: {chip.quiet}"
    if chip.sources:
        yield "\nsources"
    for source in chip.sources:
        yield wrapped(str(source), f"  {source.key}", 2 + max(len(s.key) for s in chip.sources) + 2)


def meanings(effect: type[Effect]) -> dict[str, str]:
    """What each parameter of an effect means, with its unit: from its docstring and inherited ones."""
    found: dict[str, str] = {}
    for owner in reversed(effect.__mro__):
        _, _, attributes = inspect.cleandoc(owner.__dict__.get("__doc__") or "").partition("----------\n")
        for entry in _ENTRY.finditer(attributes + "\n"):
            text = _MARKUP.sub("", " ".join(entry["text"].split()))
            found.update(dict.fromkeys(entry["names"].split(", "), text))
    return found


def _effect_record(name: str, effect: Effect) -> dict[str, Any]:
    meaning = meanings(type(effect))
    values = effect.model_dump(mode="json", exclude=set(_SHARED))
    parameters = [
        {"name": key, "value": value, "meaning": meaning.get(key, "")} for key, value in values.items()
    ]
    return {
        "name": name,
        "summary": (inspect.getdoc(type(effect)) or "").partition("\n")[0].replace("``", ""),
        "fit": effect.fit,
        "source": effect.source,
        "handles": list(effect.handles),
        "parameters": parameters,
    }


def _effect_lines(effect: dict[str, Any]) -> Iterator[str]:
    origin = ", ".join(part for part in (effect["fit"], effect["source"]) if part)
    yield f"{effect['name']}  ({origin})" if origin else effect["name"]
    yield wrapped(effect["summary"], "", 2)
    for parameter in effect["parameters"]:
        label = f"    {parameter['name']} = {_value(parameter['value'])}"
        yield wrapped(parameter["meaning"], label, MARGIN)


def _value(value: Any) -> str:
    """A number or word as it stands; a curve as ``shape(parameter=value, ...)``."""
    if not isinstance(value, dict):
        return str(value)
    inside = ", ".join(f"{key}={item}" for key, item in value.items() if key != "shape")
    return f"{value['shape']}({inside})" if "shape" in value else f"({inside})"
