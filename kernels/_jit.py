"""The one way to compile a kernel: ``@kernel``, with a cache that forgets at any edit in this folder.

Numba stamps a cached function with its own source file only: a caller whose *callee* changed in
another file, or in an upgrade, silently keeps running the old code. Here the stamp is one digest
over every Python file of the kernels folder, so a stale entry is never found.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

Function = TypeVar("Function", bound=Callable[..., Any])

FOLDER = Path(__file__).resolve().parent


def digest(folder: Path) -> str:
    """Return a digest over the names and contents of all Python files below ``folder``."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
            total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()


STAMP = digest(FOLDER)


@overload
def kernel(function: Function) -> Function: ...
@overload
def kernel(*, inline: bool = False) -> Callable[[Function], Function]: ...
def kernel(function: Callable[..., Any] | None = None, *, inline: bool = False) -> Any:
    """Compile ``function`` for one thread, without the interpreter lock, and keep it on disk.

    Sums and products keep the order and rounding of the source (no ``fastmath``), and division
    by zero follows IEEE 754. Threads are the caller's: each takes a tile of the output.

    Parameters
    ----------
    function : callable
        Numbers and arrays in, arrays written; calls nothing but kernels.
    inline : bool
        Expand the body at every call: for small functions in a loop that has to vectorise.

    Returns
    -------
    callable
        Numba's dispatcher, or ``function`` itself under ``NUMBA_DISABLE_JIT=1``: Python then runs all
        kernels but those that call ``lanes`` or ``integer_lanes``, which have no other form.

    Notes
    -----
    Compiled code goes to ``$NUMBA_CACHE_DIR``, to ``__pycache__`` beside the source or, where
    that is not writable, to the user's cache folder.
    """
    return partial(_compile, inline=inline) if function is None else _compile(function, inline)


def _compile(function: Callable[..., Any], inline: bool) -> Any:
    compiled: Any = njit(nogil=True, error_model="numpy", forceinline=inline)(function)
    if compiled is function:  # NUMBA_DISABLE_JIT
        return function
    try:
        compiled._cache = _FolderCache(function)  # as Numba's enable_caching(), with our cache
    except RuntimeError:  # Numba found no place to write
        warnings.warn(
            "every start will compile the kernels anew: no cache folder is writable; "
            "set NUMBA_CACHE_DIR to one that is",
            stacklevel=1,
        )
    return compiled


class _FolderCache(FunctionCache):
    """Numba's function cache, in Numba's places, on files that carry the folder's stamp."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        stamp, path = STAMP, Path(function.__code__.co_filename).resolve()
        if not path.is_relative_to(FOLDER):  # a user's own kernel that calls ours
            stamp = hashlib.sha256(stamp.encode() + path.read_bytes()).hexdigest()
        name = self._impl.filename_base
        self._cache_file = _CompiledFiles(self._cache_path, name, stamp)  # type: ignore[no-untyped-call]


class _CompiledFiles(IndexDataCacheFile):
    """One file per (function, stamp, signature, target), and no index.

    Numba's index is read, changed and written back, so two processes that compile at once can
    leave an entry that points at the other one's code. A file named by its whole key cannot.
    """

    def save(self, key: object, data: object) -> None:
        """Keep ``data`` under ``key``, and drop what earlier sources of this function left."""
        try:
            self._save_data(self._name(key), data)  # type: ignore[no-untyped-call]
            self._drop(lambda name: f"-{self._source_stamp[:12]}-" not in name)
        except OSError as error:  # a full disk must not stop a run
            warnings.warn(f"the next start will compile the kernels anew: {error}", stacklevel=1)

    def load(self, key: object) -> object | None:
        """Return what was saved under ``key``, or None."""
        try:
            return self._load_data(self._name(key))  # type: ignore[no-any-return,no-untyped-call]
        except FileNotFoundError:
            return None

    def flush(self) -> None:
        """Drop everything saved for this function."""
        self._drop(lambda name: True)

    def _name(self, key: object) -> str:
        whole = hashlib.sha256(repr((self._version, self._source_stamp, key)).encode()).hexdigest()
        return f"{self._index_name}-{self._source_stamp[:12]}-{whole[:24]}.nbc"

    def _drop(self, is_old: Callable[[str], bool]) -> None:
        function = self._index_name.partition("-")[0]
        for path in Path(self._cache_path).glob(f"{function}-*.nbc"):
            if is_old(path.name):
                path.unlink(missing_ok=True)
