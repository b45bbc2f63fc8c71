"""How long Lava takes for the steps of a network, and nothing else: no recording, no start, no compilation.

A child that stays: it takes all steps whenever a byte arrives on its standard input, and answers with
one when they are done.
"""

from __future__ import annotations

import os
import queue
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from hwnoise.backends.lava import detect, group, layout
from hwnoise.backends.lava.graph import Graph
from hwnoise.backends.lava.group import LavaError
from hwnoise.backends.lava.job import Job, read_job, write_job
from hwnoise.backends.lava.plan import Array
from hwnoise.backends.lava.planning import make_plan
from hwnoise.integers import IntegerNetwork

_START_SECONDS, _STEP_SECONDS = 60.0, 0.03  # of a slow machine; a step takes 1 to 3 ms


class Stopwatch:
    """A network in Lava's fixed-point simulation that takes all steps of its input again and again.

    Only stock processes: a RingBuffer and what stands for the network. The child ends with ``close``,
    with this object, or with this process.

    Parameters
    ----------
    network : IntegerNetwork
    x : (1, steps, *input shape) integers

    Raises
    ------
    InputError
        If Lava is not installed, or the network does not fit it.
    """

    def __init__(self, network: IntegerNetwork, x: Array) -> None:
        detect.require()
        plan = make_plan(network, x.shape[1])
        self._limit = _START_SECONDS + _STEP_SECONDS * x.shape[1]
        self._folder = Path(tempfile.mkdtemp(prefix="hwnoise-lava-"))
        write_job(self._folder, Job(plan, x, hardware=False))
        self._answers, theirs = os.pipe()
        self._child = group.start("hwnoise.backends.lava.stopwatch", self._folder, (str(theirs),), (theirs,))
        os.close(theirs)
        self.close = weakref.finalize(self, _end, self._child, self._answers, self._folder)

    def run(self) -> None:
        """Take all steps once; the first time includes the start of Lava's processes.

        Raises
        ------
        LavaError
            If Lava fails, or does not come to an end.
        """
        assert self._child.stdin is not None
        with suppress(BrokenPipeError):  # it is gone: there will be no answer, and we look why
            self._child.stdin.write(b"+")
            self._child.stdin.flush()
        if not select.select([self._answers], [], [], self._limit)[0]:
            raise LavaError(f"Lava did not finish within {self._limit:.0f} s")
        if not os.read(self._answers, 1):
            self._child.wait(self._limit)
            group.require_no_failure(self._folder)
            raise group.last_words(self._child, self._folder)


def _end(child: subprocess.Popen[bytes], answers: int, folder: Path) -> None:
    group.end(child)
    os.close(answers)
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Take all steps of the job in the folder named first whenever asked to, until nobody can ask."""
    from hwnoise.backends.lava.configuration import simulation

    folder, answers = Path(sys.argv[1]), int(sys.argv[2])
    asked: queue.SimpleQueue[None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked, folder), daemon=True).start()
    job = read_job(folder)
    graph, config = _Repeated(job.plan, job.x[0]), simulation(folder)
    while True:
        asked.get()
        graph.run(config)
        os.write(answers, b".")


class _Repeated(Graph):
    """A graph that begins its input anew when it has taken all steps, and can go on."""

    def run(self, config: Any) -> None:
        """Take all steps of the input."""
        from lava.magma.core.run_conditions import RunSteps

        next(iter(self.processes.values())).run(RunSteps(self.steps), config)

    def _send(self, x: Array) -> Any:
        from lava.proc.io.source import RingBuffer

        return RingBuffer(data=layout.lava_steps(x)).s_out


def _listen(asked: queue.SimpleQueue[None], folder: Path) -> None:
    """Pass on every byte; when the parent is gone, end the whole group."""
    while os.read(sys.stdin.fileno(), 1):
        asked.put(None)
    group.end_with_parent(folder)
