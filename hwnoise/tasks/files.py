"""``--data PATH``: the user's own data, told apart by the name of the file or folder."""

from __future__ import annotations

from pathlib import Path

from hwnoise.errors import InputError
from hwnoise.tasks.base import Task
from hwnoise.tasks.idx import load_idx
from hwnoise.tasks.npz import load_npz
from hwnoise.tasks.table import load_table

TABLES = (".csv", ".tsv", ".txt")


def load(data: str) -> Task:
    """Load a file or folder of the user's own.

    Parameters
    ----------
    data : str
        A folder in MNIST layout or an IDX images file (``hwnoise.tasks.idx``), an ``.npz`` archive
        (``hwnoise.tasks.npz``), or a text table (``hwnoise.tasks.table``).

    Returns
    -------
    Task
        Named after the file or folder.

    Raises
    ------
    InputError
        If it cannot be read, is none of these, or is malformed.
    """
    path = Path(data).expanduser()
    try:
        return _load(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def _load(path: Path) -> Task:
    """Choose the reader."""
    name = path.name.lower()
    if path.is_dir():
        return load_idx(path)
    if name.endswith(".npz"):
        return load_npz(path)
    if name.removesuffix(".gz").endswith(TABLES):
        return load_table(path)
    if "ubyte" in name or "idx" in name:
        return load_idx(path)
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    raise InputError(f"{path}: unknown kind of data, give IDX files, .npz, or {', '.join(TABLES)} (or .gz)")
