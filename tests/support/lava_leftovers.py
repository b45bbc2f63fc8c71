"""What a Lava run may leave behind: processes of its group, and shared memory that nobody maps."""

from __future__ import annotations

import os
import time
from pathlib import Path

_SEGMENTS = "/dev/shm/psm_"
_CHILD = (
    b"hwnoise.backends.lava.child",
    b"hwnoise.backends.lava.session.child",
    b"hwnoise.backends.lava.stopwatch",
)
# Tests run side by side: whatever this process starts inherits its mark, and nobody else's children have it.
_MARK = f"HWNOISE_TESTS={os.getpid()}"
os.environ.update([_MARK.split("=")])


def leftovers(folder: str = "") -> list[str]:
    """Return what is still there after at most five seconds of waiting.

    Parameters
    ----------
    folder : str
        Only processes whose command line has it count; by default every child that this process started.
    """
    deadline = time.monotonic() + 5
    while (found := [*_processes(folder.encode()), *_segments()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _processes(folder: bytes) -> list[str]:
    """Command lines of living children."""
    ours = (path for path in Path("/proc").glob("[0-9]*") if _MARK.encode() in _read(path / "environ"))
    lines = (_read(path / "cmdline") for path in ours)
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
