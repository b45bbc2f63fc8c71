"""Ctrl-C ends a command, whatever has been made of it on the way."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Interruption:
    """While it is entered, any error that follows a Ctrl-C leaves as KeyboardInterrupt.

    Extension modules that are interrupted while they are imported report an ImportError or a SystemError,
    and whoever takes an absent package for a finding would report that. Training, which saves its state
    first, has a handler of its own meanwhile. Signals reach the main thread only; in any other thread
    this does nothing, and so it does where Ctrl-C is ignored (``nohup``, ``&`` in a script).
    """

    def __init__(self) -> None:
        self._noticed = False
        self._is_ours = False

    def __enter__(self) -> None:
        is_main = threading.current_thread() is threading.main_thread()
        self._is_ours = is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._is_ours:
            signal.signal(signal.SIGINT, self._notice)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._noticed and isinstance(error, Exception):
            raise KeyboardInterrupt from error

    def _notice(self, number: int, frame: FrameType | None) -> None:
        self._noticed = True
        raise KeyboardInterrupt
