"""What a Lava run may leave behind: processes of its group, and shared memory that nobody maps."""

from __future__ import annotations

import time
from pathlib import Path

_SEGMENTS = "/dev/shm/psm_"
_CHILD = (
    b"hwnoise.backends.lava.child",
    b"hwnoise.backends.lava.session.child",
    b"hwnoise.backends.lava.stopwatch",
)


def leftovers(folder: str = "") -> list[str]:
    """Return what is still there after at most five seconds of waiting.

    Parameters
    ----------
    folder : str
        Only processes whose command line has it count; by default every child of Lava runs.
    """
    deadline = time.monotonic() + 5
    while (found := [*_processes(folder.encode()), *_segments()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _processes(folder: bytes) -> list[str]:
    """Command lines of living children."""
    lines = (_read(path / "cmdline") for path in Path("/proc").glob("[0-9]*"))
    return [line.decode() for line in lines if any(c in line for c in _CHILD) and folder in line]


def _segments() -> list[str]:
    """Segments of shared memory that no process has mapped: nobody will ever remove them."""
    there = {str(path) for path in Path("/dev/shm").glob("psm_*")}
    mapped = b"".join(_read(path / "maps") for path in Path("/proc").glob("[0-9]*")) if there else b""
    return sorted(name for name in there if name.encode() not in mapped)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process is gone, or is not ours
        return b""
