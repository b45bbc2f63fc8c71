"""Networks as NIR files: HDF5, readable by every tool that reads NIR.

Our files end in a seal, a digest of all bytes before it. HDF5 ignores what follows its data, so
other readers do not notice it; ours finds damage before HDF5 stumbles over it. Files of others
have no seal and are read in a process of their own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from hwnoise.convention import Convention
from hwnoise.errors import InputError
from hwnoise.files import reason, replacing
from hwnoise.mlp import MAX_PARAMETERS
from hwnoise.network import Network
from hwnoise.nir_convention import completed
from hwnoise.nir_hdf5 import dump, load, load_foreign
from hwnoise.nir_tree import Tree, from_tree, is_foreign, own_types, to_tree

_SEAL = b"\nhwnoise blake2b "
_DIGEST_SIZE = 16  # bytes
_MAX_BYTES = 8 * MAX_PARAMETERS


def write(path: str | Path, network: Network) -> None:
    """Write ``network`` to a NIR file; a file already there is replaced in one step.

    dt, reset and metadata are stored in the graph's metadata. Activations, which NIR lacks, are
    written as nodes of a type such as ``hwnoise.Relu``, at which other readers stop.

    Raises
    ------
    InputError
        If the system refuses; what was at ``path`` is untouched.
    """
    data = dump(to_tree(network))
    with replacing(path) as temporary:
        temporary.write_bytes(data + _seal(data))


def read(
    path: str | Path,
    dt: float | None = None,
    reset: str | None = None,
    convention: str | Convention | None = None,
) -> Network:
    """Read a network from a NIR file, ours or anybody's.

    Nested graphs are unfolded. Metadata of other programs is left behind.

    Parameters
    ----------
    path : path
        The file.
    dt, reset : optional
        As in :class:`~hwnoise.network.Network`; where given, they stand over the file's.
    convention : str or Convention, optional
        How neurons are stepped, such as ``"norse"``: see :mod:`hwnoise.convention`. A file not written
        by hwnoise states none of the three. Where names or numbers show which tool wrote it, that
        tool's are taken; ``network.assumptions`` says what was taken and what is still open.

    Raises
    ------
    InputError
        If the file is missing, damaged, or describes no network that can run; one sentence.
    """
    data = _read_bytes(Path(path))
    try:
        return _completed(_tree(data), dt, reset, convention)
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


def from_nir(
    graph: Any,
    dt: float | None = None,
    reset: str | None = None,
    convention: str | Convention | None = None,
) -> Network:
    """Return the network in a ``nir.NIRGraph``, such as an export of another framework.

    ``dt``, ``reset`` and ``convention`` as in :func:`read`.

    Raises
    ------
    InputError
        If it describes no network that can run.
    """
    return _completed(graph.to_dict(), dt, reset, convention)


def _completed(
    tree: Tree, dt: float | None, reset: str | None, convention: str | Convention | None
) -> Network:
    """Let what the caller states stand over what the file does, and fill in what its tool means."""
    return completed(from_tree(tree), dt, reset, convention, is_foreign(tree))


def _seal(data: bytes) -> bytes:
    return _SEAL + hashlib.blake2b(data, digest_size=_DIGEST_SIZE).hexdigest().encode()


def _tree(data: bytes) -> dict[str, Any]:
    """Return what a file holds, after comparing the seal where there is one."""
    size = len(_seal(b""))
    body, seal = data[:-size], data[-size:]
    if not seal.startswith(_SEAL):
        return load_foreign(data)
    if seal != _seal(body):
        raise InputError("the file is damaged: its bytes do not match the digest at its end")
    return load(body)


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
