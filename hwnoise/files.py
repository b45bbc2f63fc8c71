"""Files that are either whole or untouched: temporary file, fsync, rename."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hwnoise.errors import InputError

_WRITING = ".writing"


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path; on success it becomes ``path`` in one step.

    A process killed at any moment leaves either the old file or the new one, never a part.

    Parameters
    ----------
    path : path
        The file to write; its folder must exist.

    Yields
    ------
    Path
        A path in the same folder and with the same suffix, to be written by the caller.

    Raises
    ------
    InputError
        If the system refuses the write (full disk, no permission); ``path`` is as it was.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}{_WRITING}{path.suffix}")
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    except OSError as error:
        _discard(temporary)
        raise InputError(f"cannot write {path}: {reason(error)}") from error
    except BaseException:
        _discard(temporary)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` in UTF-8, whole or not at all."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def reason(error: OSError) -> str:
    """Say in a few words why the system refused, for the end of a sentence."""
    return (error.strerror or str(error) or type(error).__name__).lower()


def is_temporary(path: Path) -> bool:
    """Tell whether ``path`` is what a killed ``replacing`` left behind."""
    return path.name.startswith(".") and path.stem.endswith(_WRITING)


def _flush(path: Path) -> None:
    """Push a file or a folder's list of names to the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders; its rename is durable by itself
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(temporary: Path) -> None:
    """Remove what was half written; that it never existed is fine."""
    temporary.unlink(missing_ok=True)
