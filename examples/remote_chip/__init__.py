"""A chip in another process, reached over a socket: a backend that is no part of hwnoise.

    wire.py       frames: how bytes become a message and named arrays
    messages.py   what is said: four requests and their answers
    host.py       the host's side: the backend ``RemoteChip``
    rack.py       the chip's side: checks a request and answers it
    server.py     the chip's side: sockets

docs/guide/own_backend.md walks through it.
"""

from __future__ import annotations

from remote_chip.host import RemoteChip

__all__ = ["RemoteChip"]
