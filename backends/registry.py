"""Which backends there are: built-in ones by module path, others by entry point; imported on first use."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any, cast

from hwnoise import validation
from hwnoise.backends.base import Backend
from hwnoise.backends.lava import detect as lava
from hwnoise.errors import InputError

GROUP = "hwnoise.backends"
_BUILT_IN = {
    "emulator": ("hwnoise.backends.emulator", "our fast emulator: Numba kernels, every effect, any batch"),
    "snntorch": ("hwnoise.backends.snntorch", "the same chips in torch: derivatives, snnTorch neurons, GPU"),
    "lava": ("hwnoise.backends.lava.backend", "noise and learning inside Lava, in Loihi 2 fixed point"),
}
_NEEDS = {"snntorch": ("torch", "snntorch")}  # packages of the extra of the backend's name


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
        if _missing(name):
            raise InputError(f"backend '{name}' needs {' and '.join(_missing(name))}: {_install(name)}")
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
        {"name": name, "available": not _missing(name), "summary": summary, "install": _install(name)}
        for name, (_, summary) in _BUILT_IN.items()
    ]
    for name, point in sorted(_third_party().items()):
        rows.append({"name": name, "available": True, "summary": f"from {point.value}", "install": ""})
    return rows


def _missing(name: str) -> list[str]:
    """Packages that a built-in backend needs and that are not installed."""
    if name == "lava":
        return [] if lava.installed() == lava.VERSION else [f"{lava.DISTRIBUTION} {lava.VERSION}"]
    return [package for package in _NEEDS.get(name, ()) if find_spec(package) is None]


def _install(name: str) -> str:
    """The command that adds what is missing; empty if nothing is."""
    if _missing(name) and name == "lava":
        return " and then ".join(lava.install_lines())
    return f'pip install "hwnoise[{name}]"' if _missing(name) else ""
