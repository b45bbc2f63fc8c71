"""Servers and hosts for the tests of examples/remote_chip."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chip_server import Server, Start, port_of, start_server
from remote_chip import RemoteChip  # importable since chip_server was imported


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Return a function that starts a server and returns it with its port; all are gone at the end."""
    running: list[Server] = []

    def starter(*words: str) -> tuple[Server, int]:
        running.append(start_server(*words))
        return running[-1], port_of(running[-1])

    yield starter
    for server in running:
        server.kill()
        server.communicate()


@pytest.fixture(scope="module")
def port(start: Start) -> int:
    """The port of a server that most tests share, one after the other."""
    return start("--patience", "1")[1]


@pytest.fixture
def remote() -> Iterator[RemoteChip]:
    backend = RemoteChip()
    yield backend
    backend.close()
