"""IDX files, the layout of MNIST, Fashion-MNIST and EMNIST, gzip or not.

Format: LeCun, Cortes and Burges, The MNIST database of handwritten digits (1998): two zero bytes, a
type code, the number of axes, one big-endian 32-bit length an axis, then the values.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np

from hwnoise.errors import InputError
from hwnoise.tasks.arrays import from_arrays
from hwnoise.tasks.base import Array, Task
from hwnoise.tasks.reading import read_exactly, reading, require_plausible
from hwnoise.tasks.splitting import TEST_SHARE

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_AXES = 4  # samples, rows, columns, channels
_PARTS = {"train": ("train",), "test": ("t10k", "test")}  # how the parts are marked in file names


def read_idx(path: Path) -> Array:
    """Read one IDX file.

    Parameters
    ----------
    path : Path
        Plain or gzip, whatever its name.

    Returns
    -------
    array
        In the machine's byte order.

    Raises
    ------
    InputError
        If the magic number is wrong, or header and length disagree.
    """
    with reading(path) as stream:
        magic = stream.read(4)
        if not _is_magic(magic):
            raise InputError(f"{path}: not an IDX file (it starts with {magic.hex(' ') or 'nothing'})")
        lengths = stream.read(4 * magic[3])
        if len(lengths) < 4 * magic[3]:
            raise InputError(f"{path}: truncated inside the IDX header")
        shape = struct.unpack(f">{magic[3]}I", lengths)
        dtype = np.dtype(_TYPES[magic[2]])
        promised = math.prod(shape) * dtype.itemsize
        if promised == 0:
            raise InputError(f"{path}: holds no data, its header gives the shape {shape}")
        require_plausible(path, promised)
        values = np.frombuffer(read_exactly(stream, promised, path), dtype)
    return values.reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _is_magic(magic: bytes) -> bool:
    """Return whether these bytes open an IDX file."""
    return len(magic) == 4 and magic[:2] == b"\0\0" and magic[2] in _TYPES and 1 <= magic[3] <= _MAX_AXES


def load_idx(path: Path) -> Task:
    """Make a task of a folder in MNIST layout, or of one images file with its labels beside it.

    Parameters
    ----------
    path : Path
        A folder with ``train-images*`` and ``train-labels*``, whose ``t10k-*`` files, if there, are
        the test part; or a file with ``images`` in its name.

    Returns
    -------
    Task

    Raises
    ------
    InputError
        If a file is missing, ambiguous or malformed, or counts differ.
    """
    if path.is_file():
        return from_arrays(*_read_pair(path), name=path.name.split(".")[0], source=str(path))
    files = {part: _find_images(path, marks) for part, marks in _PARTS.items()}
    if files["train"] is None:
        raise InputError(f"{path}: there is no train-images-idx3-ubyte file (.gz or not) in this folder")
    train = _read_pair(files["train"])
    test = TEST_SHARE if files["test"] is None else _read_pair(files["test"])
    return from_arrays(*train, test=test, name=path.resolve().name, source=str(path))


def _find_images(folder: Path, marks: tuple[str, ...]) -> Path | None:
    """The images file of one part; unpacked and packed copies of one file count once."""
    found = {
        file.name.removesuffix(".gz"): file
        for file in sorted(folder.iterdir(), reverse=True)  # the unpacked one comes last and stays
        if any(f"{mark}-images" in file.name for mark in marks)
    }
    if len(found) > 1:
        raise InputError(f"{folder}: which images are meant, {' or '.join(sorted(found))}?")
    return next(iter(found.values()), None)


def _read_pair(images: Path) -> tuple[Array, Array]:
    """Read an images file and the labels file beside it."""
    if "images" not in images.name:
        raise InputError(f"{images}: give the file with 'images' in its name, beside which its labels lie")
    name = images.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    beside = [images.with_name(name + suffix) for suffix in ("", ".gz")]
    labels = next((file for file in beside if file.is_file()), None)
    if labels is None:
        raise InputError(f"{images}: its labels file {name} (.gz or not) is not beside it")
    x, y = read_idx(images), read_idx(labels)
    if y.ndim != 1:
        raise InputError(f"{labels}: labels have one axis, these have {y.ndim}")
    if x.ndim < 2 or len(x) != len(y):
        raise InputError(f"{images}: has shape {x.shape}, but {labels.name} holds {len(y)} labels")
    return x, y
