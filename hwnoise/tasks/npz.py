"""NumPy ``.npz`` archives with ``x, y`` or ``x_train, y_train, x_test, y_test``; never unpickled."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from hwnoise.errors import InputError
from hwnoise.tasks.arrays import from_arrays
from hwnoise.tasks.base import Array, Task
from hwnoise.tasks.reading import require_plausible
from hwnoise.tasks.splitting import TEST_SHARE, VALIDATION_SHARE

_npy: Any = np.lib.format  # public, but NumPy leaves it without types
_HEADERS = {(1, 0): _npy.read_array_header_1_0, (2, 0): _npy.read_array_header_2_0}


def load_npz(path: Path) -> Task:
    """Make a task of an archive.

    Parameters
    ----------
    path : Path
        Holds ``x`` and ``y``; or ``x_train`` and ``y_train``, and maybe ``x_validation``,
        ``y_validation``, ``x_test``, ``y_test``. Other arrays are not looked at.

    Returns
    -------
    Task

    Raises
    ------
    InputError
        If keys are missing, an array holds Python objects, or the archive is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _load(archive, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: damaged npz archive ({error})") from error


def _load(archive: zipfile.ZipFile, path: Path) -> Task:
    """Pick the arrays by their names."""
    keys = {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}

    def pair(suffix: str) -> tuple[Array, Array] | None:
        both = [f"{axis}{suffix}" for axis in "xy"]
        there = [key for key in both if key in keys]
        if len(there) == 1:
            raise InputError(f"{path}: has the array {there[0]}, but not both {both[0]} and {both[1]}")
        return (_read(archive, both[0], path), _read(archive, both[1], path)) if there else None

    train = pair("") or pair("_train")
    if train is None:
        found = ", ".join(sorted(keys)) or "nothing"
        raise InputError(f"{path}: needs the arrays x and y, or x_train and y_train; it holds {found}")
    validation = pair("_validation") or VALIDATION_SHARE
    test = pair("_test") or TEST_SHARE
    return from_arrays(*train, validation=validation, test=test, name=path.stem, source=str(path))


def _read(archive: zipfile.ZipFile, key: str, path: Path) -> Array:
    """Read one array, after a look at its header: NumPy allocates what a header promises."""
    entry = archive.getinfo(f"{key}.npy")
    try:
        with archive.open(entry) as stream:
            header = _HEADERS.get(_npy.read_magic(stream))
            if header is None:
                raise InputError(f"{path}: array {key} is in an unknown npy version")
            shape, _, dtype = header(stream)
        if dtype.hasobject:
            raise InputError(f"{path}: array {key} holds Python objects, which are never unpickled")
        require_plausible(path, math.prod(shape) * dtype.itemsize, entry.compress_size)
        with archive.open(entry) as stream:
            values: Array = _npy.read_array(stream, allow_pickle=False)
    except (ValueError, SyntaxError, TokenError) as error:  # all of them come from NumPy's header parser
        raise InputError(f"{path}: array {key} is malformed ({' '.join(str(error).split())})") from error
    return values
