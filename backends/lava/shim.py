"""Make Lava 0.10 importable on Python 3.11 and later; no file of Lava is touched.

Since 3.11 a dataclass refuses every unhashable default, and one of Lava's has such a default. Lava
also sets the start method of multiprocessing at import, which fails if anything has set it before.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from hwnoise.backends.lava import detect

_LAST = "lava.magma.runtime.runtime"  # once this is loaded, nothing is left to mend


def import_lava() -> None:
    """Import Lava's core, mended while it loads; further imports from ``lava`` then work.

    Raises
    ------
    InputError
        If Lava is absent or another version than the one we know.
    """
    detect.require()
    if _LAST in sys.modules:
        return
    with _mended():
        import_module("lava.magma.core.process.process")


@contextmanager
def _mended() -> Iterator[None]:
    """Give one dataclass a hash, and let the start method be set twice; both only meanwhile."""
    dataclass, set_start_method = dataclasses.dataclass, multiprocessing.set_start_method

    def hashable(cls: Any = None, /, **options: Any) -> Any:
        if cls is not None and cls.__name__ == "ByteEncoder":
            options["unsafe_hash"] = True
        return dataclass(cls, **options)

    def forced(method: str | None, force: bool = True) -> None:
        set_start_method(method, force=True)

    _replace(hashable, forced)
    try:
        yield
    finally:
        _replace(dataclass, set_start_method)


def _replace(dataclass: Any, set_start_method: Any) -> None:
    vars(dataclasses)["dataclass"] = dataclass
    vars(multiprocessing)["set_start_method"] = set_start_method
