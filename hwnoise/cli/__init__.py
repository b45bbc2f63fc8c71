"""The command line: one file per command, nothing heavy imported before a command runs."""

from __future__ import annotations

from hwnoise.cli.app import main

__all__ = ["main"]
