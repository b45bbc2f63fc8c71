"""Named arrays and a JSON record in one safetensors file, whole or not at all, with a checksum.

The file is written here rather than by ``safetensors.numpy.save_file``: that one holds every array in
memory twice, and leaves a temporary file of its own behind when it is killed. It is read by the library.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.files import replacing

Array = NDArray[Any]
_KINDS = {"b": "BOOL", "u": "U", "i": "I", "f": "F"}


def write_arrays(path: Path, arrays: Mapping[str, Array], record: Mapping[str, Any] | None = None) -> None:
    """Replace ``path`` in one step.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    arrays : mapping of str to array
        Any shapes; booleans, integers and floats.
    record : mapping, optional
        What JSON can hold.

    Raises
    ------
    InputError
        If the system refuses; ``path`` is as it was.
    """
    plain = {name: _little_endian(item) for name, item in arrays.items()}
    text = json.dumps(record or {})
    with replacing(path) as temporary, open(temporary, "wb") as file:
        _write(file, plain, {"record": text, "digest": _digest(plain, text)})


def read_arrays(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read what ``write_arrays`` wrote: the arrays and the record.

    Raises
    ------
    InputError
        If the file is missing, cut short, or differs in a single bit from what was written.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        if metadata["digest"] != _digest(arrays, metadata["record"]):
            raise ValueError("its content does not fit its checksum")
        return arrays, json.loads(metadata["record"])
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except KeyError as error:
        raise InputError(f"{path}: not written by hwnoise, or damaged (it has no {error})") from error
    except (OSError, SafetensorError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: damaged, it cannot be read ({' '.join(str(error).split())[:120]})"
        ) from error


def _write(file: BinaryIO, arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Lay the file out as the format says: length of the header, header, arrays without gaps."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    start = 0
    for name, item in arrays.items():
        kind = _KINDS[item.dtype.kind] + (str(8 * item.itemsize) if item.dtype.kind != "b" else "")
        header[name] = {"dtype": kind, "shape": item.shape, "data_offsets": (start, start + item.nbytes)}
        start += item.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the arrays are aligned
    file.write(len(text).to_bytes(8, "little") + text)
    for item in arrays.values():
        file.write(_bytes(item))


def _digest(arrays: Mapping[str, Array], text: str) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16)
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].dtype.str}{arrays[name].shape}".encode())
        digest.update(_bytes(arrays[name]))
    return digest.hexdigest()


def _little_endian(item: Array) -> Array:
    """The same values, laid out row by row; no copy where they are already."""
    item = np.asarray(item, order="C")
    return item.astype(item.dtype.newbyteorder("<"), copy=False)


def _bytes(item: Array) -> memoryview:
    return item.reshape(-1).view(np.uint8).data
