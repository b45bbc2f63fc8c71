"""A child and all that Lava forks there, as one group of processes: started, and ended for sure."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hwnoise.backends.lava.job import read_failure
from hwnoise.errors import HwnoiseError, InputError

_GRACE = 5.0  # s for a group to end by itself
# Lava's processes are many, and a product must not be split.
_ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
_LONGEST = 70  # characters of a folder with room for the name of a socket, which the system limits to 103


class LavaError(HwnoiseError):
    """Lava started and did not come to its end; the message carries the original exception."""

    exit_code = 1


def start(
    module: str, folder: Path, arguments: Sequence[str] = (), share: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start ``module.main`` as leader of its own group, in ``folder``; it leaves when its input closes.

    Parameters
    ----------
    module : str
    folder : Path
        Its first argument. Whatever it and Lava print goes to ``log.txt`` there.
    arguments : sequence of str
        What follows.
    share : sequence of int
        Descriptors that it may use.
    """
    code = f"from {module} import main; main()"
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-c", code, str(folder), *arguments],
            stdin=subprocess.PIPE,  # closes with us: the child's sign to leave
            stdout=log,
            stderr=log,
            cwd=folder,  # nothing that could be imported by mistake
            start_new_session=True,
            pass_fds=tuple(share),
            env={**os.environ, **_ONE_THREAD, **_own_folder(folder)},
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """End every process of the group.

    SIGTERM first: Python's resource tracker ignores it, and unlinks the group's shared memory once
    the others are gone.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        if _is_gone(process, _GRACE):
            break
    if process.stdin:
        with suppress(BrokenPipeError):
            process.stdin.close()
    process.wait()


def require_no_failure(folder: Path) -> None:
    """Raise what the child left word of: InputError for the user's own, else LavaError."""
    failure = read_failure(folder)
    if failure is not None and not failure.where:
        raise InputError(failure.summary)
    if failure is not None:
        raise LavaError(f"Lava failed at {failure.where}: {failure.summary}") from RuntimeError(failure.trace)


def last_words(process: subprocess.Popen[bytes], folder: Path) -> LavaError:
    """Return the error for a child that ended without leaving word."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)  # it may still be on its way out
    lines = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return LavaError(f"Lava ended with status {process.returncode}: {lines[-1] if lines else 'no message'}")


def end_with_parent(folder: Path) -> None:
    """In the child, when the parent is gone: remove what it cannot, and end the whole group."""
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgid(0), signal.SIGTERM)


def _own_folder(folder: Path) -> dict[str, str]:
    """Let the group keep its temporary files in ``folder``: they go with it however the group ends."""
    return {"TMPDIR": str(folder)} if len(str(folder)) <= _LONGEST else {}


def _is_gone(process: subprocess.Popen[bytes], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        process.poll()  # a group exists as long as its leader is not collected
        if not _has_life(process.pid):
            return True
        time.sleep(0.01)
    return False


def _has_life(leader: int) -> bool:
    """Whether a process of the group still runs.

    Orphans are collected by the system's first process, whenever that comes to it: one that has
    ended and only waits for this holds nothing any more.
    """
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    tables = list(Path("/proc").glob("[0-9]*/stat"))  # empty where the system shows no such files
    return not tables or any(_state(path, leader) not in ("", "Z") for path in tables)


def _state(path: Path, leader: int) -> str:
    """Return the letter of a process's state, or nothing if it is not of the group."""
    try:
        state, _, group = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:3]
    except (OSError, ValueError):  # it went while we looked
        return ""
    return state if group == str(leader) else ""
