"""The chip in another process of examples/: its package made importable, its server started."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
if str(EXAMPLES) not in sys.path:
    sys.path.insert(0, str(EXAMPLES))

Server = subprocess.Popen[str]
Start = Callable[..., tuple[Server, int]]


def start_server(*words: str) -> Server:
    """Start 03_serve_chip.py on a free port; its output is kept."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / "03_serve_chip.py"), "--port", "0", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def port_of(server: Server) -> int:
    """Wait for a server to say where it listens."""
    assert server.stdout is not None
    heard = server.stdout.readline()
    assert heard.startswith("listening on 127.0.0.1:")
    return int(heard.rpartition(":")[2])
