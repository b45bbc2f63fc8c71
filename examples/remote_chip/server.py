"""The chip's side: listen on a socket, serve one client at a time, survive whatever it does."""

from __future__ import annotations

import math
import select
import socket
import sys

from hwnoise.errors import InputError
from hwnoise.files import reason
from remote_chip.messages import Answer, Arrays, Ready, Refused
from remote_chip.rack import Rack
from remote_chip.wire import PeerError, pack, receive, send


class ChipServer:
    """Serves chips to whoever connects; there is no password, so it listens on this machine only.

    Parameters
    ----------
    host : str
        The address to listen on; anything but the default opens it to others.
    port : int
        0 lets the system choose a free one.
    patience : float
        Seconds, > 0, for one message to arrive. Between messages a client may think for ever.

    Raises
    ------
    InputError
        If the address cannot be had, or ``patience`` is out of range.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, patience: float = 10.0) -> None:
        if not 0 < patience < math.inf:
            raise InputError(f"patience must be a number of seconds above 0, not {patience}")
        self.patience = patience
        try:
            self._listener = socket.create_server((host, port))
        except (OSError, OverflowError) as error:
            # newer Pythons add the address once more, in brackets
            why = reason(error).partition(" (")[0] if isinstance(error, OSError) else "ports end at 65535"
            raise InputError(f"cannot listen on {host}:{port}: {why}") from None
        self.host, self.port = self._listener.getsockname()[:2]

    def serve_forever(self) -> None:
        """Serve client after client, until interrupted."""
        while True:
            client, _ = self._listener.accept()
            with client:
                self._serve(client)

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        rack = Rack()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # short messages, each waited for
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a host without power says no goodbye
        try:
            send(client, _frame(Ready()), self.patience)
            while True:
                self._await_message(client)
                answer = rack.answer(*receive(client, self.patience))
                send(client, _frame(*answer), self.patience)
        except PeerError as error:
            print(f"the host {error}; waiting for the next one", file=sys.stderr, flush=True)

    def _await_message(self, client: socket.socket) -> None:
        """Wait until the client speaks; meanwhile tell others that the chip is taken."""
        while True:
            speaking, _, _ = select.select([client, self._listener], [], [])
            if client in speaking:  # first: it may have hung up, and the other be next
                return
            self._turn_away()

    def _turn_away(self) -> None:
        other, _ = self._listener.accept()
        sentence = f"the chip at {self.host}:{self.port} is in use by another host: try again later"
        busy = Refused(kind="ConnectionLostError", sentence=sentence)
        with other:
            try:
                send(other, _frame(busy), 1.0)
            except PeerError as error:
                print(f"a second host {error}", file=sys.stderr, flush=True)


def _frame(answer: Answer, arrays: Arrays | None = None) -> bytes:
    try:
        return pack(answer.model_dump(mode="json"), arrays or {})
    except InputError as error:
        return pack(Refused(kind="InputError", sentence=str(error)).model_dump(mode="json"), {})
