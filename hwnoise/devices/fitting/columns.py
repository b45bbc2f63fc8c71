"""Columns of a table of measurements: a csv file with a header, an npz archive, or arrays."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwnoise.errors import InputError

Array = NDArray[Any]
Measurements = str | Path | Mapping[str, ArrayLike]
MAX_BYTES = 2**30
KNOWN = ("device", "target", "read", "time", "pulse", "direction", "conductance")
WORDS = frozenset({"device", "direction"})  # may hold text; the others are numbers


def read_columns(measurements: Measurements) -> tuple[dict[str, Array], str]:
    """Return the columns by name, and what to call the table in errors.

    Raises
    ------
    InputError
        For a file that cannot be read, an unknown column, or entries that are no finite numbers.
    """
    if isinstance(measurements, Mapping):
        raw, where = dict(measurements), "measurements"
    elif isinstance(measurements, (str, Path)):
        raw, where = _from_file(Path(measurements)), str(measurements)
    else:
        raise InputError(
            f"measurements are a path or a mapping of columns, not {type(measurements).__name__}"
        )
    unknown = [str(name) for name in raw if name not in KNOWN]
    if unknown:
        raise InputError(f"{where}: column '{unknown[0]}' is not one of {', '.join(KNOWN)}")
    return {name: _checked(entries, name, where) for name, entries in raw.items()}, where


def _from_file(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: more than the limit of {MAX_BYTES} bytes")
        if path.suffix == ".npz":
            with path.open("rb") as file:  # not by name: NumPy leaves a damaged archive open
                return _from_archive(np.load(file, allow_pickle=False))
        with path.open(encoding="utf-8-sig", newline="") as text:
            return _from_rows([row for row in csv.reader(text) if row], path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (ValueError, EOFError, zipfile.BadZipFile, csv.Error) as error:
        raise InputError(
            f"{path}: not a csv table or npz archive ({str(error).partition(chr(10))[0]})"
        ) from None


def _from_archive(archive: Any) -> dict[str, Any]:
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise ValueError("a single array")
    return {name: archive[name] for name in archive.files}


def _from_rows(rows: list[list[str]], path: Path) -> dict[str, Any]:
    if len(rows) < 2:
        raise InputError(f"{path}: a header line and at least one line of measurements are needed")
    names = [name.strip().lower() for name in rows[0]]
    if len(set(names)) < len(names):
        raise InputError(f"{path}: the header names a column twice")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            raise InputError(f"{path}: row {number} has {len(row)} columns, the header {len(names)}")
    return {name: [row[k].strip() for row in rows[1:]] for k, name in enumerate(names)}


def _checked(entries: ArrayLike, name: str, where: str) -> Array:
    """Finite numbers, or labels where words are allowed; text that holds a number is one."""
    try:
        values = np.asarray(entries)
    except ValueError:
        raise InputError(f"{where}: column '{name}' is ragged, its rows differ in length") from None
    if values.dtype.kind in "biuf":
        numbers = values.astype(np.float64)
    elif name in WORDS and values.dtype.kind == "U":
        return values
    else:
        numbers = _numbers(values, name, where)
    if not np.isfinite(numbers).all():
        raise InputError(f"{where}: column '{name}' holds a number that is not finite")
    return numbers


def _numbers(values: Array, name: str, where: str) -> Array:
    for entry in values.ravel().tolist():
        try:
            float(entry)
        except (TypeError, ValueError):
            raise InputError(
                f"{where}: column '{name}' holds {str(entry)[:60]!r}, which is not a number"
            ) from None
    return values.astype(np.float64)
