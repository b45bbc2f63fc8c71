"""Which backends there are: built-in ones by module path, others by entry point; imported on first use."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, cast

from hwnoise import validation
from hwnoise.backends.base import Backend
from hwnoise.errors import InputError

GROUP = "hwnoise.backends"
_BUILT_IN = {
    "emulator": ("hwnoise.backends.emulator", "our fast emulator: Numba kernels, every effect, any batch"),
}


def _third_party() -> dict[str, Any]:
    points = entry_points(group=GROUP)
    return {point.name: point for point in points if point.name not in _BUILT_IN}


def names() -> tuple[str, ...]:
    """Names of all backends, installed by us or by others."""
    return tuple(sorted({*_BUILT_IN, *_third_party()}))


def get(name: str) -> Backend:
    """Import the backend ``name`` and return it.

    Raises
    ------
    InputError
        If there is none of this name, or it cannot be imported.
    """
    if name in _BUILT_IN:
        return cast(Backend, import_module(_BUILT_IN[name][0]).backend)
    point = _third_party().get(name)
    if point is None:
        raise InputError(f"no backend '{name}'{validation.suggest(name, names())}")
    try:
        found = point.load()
    except (ImportError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"backend '{name}' ({point.value}) cannot be imported: {reason}") from error
    return cast(Backend, found() if isinstance(found, type) else found)


def describe() -> list[dict[str, Any]]:
    """Name, availability and summary of every backend."""
    rows: list[dict[str, Any]] = [
        {"name": name, "available": True, "summary": summary, "install": ""}
        for name, (_, summary) in _BUILT_IN.items()
    ]
    for name, point in sorted(_third_party().items()):
        rows.append({"name": name, "available": True, "summary": f"from {point.value}", "install": ""})
    return rows
