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

    A process killed at any moment leaves either the old file or the new one, never a part. Where
    ``path`` is a link, the file it leads to is replaced.

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
        If the system refuses the write (full disk, no permission) or ``path`` is a folder or a device;
        whatever was there is as it was.
    """
    check_target(path)
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.stem}{_WRITING}{target.suffix}")
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, target)
        _flush(target.parent)
    except OSError as error:
        _discard(temporary)
        raise InputError(f"cannot write {path}: {reason(error)}") from error
    except BaseException:
        _discard(temporary)
        raise


def check_target(path: str | Path) -> None:
    """Raise InputError unless a file can be written to ``path``: before hours of work, not after them.

    A rename would put a file in the place of ``/dev/null``, so nothing but a regular file is replaced.
    """
    path, folder = Path(path), Path(path).parent
    if path.is_dir():
        raise InputError(f"cannot write {path}: is a directory")
    if path.exists() and not path.is_file():
        raise InputError(f"cannot write {path}: neither a file nor a new name")
    if not folder.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise InputError(f"cannot write {path}: the folder {folder} is read-only")


@contextmanager
def held(folder: str | Path) -> Iterator[None]:
    """Keep other processes that ask likewise out of ``folder``; a process that is killed lets go of it.

    Raises
    ------
    InputError
        If another process is in it.
    """
    if os.name == "nt":  # which cannot open folders
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


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


def _lock(descriptor: int, folder: str | Path) -> None:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"another process is at work in {folder}: wait for it, or stop it") from None
    except OSError:
        return  # some network file systems know no locks, and a run does not depend on them


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
