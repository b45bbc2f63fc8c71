"""Whatever happens between a host and a chip in another process is told in one sentence, without a hang."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from chip_server import EXAMPLES, Start
from remote_chip import RemoteChip
from remote_chip.messages import Done, Placed, Ready, Refused
from remote_chip.wire import VERSION, pack

from hwnoise import Network, Program, Stream, substrate
from hwnoise.errors import ConnectionLostError

ONE = np.ones((1, 2), np.float32)


def chip_at(remote: RemoteChip, port: int, timeout: float = 30.0) -> Program:
    """A small chip in the other process."""
    network = Network.mlp("2-2", Stream(0))
    return remote.compile(network, substrate.load("ideal"), Stream(0), port=port, timeout=timeout)


def test_one_host_at_a_time(remote: RemoteChip, port: int) -> None:
    chip, second = chip_at(remote, port), RemoteChip()
    with pytest.raises(ConnectionLostError, match=f"127.0.0.1:{port} is in use by another host"):
        chip_at(second, port)
    chip.run(ONE)
    remote.close()
    chip_at(second, port).run(ONE)
    second.close()
    with pytest.raises(ConnectionLostError, match="was let go"):
        chip.run(ONE)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: chip\r\n\r\n",
        pack({}, {})[:9],  # and then nothing, until the server loses patience
        pack({}, {}).replace(b"{", b"["),
        b"hwnC" + (VERSION + 1).to_bytes(2, "little") + bytes(10),
        b"hwnC" + VERSION.to_bytes(2, "little") + bytes(2) + b"\xff" * 8,
    ],
    ids=["silence", "http", "half", "no json", "version", "huge"],
)
def test_a_server_outlives_its_clients(remote: RemoteChip, port: int, nonsense: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(nonsense)
        client.settimeout(10)
        if len(nonsense) == 9:
            while client.recv(4096):  # its greeting, then the end
                pass
    chip_at(remote, port).run(ONE)


@contextmanager
def peer(*frames: bytes) -> Iterator[int]:
    """Yield the port of somebody who says these frames to the first caller; b"" stands for hanging up."""
    over = threading.Event()

    def speak() -> None:
        caller, _ = listener.accept()
        with caller:
            for frame in frames:
                if not frame:
                    return
                caller.sendall(frame)
            over.wait(30)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=speak)
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        thread.join()


def frame(message: Any, **arrays: Any) -> bytes:
    return pack(message if isinstance(message, dict) else message.model_dump(mode="json"), arrays)


READY = frame(Ready())
PLACED = frame(Placed(chip=1, capabilities=substrate.load("ideal").capabilities()))
OLD = READY[:4] + b"\7\0" + READY[6:]
NOTHING = Done(cost={}, events={})


@pytest.mark.parametrize(
    ("frames", "sentence"),
    [
        ([], "did not answer within 0.2 s"),
        ([b""], "closed the connection"),
        ([b"SSH-2.0-OpenSSH_9.6\r\n"], "does not speak the language of remote chips"),
        ([OLD], f"speaks version 7 of the remote-chip language, this side {VERSION}"),
        ([READY[:8] + b"\xff" * 8], "announced a message of 8192.0 MiB, which is too large"),
        ([READY[:20]], "did not answer within 0.2 s"),
        ([READY[:20], b""], "closed the connection"),
        ([READY.replace(b"{", b"[")], "sent a message that cannot be read"),
        ([PLACED], "answered with 'placed' out of turn"),
        ([frame({"do": "sing"})], "sent something else than an answer"),
        ([READY], "did not answer within 0.2 s"),
        ([READY, READY], "answered with 'ready' out of turn"),
        ([READY, PLACED, b""], "closed the connection"),
        ([READY, PLACED, frame(NOTHING)], "sent no 'output' that begins with shape (1, 1)"),
        ([READY, PLACED, frame(NOTHING, output=np.zeros((2, 2)))], "sent no 'output' that begins with shape"),
    ],
)  # fmt: skip
def test_a_peer_that_is_no_chip_is_one_sentence(
    remote: RemoteChip, frames: list[bytes], sentence: str
) -> None:
    timeout = 0.2 if "0.2 s" in sentence else 30.0
    with peer(*frames) as port, pytest.raises(ConnectionLostError) as told:
        chip_at(remote, port, timeout).run(ONE)
    assert str(told.value).startswith(f"the chip at 127.0.0.1:{port} {sentence}")
    assert told.value.exit_code == 1


def test_what_is_lost_stays_lost(remote: RemoteChip) -> None:
    with peer(READY, PLACED, b"") as port:
        chip = chip_at(remote, port)
        for _ in range(2):
            with pytest.raises(ConnectionLostError, match=f"the chip at 127.0.0.1:{port} "):
                chip.read_weights()


def test_a_refusal_of_a_kind_that_does_not_exist_is_no_answer(remote: RemoteChip) -> None:
    refusal = frame(Refused(kind="InputError", sentence="no")).replace(b"InputError", b"OtherError")
    with peer(refusal) as port, pytest.raises(ConnectionLostError, match="something else than an answer"):
        chip_at(remote, port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_to(start: Start, number: signal.Signals) -> None:
    server, _ = start()
    server.send_signal(number)
    _, said = server.communicate(timeout=30)
    assert (server.returncode, said) == (0, "stopped\n")


def test_a_port_that_is_taken_is_one_sentence(port: int) -> None:
    command = [sys.executable, str(EXAMPLES / "03_serve_chip.py"), "--port", str(port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == f"cannot listen on 127.0.0.1:{port}: address already in use\n"
