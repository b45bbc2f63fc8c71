"""The command line: one file per command, nothing heavy imported before a command runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; see ``hwnoise.cli.app.main``."""
    try:
        from hwnoise.cli import app

        return app.main(argv)
    except KeyboardInterrupt:  # before the command began, or while its error was told
        print("hwnoise: interrupted", file=sys.stderr)
        return INTERRUPTED
