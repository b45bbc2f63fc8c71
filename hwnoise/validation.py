"""Turn a pydantic error into one sentence that names file, key and allowed range."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, get_args

from hwnoise.errors import InputError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
_SHOWN = 60  # characters of a value that a sentence still bears
_SHAPES = {"polynomial", "clipped_log", "clipped_power", "saturating", "log10", "table", "piecewise"}
_STEPS = {
    "constant_step", "linear_step", "soft_bounds", "soft_bounds_reference", "soft_bounds_pmax",
    "exp_step", "pow_step", "neurosim",
}  # fmt: skip
_LAWS = {"fixed", "logistic", "cubic"}
# Which of several types was tried: no keys.
_TAGS = _SHAPES | _STEPS | _LAWS | {"constrained-str", "float", "int", "str"}


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` or the list of what is known."""
    choices = sorted(known)
    near = difflib.get_close_matches(name, choices, n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(choices)}"


def printable(text: str) -> str:
    """Return ``text`` on one line, with whatever else cannot be shown written as an escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def sentence(error: ValidationError, where: str, known: Iterable[str] = ()) -> InputError:
    """The first problem of ``error`` as an InputError about ``where``.

    Parameters
    ----------
    error : pydantic.ValidationError
    where : str
        The file or flag in which the user gave the value.
    known : iterable of str
        Keys that exist, to suggest the nearest for an unknown one.
    """
    detail: dict[str, Any] = dict(error.errors(include_url=False)[0])
    parts = [_key(part) for part in detail["loc"] if part not in _TAGS]
    if detail["type"].startswith("union_tag"):  # a table of several kinds, of which one key says which
        parts.append(detail["ctx"]["discriminator"].strip("'"))
    key = ".".join(parts)
    reason = _reason(detail)
    if detail["type"] == "extra_forbidden":
        reason += suggest(str(detail["loc"][-1]), known) if known else ""
    return InputError(f"{where}: {key + ' ' if key else ''}{reason}")


def keys_beside(error: ValidationError, model: type[BaseModel]) -> tuple[str, ...]:
    """Keys that exist in the table in which the first problem of ``error`` lies, to suggest from.

    Parameters
    ----------
    error : pydantic.ValidationError
    model : type of BaseModel
        What was validated; its tables are models again, alone or as one of a union by ``shape`` or ``law``.
    """
    tables = [model]
    for part in error.errors(include_url=False)[0]["loc"][:-1]:
        below = [m for table in tables for m in _models_at(table, part)]
        tables = below or [m for m in tables if part in _tags_of(m)] or tables
    return tuple(dict.fromkeys(name for table in tables for name in table.model_fields))


def _tags_of(table: type[BaseModel]) -> list[Any]:
    return [table.model_fields[key].default for key in ("shape", "law") if key in table.model_fields]


def _models_at(table: type[BaseModel], key: int | str) -> Iterator[type[BaseModel]]:
    field = table.model_fields.get(str(key))
    return _models_in(field.annotation) if field else iter(())


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that a type such as ``Drift | None`` or ``tuple[Source, ...]`` speaks of."""
    if hasattr(annotation, "model_fields"):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _key(part: int | str) -> str:
    """A key as it is, unless it would break the sentence."""
    text = str(part)
    return text if text.isprintable() and len(text) <= _SHOWN else _brief(text)


def _brief(item: object) -> str:
    if isinstance(item, int) and item.bit_length() > 1000:
        return "an enormous number"  # Python refuses to write out the longest ones
    text = repr(item)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _reason(detail: dict[str, Any]) -> str:
    bounds = [f"{sign} {detail['ctx'][key]}" for key, sign in _BOUNDS.items() if key in detail.get("ctx", {})]
    if bounds:
        return f"must be {' and '.join(bounds)}, not {_brief(detail['input'])}"
    if detail["type"] == "extra_forbidden":
        return "is not a known key"
    if detail["type"] in ("missing", "union_tag_not_found"):
        return "is missing"
    if detail["type"] == "union_tag_invalid":
        return f"must be one of {detail['ctx']['expected_tags']}, not {_brief(detail['ctx']['tag'])}"
    if detail["type"] in ("model_type", "model_attributes_type"):
        return f"must be a table, not {_brief(detail['input'])}"
    message = printable(str(detail["msg"]).removeprefix("Value error, "))
    message = message.replace("Input should be", "must be", 1).partition(", unable to parse")[0]
    shown = "" if isinstance(detail["input"], dict) else f", not {_brief(detail['input'])}"
    return f"{message[:1].lower()}{message[1:]}{shown}"
