"""Text tables: csv with commas, semicolons or tabs, a header or none, plain or gzip."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hwnoise.errors import InputError
from hwnoise.tasks import reading
from hwnoise.tasks.arrays import from_arrays
from hwnoise.tasks.base import Array, Task

LABEL_NAMES = ("label", "target", "class")
_DELIMITERS = ",;\t"


class _Layout(NamedTuple):
    """What the first line says about the others."""

    delimiter: str
    columns: int
    label: int  # its column
    header: bool


def load_table(path: Path) -> Task:
    """Make a task of a text table, one sample a line.

    Parameters
    ----------
    path : Path
        Numbers, and one column with the class (a number or a word): the one headed ``label``,
        ``target`` or ``class``, otherwise the last.

    Returns
    -------
    Task

    Raises
    ------
    InputError
        If a line is too short or too long, or a feature is not a number, with the line.
    """
    text = _read_text(path)
    try:
        layout = _find_layout(text, path)
        x, y = _parse(text, layout, path)
    except csv.Error as error:
        raise InputError(f"{path}: not a text table ({error})") from error
    return from_arrays(x, y, name=path.name.split(".")[0], source=str(path))


def _read_text(path: Path) -> str:
    """Read the whole file, within the limit of ``hwnoise.tasks.reading``."""
    with reading.reading(path) as stream:
        data = stream.read(reading.MAX_BYTES + 1)
    if len(data) > reading.MAX_BYTES:
        raise InputError(f"{path}: more than the limit of {reading.MAX_BYTES} bytes of text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text in UTF-8 (byte {error.start})") from error
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")


def _find_layout(text: str, path: Path) -> _Layout:
    """Look at the first line: it is a header if it names a label column or holds words for features."""
    line, _, rest = text.partition("\n")
    delimiter = max(_DELIMITERS, key=line.count)
    first = [field.strip() for field in next(csv.reader([line], delimiter=delimiter), [])]
    if len(first) < 2:
        raise InputError(f"{path}: the first line has {len(first)} columns, at least two are needed")
    named = [column for column, field in enumerate(first) if field.lower() in LABEL_NAMES]
    if len(named) > 1:
        raise InputError(f"{path}: columns {' and '.join(first[k] for k in named)} could all be the class")
    header = bool(named) or not all(map(_is_number, first[:-1]))
    if header and not rest.strip():
        raise InputError(f"{path}: there is a header, but no samples")
    return _Layout(delimiter, len(first), named[0] if named else len(first) - 1, header)


def _parse(text: str, layout: _Layout, path: Path) -> tuple[Array, Array]:
    """Parse in one pass of NumPy's reader; only where that fails, look for the line to blame."""
    before, after = layout.label, layout.columns - layout.label - 1
    row = np.dtype([("before", "f8", (before,)), ("label", "O"), ("after", "f8", (after,))])
    try:
        table = np.loadtxt(
            io.StringIO(text),
            row,
            comments=None,
            delimiter=layout.delimiter,
            quotechar='"',
            skiprows=int(layout.header),
            ndmin=1,
        )
    except ValueError as error:
        raise InputError(f"{path}: {_first_fault(text, layout) or error}") from error
    return np.hstack([table["before"], table["after"]]), table["label"].astype(np.str_)


def _first_fault(text: str, layout: _Layout) -> str | None:
    """The first line that does not fit the layout, in words."""
    lines = csv.reader(io.StringIO(text), delimiter=layout.delimiter)
    for fields in lines:
        if not fields or (lines.line_num == 1 and layout.header):
            continue
        if len(fields) != layout.columns:
            return f"line {lines.line_num} has {len(fields)} columns, the first one {layout.columns}"
        for column, field in enumerate(fields):
            if column != layout.label and not _is_number(field):
                return f"{field!r} in line {lines.line_num}, column {column + 1} is not a number"
    return None


def _is_number(text: str) -> bool:
    """Return whether this is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
