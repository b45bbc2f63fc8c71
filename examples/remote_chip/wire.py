"""Frames on a socket: a fixed prefix, a JSON message, named arrays as safetensors.

Nothing in a frame can run code when it is read, and nobody is made to hold more than ``MAX_BYTES``.

    b"hwnC" | version u16 | 0 0 | length of the JSON u32 | length of the arrays u32 | JSON | arrays
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.files import reason

Array = NDArray[Any]

MAGIC = b"hwnC"
VERSION = 1
MIB = 2**20
MAX_BYTES = 64 * MIB  # of all arrays in a message: two passes of 512 samples over 10 layers of 1024 nodes
MAX_JSON = MIB
_PREFIX = struct.Struct("<4sHxxII")


class PeerError(Exception):
    """What the other side did that ends a connection, to be read after its name: "closed the ..."."""


def pack(message: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Make one frame.

    Parameters
    ----------
    message : mapping
        What JSON can hold.
    arrays : mapping of str to array
        Booleans, integers or floats, any shapes. They arrive in this order and with the memory
        layout they have here: whoever adds in another order gets other last bits.

    Raises
    ------
    InputError
        If there is more than a frame may hold.
    """
    from safetensors.numpy import save

    axes = {name: np.argsort([-step for step in a.strides], kind="stable") for name, a in arrays.items()}
    packed = save({name: np.asarray(a.transpose(axes[name]), order="C") for name, a in arrays.items()})
    head = {"message": message, "axes": {name: order.tolist() for name, order in axes.items()}}
    text = json.dumps(head, allow_nan=False).encode()
    if len(packed) > MAX_BYTES or len(text) > MAX_JSON:
        size = (len(packed) + len(text)) / MIB
        raise InputError(
            f"a message of {size:.1f} MiB is more than the link to the chip carries "
            f"({MAX_BYTES // MIB} MiB of arrays, {MAX_JSON // MIB} MiB of text): take smaller batches"
        )
    return _PREFIX.pack(MAGIC, VERSION, len(text), len(packed)) + text + packed


def send(link: socket.socket, frame: bytes, seconds: float) -> None:
    """Send a whole frame within ``seconds``, or raise PeerError."""
    with _failures(seconds):
        link.settimeout(seconds)
        link.sendall(frame)


def receive(link: socket.socket, seconds: float) -> tuple[Any, dict[str, Array]]:
    """Return the next message and its arrays, complete within ``seconds``.

    Raises
    ------
    PeerError
        If the other side closes, is silent, or sends anything but a frame of this version and of
        a size that is allowed.
    """
    deadline = time.monotonic() + seconds
    with _failures(seconds):
        magic, version, n_text, n_packed = _PREFIX.unpack(_exactly(link, _PREFIX.size, deadline))
        if magic != MAGIC:
            raise PeerError("does not speak the language of remote chips")
        if version != VERSION:
            raise PeerError(f"speaks version {version} of the remote-chip language, this side {VERSION}")
        if n_text > MAX_JSON or n_packed > MAX_BYTES:
            raise PeerError(f"announced a message of {(n_text + n_packed) / MIB:.1f} MiB, which is too large")
        text = _exactly(link, n_text, deadline)
        return _unpack(text, _exactly(link, n_packed, deadline))


def _unpack(text: bytes, packed: bytes) -> tuple[Any, dict[str, Array]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        head = json.loads(text)
        arrays = load(packed)  # in an order of its own
        laid_out = {name: arrays[name].transpose(np.argsort(axes)) for name, axes in head["axes"].items()}
        return head["message"], laid_out
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError, SafetensorError) as error:
        raise PeerError(f"sent a message that cannot be read ({type(error).__name__})") from None


def _exactly(link: socket.socket, size: int, deadline: float) -> bytes:
    """The next ``size`` bytes; the deadline holds for all of them, however slowly they trickle in."""
    buffer, got = bytearray(size), 0
    while got < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        link.settimeout(left)
        count = link.recv_into(memoryview(buffer)[got:])
        if not count:
            raise PeerError("closed the connection")
        got += count
    return bytes(buffer)


@contextmanager
def _failures(seconds: float) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise PeerError(f"did not answer within {seconds:g} s") from None
    except (ConnectionResetError, BrokenPipeError):
        raise PeerError("closed the connection") from None
    except OSError as error:
        raise PeerError(f"cannot be heard any more: {reason(error)}") from None
