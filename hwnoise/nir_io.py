"""Networks as NIR files: HDF5, readable by every tool that reads NIR.

Our files end in a seal, a digest of all bytes before it. HDF5 ignores what follows its data, so
other readers do not notice it; ours finds damage before HDF5 stumbles over it. Files of others
have no seal: they are read within limits.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from hwnoise.errors import InputError
from hwnoise.files import reason, replacing
from hwnoise.mlp import MAX_PARAMETERS
from hwnoise.network import Network
from hwnoise.nir_tree import from_tree, own_types, to_tree

_SEAL = b"\nhwnoise blake2b "
_DIGEST_SIZE = 16  # bytes
_MAX_BYTES = 8 * MAX_PARAMETERS
_MAX_DEPTH = 16  # groups in groups; a plain NIR file has 4
_MAX_ITEMS = 100_000
_MAX_EXPANSION = 1032  # deflate cannot compress better (zlib technical details)
_HDF5_ERRORS = (OSError, RuntimeError, LookupError, ValueError, TypeError, ArithmeticError, MemoryError)


def write(path: str | Path, network: Network) -> None:
    """Write ``network`` to a NIR file; a file already there is replaced in one step.

    dt, reset and metadata are stored in the graph's metadata. Activations, which NIR lacks, are
    written as nodes of a type such as ``hwnoise.Relu``, at which other readers stop.

    Raises
    ------
    InputError
        If the system refuses; what was at ``path`` is untouched.
    """
    import nir

    buffer = io.BytesIO()
    with _stored_in_order():
        nir.write(buffer, SimpleNamespace(to_dict=lambda: to_tree(network)))
    data = buffer.getvalue()
    with replacing(path) as temporary:
        temporary.write_bytes(data + _seal(data))


def read(path: str | Path, dt: float | None = None, reset: str | None = None) -> Network:
    """Read a network from a NIR file, ours or anybody's.

    Nested graphs are unfolded. Metadata of other programs is left behind.

    Parameters
    ----------
    path : path
        The file.
    dt, reset : optional
        As in :class:`~hwnoise.network.Network`; where given, they stand over the file's. A file
        not written by hwnoise has neither: ``network.assumptions`` says what is still open.

    Raises
    ------
    InputError
        If the file is missing, damaged, or describes no network that can run; one sentence.
    """
    data = _read_bytes(Path(path))
    try:
        network = from_tree(_load(_unsealed(data)))
        return replace(
            network,
            dt=network.dt if dt is None else dt,
            reset=network.reset if reset is None else reset,
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def to_nir(network: Network) -> Any:
    """Return ``network`` as a ``nir.NIRGraph``, for tools that take one in memory.

    Raises
    ------
    InputError
        If the network has activations that NIR lacks.
    """
    import nir

    foreign = own_types(network)
    if foreign:
        raise InputError(f"NIR has no primitive for {', '.join(foreign)}")
    return nir.dict2NIRNode({**to_tree(network), "type_check": False})  # Network has checked


def from_nir(graph: Any) -> Network:
    """Return the network in a ``nir.NIRGraph``, such as an export of another framework.

    Raises
    ------
    InputError
        If it describes no network that can run.
    """
    return from_tree(graph.to_dict())


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


def _seal(data: bytes) -> bytes:
    return _SEAL + hashlib.blake2b(data, digest_size=_DIGEST_SIZE).hexdigest().encode()


def _unsealed(data: bytes) -> bytes:
    """Return the HDF5 part of a file, after comparing the seal where there is one."""
    body, seal = data[: -len(_seal(b""))], data[-len(_seal(b"")) :]
    if not seal.startswith(_SEAL):
        return data
    if seal != _seal(body):
        raise InputError("the file is damaged: its bytes do not match the digest at its end")
    return body


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.exists():
            raise InputError(f"{path}: no such file")
        if not path.is_file():
            raise InputError(f"{path}: not a file")
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path}: larger than {_MAX_BYTES} bytes, the most a network can have")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {reason(error)}") from None


def _load(data: bytes) -> dict[str, Any]:
    import h5py

    if not data.startswith(b"\x89HDF\r\n\x1a\n"):
        raise InputError("not a NIR file (it does not start as HDF5)")
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            return _Loader(_MAX_EXPANSION * len(data)).group(file["node"])
    except _HDF5_ERRORS as error:
        raise InputError(f"not a readable NIR file ({type(error).__name__} inside HDF5)") from None


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
            raise InputError(f"more than {_MAX_ITEMS} entries")
        if hasattr(item, "keys"):
            return self.group(item, depth + 1)
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
