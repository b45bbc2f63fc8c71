"""One conversation with the chip's side: a question, an answer; broken once, it stays broken."""

from __future__ import annotations

import socket
import weakref
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from hwnoise.errors import ConnectionLostError, HwnoiseError, InputError, MismatchError
from hwnoise.files import reason
from remote_chip import messages
from remote_chip.messages import Done, Place, Placed, ReadWeights, Ready, Refused, Run, Write
from remote_chip.wire import Array, PeerError, pack, receive, send

Wanted = TypeVar("Wanted", Ready, Placed, Done)
_REFUSALS = {kind.__name__: kind for kind in (InputError, MismatchError, ConnectionLostError)}


class Connection:
    """A socket to the chip's side.

    Parameters
    ----------
    host, port : str, int
        Where it listens.
    timeout : float
        Seconds, > 0, for the connection and for each answer.

    Attributes
    ----------
    unused : list of int
        Chips whose program is gone; the next ``Place`` tells the chip's side.

    Raises
    ------
    ConnectionLostError
        If nobody answers there, or somebody else, or the chip is taken.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self.address, self.timeout = f"{host}:{port}", timeout
        self.unused: list[int] = []
        self._lost = ""
        self._link = _connect(host, port, timeout)
        weakref.finalize(self, self._link.close)
        try:
            self._exchange(None, Ready)
        except HwnoiseError:
            self._link.close()
            raise

    def ask(
        self, request: Place | Run | ReadWeights | Write, wanted: type[Wanted], arrays: Mapping[str, Array]
    ) -> tuple[Wanted, dict[str, Array]]:
        """Send ``request`` and return its answer, which has to be a ``wanted``, with its arrays.

        Raises
        ------
        InputError, MismatchError
            The chip's side refused, in its own words.
        ConnectionLostError
            It went away, is silent for ``timeout`` seconds, or talks nonsense.
        """
        if self._lost:
            raise ConnectionLostError(self._lost)
        return self._exchange(pack(request.model_dump(mode="json"), arrays), wanted)

    def take_unused(self) -> tuple[int, ...]:
        """Return the chips nobody needs any more, once."""
        taken = tuple(self.unused)
        del self.unused[: len(taken)]
        return taken

    def close(self, what: str = "was let go") -> None:
        """End the conversation for ``what`` happened; whoever asks later is told."""
        self._lost = self._lost or f"the chip at {self.address} {what}"
        self._link.close()

    def fail(self, what: str) -> NoReturn:
        """Give the chip up for ``what`` it did: ConnectionLostError, now and ever after."""
        self.close(what)
        raise ConnectionLostError(self._lost) from None

    def _exchange(self, frame: bytes | None, wanted: type[Wanted]) -> tuple[Wanted, dict[str, Array]]:
        complete = False
        try:
            if frame is not None:
                send(self._link, frame, self.timeout)
            message, arrays = receive(self._link, self.timeout)
            complete = True
        except PeerError as error:
            self.fail(str(error))
        finally:
            if not complete:  # also after Ctrl-C: a late answer must not be taken for the next one
                self.close("was left in the middle of an answer")
        return self._understood(message, wanted), arrays

    def _understood(self, message: Any, wanted: type[Wanted]) -> Wanted:
        try:
            answer = messages.as_answer(message)
        except InputError as error:
            self.fail(f"sent something else than an answer ({error})")
        if isinstance(answer, Refused):
            raise _REFUSALS[answer.kind](answer.sentence)
        if not isinstance(answer, wanted):
            self.fail(f"answered with '{answer.do}' out of turn")
        return answer


def _connect(host: str, port: int, timeout: float) -> socket.socket:
    unreachable = f"the chip at {host}:{port} cannot be reached"
    try:
        link = socket.create_connection((host, port), timeout)
    except TimeoutError:
        raise ConnectionLostError(f"{unreachable} within {timeout:g} s") from None
    except OSError as error:
        raise ConnectionLostError(f"{unreachable}: {reason(error)}") from None
    except UnicodeError:
        raise ConnectionLostError(f"{unreachable}: that is no host name") from None
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # short messages, each waited for
    return link
