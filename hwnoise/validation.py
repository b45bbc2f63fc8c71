"""Turn a pydantic error into one sentence that names file, key and allowed range."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hwnoise.errors import InputError

if TYPE_CHECKING:
    from pydantic import ValidationError

_BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` or the list of what is known."""
    choices = sorted(known)
    near = difflib.get_close_matches(name, choices, n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(choices)}"


def _reason(detail: dict[str, Any]) -> str:
    bounds = [f"{sign} {detail['ctx'][key]}" for key, sign in _BOUNDS.items() if key in detail.get("ctx", {})]
    if bounds:
        return f"must be {' and '.join(bounds)}, not {detail['input']!r}"
    if detail["type"] == "extra_forbidden":
        return "is not a known key"
    if detail["type"] == "missing":
        return "is missing"
    message = str(detail["msg"]).removeprefix("Value error, ")
    shown = repr(detail["input"])
    return f"{message[:1].lower()}{message[1:]}" + (f", not {shown}" if len(shown) < 60 else "")


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
    key = ".".join(str(part) for part in detail["loc"] if part not in _TAGS)
    reason = _reason(detail)
    if detail["type"] == "extra_forbidden":
        reason += suggest(str(detail["loc"][-1]), known) if known else ""
    return InputError(f"{where}: {key + ' ' if key else ''}{reason}")


_TAGS = {"polynomial", "clipped_log", "clipped_power", "constrained-str", "float", "int", "str"}
