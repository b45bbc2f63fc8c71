"""Files of unknown worth: plain or gzip, never more memory than the file can fill."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hwnoise.errors import InputError

MAX_BYTES = 2**31  # after decompression; full MNIST is 47 MB
MAX_RATIO = 1032  # deflate can do no better (RFC 1951: 258 bytes for 2 bits)
_CHUNK = 2**20


@contextmanager
def reading(path: Path) -> Iterator[io.BufferedIOBase]:
    """Open ``path``, decompressing what starts like gzip.

    Raises
    ------
    InputError
        If a gzip file turns out damaged while it is read.
    """
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if is_gzip:
                with gzip.GzipFile(fileobj=raw) as stream:
                    yield stream
            else:
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: damaged gzip file ({error})") from error


def require_plausible(path: Path, promised: int, packed: int | None = None) -> None:
    """Refuse a header that promises more bytes than its file can hold, before any are allocated.

    Parameters
    ----------
    path : Path
        The file.
    promised : int
        Bytes of data that its header announces.
    packed : int or None
        Bytes on disk that hold them, if not all of ``path``.

    Raises
    ------
    InputError
        If ``promised`` is above what deflate could have packed, or above ``MAX_BYTES``.
    """
    size = path.stat().st_size
    stored = size if packed is None else min(size, packed)
    if promised > MAX_RATIO * stored:
        raise InputError(f"{path}: the header promises {promised} bytes, too many for {stored} on disk")
    if promised > MAX_BYTES:
        raise InputError(f"{path}: {promised} bytes of data are more than the limit of {MAX_BYTES}")


def read_exactly(stream: io.BufferedIOBase, n: int, path: Path) -> bytearray:
    """Read ``n`` bytes and see that the file ends there.

    Raises
    ------
    InputError
        If it is shorter or longer.
    """
    data = bytearray()
    while len(data) < n and (chunk := stream.read(min(_CHUNK, n - len(data)))):
        data += chunk
    if len(data) < n:
        raise InputError(f"{path}: truncated, {len(data)} of {n} bytes of data are there")
    if stream.read(1):
        raise InputError(f"{path}: there are more bytes than the {n} its header announces")
    return data
