"""Tables of measured conductances: a line of CSV for each cell, or matrices in an NPZ file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.files import reason

Cells = dict[tuple[str, str], NDArray[np.float32]]
Shapes = Mapping[str, tuple[int, ...]]
_PLACE = ("layer", "row", "col")


def read_table(
    tables: str | Path | Mapping[str, Any], columns: Sequence[str], shapes: Shapes
) -> tuple[Cells, str]:
    """All matrices (rows, columns) by layer and column, and what to call the source in a message.

    Parameters
    ----------
    tables : path to a .csv or .npz file, or mapping
    columns : sequence of str
        Wanted for each layer, such as ``("g_plus", "g_minus")``.
    shapes : mapping of str to (int, int)
        Input lines and outputs of each layer.

    Raises
    ------
    InputError
        One sentence for what is missing, given twice, of another shape, or no number.
    """
    if isinstance(tables, Mapping):
        return _matrices(tables, columns, shapes, "conductances"), "conductances"
    path = Path(tables)
    if path.suffix == ".csv":
        return _from_csv(path, columns, shapes), str(path)
    if path.suffix == ".npz":
        return _matrices(_open_npz(path), columns, shapes, str(path)), str(path)
    raise InputError(f"{path}: conductances come as a .csv or .npz file")


def _matrices(found: Mapping[str, Any], columns: Sequence[str], shapes: Shapes, where: str) -> Cells:
    wanted = {f"{layer}.{column}": (layer, column) for layer in shapes for column in columns}
    for key in found:
        if key not in wanted:
            raise InputError(f"{where}: '{key}' is none of {', '.join(wanted)}")
    cells: Cells = {}
    for key, (layer, column) in wanted.items():
        if key not in found:
            raise InputError(f"{where}: there is no '{key}'")
        matrix = np.asarray(found[key])
        if matrix.shape != tuple(shapes[layer]) or matrix.dtype.kind not in "fiu":
            raise InputError(
                f"{where}: '{key}' must be numbers of shape {shapes[layer]} (input lines, outputs), "
                f"not {matrix.dtype} {matrix.shape}"
            )
        cells[layer, column] = matrix.astype(np.float32)
    return cells


def _open_npz(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise InputError(f"{path}: not a readable NPZ file ({type(error).__name__})") from None


def _from_csv(path: Path, columns: Sequence[str], shapes: Shapes) -> Cells:
    cells = {
        (layer, column): np.full(shape, np.nan, np.float32)
        for layer, shape in shapes.items()
        for column in columns
    }
    for line, row in _lines(path, columns):
        layer, i, j = _place(row, shapes, f"{path}, line {line}")
        if np.isfinite(cells[layer, columns[0]][i, j]):
            raise InputError(f"{path}, line {line}: cell {i},{j} of {layer} is given a second time")
        for column in columns:
            cells[layer, column][i, j] = _number(row[column], column, f"{path}, line {line}")
    for (layer, column), matrix in cells.items():
        missing = np.argwhere(np.isnan(matrix))
        if len(missing):
            i, j = missing[0]
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise InputError(f"{path}: no {column} for cell {i},{j} of {layer}{more}")
    return cells


def _lines(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    wanted = (*_PLACE, *columns)
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, restval="")
            header = [name.strip() for name in reader.fieldnames or ()]
            if sorted(header) != sorted(wanted):
                raise InputError(
                    f"{path}: the first line must be {','.join(wanted)}, not {','.join(header)[:100]}"
                )
            reader.fieldnames = header
            for row in reader:
                yield reader.line_num, row
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from None
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"{path}: not a text file of comma-separated values") from None


def _place(row: Mapping[str, str], shapes: Shapes, where: str) -> tuple[str, int, int]:
    layer = row["layer"].strip()
    if layer not in shapes:
        raise InputError(f"{where}: the network has no layer {layer!r}, only {', '.join(shapes)}")
    found = []
    for key, size in zip(("row", "col"), shapes[layer], strict=True):
        text = row[key].strip()
        if not (text.isascii() and text.isdigit() and int(text) < size):
            raise InputError(f"{where}: {key} must be a whole number from 0 to {size - 1}, not {text!r}")
        found.append(int(text))
    return layer, found[0], found[1]


def _number(text: str, column: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"{where}: {column} must be a finite number, not {text.strip()[:40]!r}")
    return value
