"""Which constants there are, and which of them hold for a substrate."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwnoise import toml, validation
from hwnoise.cost.constant import Constant, Quantity, from_text, parse
from hwnoise.errors import InputError

if TYPE_CHECKING:
    from hwnoise.devices.composition import Substrate

Given = str | Path | Mapping[str, Any]


@dataclass(frozen=True)
class Book:
    """Constants that are used together.

    Attributes
    ----------
    name : str
        Of a built-in set, or the user's file.
    title : str
        Which chip they were measured on.
    constants, yardsticks : tuple of Constant
        Per event; whole tasks for comparison.
    why_unknown : str
        Why an event has no constant here; empty where nothing is to be said.
    """

    name: str
    title: str = ""
    constants: tuple[Constant, ...] = ()
    yardsticks: tuple[Constant, ...] = ()
    why_unknown: str = ""

    def find(self, event: str, quantity: Quantity, bits: tuple[int, int]) -> Constant | str | None:
        """The constant for ``event``, or why none of several fits, or None if there is none.

        Parameters
        ----------
        event, quantity : str
        bits : (int, int)
            Resolution of the input and the output converter; 0: converts exactly.
        """
        found = [c for c in self.constants if c.event == event and c.quantity == quantity]
        free = [c for c in found if c.bits is None]
        fitting = [c for c in found if c.bits and _suffices(c.bits, bits)]
        if fitting or free:
            return min(fitting, key=lambda c: sum(c.bits or ())) if fitting else free[0]
        if not found:
            return None
        known = ", ".join(_shown(c.bits, "any") for c in found if c.bits)
        return (
            f"'{self.name}' knows converters of {known} bits (in/out), the substrate {_shown(bits, 'exact')}"
        )


def names() -> tuple[str, ...]:
    """Names of the built-in sets of constants."""
    return tuple(_sets())


def open_books(substrate: Substrate, given: Given | Sequence[Given] | None) -> tuple[Book, ...]:
    """The user's constants first, then the built-in set that holds for the substrate, if any.

    Raises
    ------
    InputError
        For an unknown set or a malformed constant.
    """
    wanted = () if given is None else (given,) if isinstance(given, (str, Path, Mapping)) else tuple(given)
    books = [_open(entry) for entry in wanted]
    own = next((name for name, table in _sets().items() if _holds_for(table, substrate)), None)
    if own is not None and own not in [book.name for book in books]:
        books.append(_built_in(own))
    return tuple(books)


def _open(given: Given) -> Book:
    if isinstance(given, Mapping):
        return _from_table(given, "constants")
    text = str(given)
    if text in _sets():
        return _built_in(text)
    if text.endswith(".toml") or os.path.exists(text):
        return _from_table(toml.read(text), text)
    raise InputError(
        f"constants {text!r} are neither a known set nor a TOML file{validation.suggest(text, _sets())}"
    )


def _from_table(table: Mapping[str, Any], name: str) -> Book:
    """``event = "100 pJ"`` or a list of such, and ``[[constants]]`` with all that is known of each."""
    full = table.get("constants", ())
    if not isinstance(full, (list, tuple)) or not all(isinstance(entry, Mapping) for entry in full):
        raise InputError(f"{name}: constants must be a list of tables, [[constants]]")
    found = [parse(entry, name) for entry in full]
    for event, texts in table.items():
        if event != "constants":
            texts = texts if isinstance(texts, (list, tuple)) else (texts,)
            found += [from_text(event, text, name) for text in texts]
    return _bound(found, name, "given by the user")


@cache
def _built_in(name: str) -> Book:
    table = _sets()[name]
    common, entries = table.get("common", {}), table.get("constants", ())
    found = [parse(common | entry, f"constants of '{name}'") for entry in entries]
    return _bound(found, name, table["title"], table.get("why_unknown", ""))


def _bound(found: Sequence[Constant], name: str, title: str, why_unknown: str = "") -> Book:
    events = tuple(c for c in found if c.event)
    return Book(name, title, events, tuple(c for c in found if not c.event), why_unknown)


@cache
def _sets() -> dict[str, dict[str, Any]]:
    with resources.as_file(resources.files("hwnoise.cost") / "constants.toml") as path:
        return toml.read(path)


def _holds_for(table: Mapping[str, Any], substrate: Substrate) -> bool:
    """Whether name or kind of the substrate match a pattern of the set."""
    by_name = any(fnmatchcase(substrate.name.lower(), pattern) for pattern in table.get("names", ()))
    return by_name or any(fnmatchcase(substrate.kind.lower(), pattern) for pattern in table.get("kinds", ()))


def _suffices(known: tuple[int, int], wanted: tuple[int, int]) -> bool:
    """A converter of more bits does the work of one of fewer; none does an exact conversion."""
    return all(not have or 0 < want <= have for have, want in zip(known, wanted, strict=True))


def _shown(bits: tuple[int, int], zero: str) -> str:
    return "/".join(str(b) if b else zero for b in bits)
