"""The names users build on. ``HWNOISE_REGENERATE=1`` rewrites the list; the difference is reviewed."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import hwnoise


def described(name: str) -> list[str]:
    """Return a line for the public name, and for a module one more for each of its own."""
    value = getattr(hwnoise, name)
    if not isinstance(value, ModuleType):
        return [f"hwnoise.{name}"]
    return [
        f"hwnoise.{name}",
        *(f"hwnoise.{name}.{inner}" for inner in sorted(getattr(value, "__all__", ()))),
    ]


def test_public_names_are_as_reviewed(golden: Callable[[str, str], None]) -> None:
    lines = [line for name in sorted(hwnoise.__all__) for line in described(name)]
    golden("public_names.txt", "\n".join(lines) + "\n")


def test_every_listed_name_exists() -> None:
    for name in hwnoise.__all__:
        value = getattr(hwnoise, name)
        for inner in getattr(value, "__all__", ()) if isinstance(value, ModuleType) else ():
            assert hasattr(value, inner), f"hwnoise.{name}.__all__ lists {inner}"
