"""NIR's dictionaries as HDF5 bytes, and back: limits and a second process against bad files."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from hwnoise.errors import InputError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MAX_DEPTH = 16  # groups in groups; a plain NIR file has 4
_MAX_ITEMS = 100_000
_MAX_EXPANSION = 1032  # deflate cannot compress better (zlib, "Technical Details")
_PATIENCE = 30.0  # s for a file of unknown origin
_REFUSED = 3  # exit status of the second process when it has a sentence to say
_HDF5_ERRORS = (OSError, RuntimeError, LookupError, ValueError, TypeError, ArithmeticError, MemoryError)


def dump(tree: Mapping[str, Any]) -> bytes:
    """Return ``tree`` as the bytes of a NIR file; nodes are stored in the order given."""
    import nir

    buffer = io.BytesIO()
    with _stored_in_order():
        nir.write(buffer, SimpleNamespace(to_dict=lambda: tree))
    return buffer.getvalue()


def load(data: bytes) -> dict[str, Any]:
    """Return the dictionary in the bytes of a NIR file known to be whole.

    Raises
    ------
    InputError
        If HDF5 cannot read it, it holds no ``node``, or it exceeds the limits.
    """
    import h5py

    if not data.startswith(_SIGNATURE):
        raise InputError("not a NIR file (it does not start as HDF5 does)")
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            return _Loader(_MAX_EXPANSION * len(data)).group(file["node"])
    except _HDF5_ERRORS as error:
        raise InputError(f"not a readable NIR file ({type(error).__name__} inside HDF5)") from None


def load_foreign(data: bytes) -> dict[str, Any]:
    """Return the dictionary in the bytes of a file of unknown origin.

    The HDF5 library crashes on some damaged files, and may not come back from others. So a second
    process reads the file and hands over a clean copy.

    Raises
    ------
    InputError
        As :func:`load`, and if the second process crashes or takes longer than 30 s.
    """
    if not data.startswith(_SIGNATURE):
        return load(data)
    script = f"import sys; sys.path[:] = {sys.path!r}; from hwnoise.nir_hdf5 import copy; copy()"
    try:
        done = subprocess.run(
            [sys.executable, "-c", script], input=data, capture_output=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"not a readable NIR file (HDF5 was still busy after {_PATIENCE:g} s)") from None
    if done.returncode == _REFUSED:
        raise InputError(done.stderr.decode().strip())
    if done.returncode != 0:
        raise InputError(f"not a readable NIR file (HDF5 broke off with status {done.returncode})")
    return load(done.stdout)


def copy() -> None:
    """Copy a NIR file from standard input to standard output; the second process's only task."""
    try:
        clean = dump(load(sys.stdin.buffer.read()))
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(_REFUSED)
    sys.stdout.buffer.write(clean)


@contextmanager
def _stored_in_order() -> Iterator[None]:
    """Let HDF5 keep the order of nodes (Input first); nir has no argument for it."""
    import h5py

    config = h5py.get_config()
    before = config.track_order
    config.track_order = True
    try:
        yield
    finally:
        config.track_order = before


class _Loader:
    """Reads HDF5 into dictionaries, within limits: a bad file must neither fill memory nor loop."""

    def __init__(self, max_bytes: int) -> None:
        self.bytes_left = max_bytes
        self.items_left = _MAX_ITEMS

    def group(self, group: Any, depth: int = 0) -> dict[str, Any]:
        """Return a group's groups and arrays by name."""
        if depth > _MAX_DEPTH:
            raise InputError(f"HDF5 groups nest more than {_MAX_DEPTH} deep")
        return {name: self._item(group[name], depth) for name in group}

    def _item(self, item: Any, depth: int) -> Any:
        self.items_left -= 1
        if self.items_left < 0:
            raise InputError(f"more than {_MAX_ITEMS} HDF5 entries")
        if hasattr(item, "keys"):
            return self.group(item, depth + 1)
        if not hasattr(item, "nbytes"):
            raise InputError(f"entry {item.name!r} is neither a group nor an array")
        self.bytes_left -= item.nbytes
        if self.bytes_left < 0:
            raise InputError(f"array {item.name!r} claims more numbers than the file can hold")
        return _decoded(item[()])


def _decoded(value: Any) -> Any:
    """Return text as str and arrays of text as lists; everything else as it is."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray) and value.dtype.kind in "OS":
        return _decoded(value.tolist())
    if isinstance(value, list):
        return [_decoded(v) for v in value]
    return value
