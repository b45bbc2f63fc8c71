"""Session: the caller's side of a Lava graph that stays alive from run to run."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Probe
from hwnoise.backends.lava import group
from hwnoise.backends.lava.group import LavaError
from hwnoise.backends.lava.job import Job, write_job
from hwnoise.backends.lava.session.board import Board
from hwnoise.backends.lava.session.child import LAYERS
from hwnoise.backends.lava.session.planning import SessionPlan
from hwnoise.backends.lava.session.score import CREDIT, READ, TELL, WRITE, Score

Array = NDArray[Any]
_START_SECONDS, _STEP_SECONDS = 60.0, 0.03  # of a slow machine; a step takes 1 to 3 ms
_LOOK_SECONDS = 0.2  # how soon the end of a child is noticed that did not answer


class Session:
    """A child in which the graph of ``plan`` lives; it ends with the session, whatever ends that.

    Parameters
    ----------
    plan : SessionPlan
    room : int
        Steps of the longest run, rows counted.
    timeout : float, optional
        Seconds after which a run is given up; by default one minute and 30 ms a step.

    Attributes
    ----------
    board : Board
        What all processes share.
    plays : int
        How many presentations there were.
    """

    def __init__(self, plan: SessionPlan, room: int, timeout: float | None = None) -> None:
        self.plan, self.room, self._timeout = plan, room, timeout
        self._folder = Path(tempfile.mkdtemp(prefix="hwnoise-lava-"))
        self._answers, theirs = os.pipe()
        write_job(self._folder, Job(plan.plan, np.zeros(0, np.int32)))
        listed = json.dumps([asdict(layer) for layer in plan.layers])
        (self._folder / LAYERS).write_text(listed, encoding="utf-8")
        self.board = Board.create(self._folder, plan.board(room))
        self._score = Score(self.board)
        child = "hwnoise.backends.lava.session.child"
        self._process = group.start(child, self._folder, (str(theirs),), (theirs,))
        os.close(theirs)
        self._end = weakref.finalize(self, _end, os.getpid(), self._process, self._answers, self._folder)
        self._step, self._orders, self.plays = 0, 0, 0

    def play(self, x: Array, rows: tuple[Array, Array, Array], probe: Probe) -> None:
        """Present ``x`` (samples, steps, *input shape); what came of it is on the board.

        Parameters
        ----------
        x : whole numbers
        rows : ticks (rows,), which (rows,), quiet (rows, steps)
            When each row begins, which sample it presents, where there is no noise.
        probe : Probe
            Its passes, order and local rule; ``reset`` says whether each row begins at rest.
        """
        samples, steps = x.shape[:2]
        plan = self.plan.plan
        self.board["samples"][: samples * steps] = x.reshape(samples * steps, *plan.input_shape)
        gap = self.plan.gap
        self._score.play(self._step, *rows, steps, gap)
        self._score.look(probe, self._orders)
        self._orders = 0
        self._run(1 + len(rows[0]) * (steps + gap) + plan.depth)
        self.plays += 1

    def put(self, parameters: Mapping[str, Array]) -> None:
        """Have new integers taken over when the next run begins: ``"<layer>/weight"``, ``"<layer>/bias"``."""
        for name, values in parameters.items():
            self.board[name][:] = values
        self._orders = WRITE

    def ask(self, layer: str, credit: Array) -> tuple[Array, Array]:
        """Give credit to what a layer's synapses summed up; return the sums for weights and biases."""
        self.board[f"{layer}/credit"][: credit.size] = credit.ravel()
        self._order(CREDIT, [synapses.name for synapses in self.plan.layers].index(layer))
        return self.board[f"{layer}/weight_sum"].copy(), self.board[f"{layer}/bias_sum"].copy()

    def read(self) -> dict[str, Array]:
        """Return the weights that every layer holds, once it has taken over what was put."""
        self._order(self._orders | READ)
        self._orders = 0
        return {layer.name: self.board[f"{layer.name}/weight"].copy() for layer in self.plan.layers}

    def tell(self, factors: tuple[int, int, int]) -> None:
        """Have all neurons tell their synapses the factors y1, y2 and y3, once."""
        for population in self.plan.plan.populations:
            self.board[f"{population.name}/factors"][:] = factors
        self._order(TELL)

    def close(self) -> None:
        """End the child and all of Lava's processes."""
        self._end()

    @property
    def is_open(self) -> bool:
        """Whether the graph can still run."""
        return self._end.alive

    def _order(self, orders: int, layer: int = 0) -> None:
        self._score.order(self._step, orders, layer)
        self._run(1)

    def _run(self, steps: int) -> None:
        """Run the graph for ``steps`` of Lava's steps; nothing of it is left after an error."""
        try:
            with suppress(BrokenPipeError):  # then there is no answer either, and word of why
                assert self._process.stdin is not None
                self._process.stdin.write(b"%d\n" % steps)
                self._process.stdin.flush()
            self._await(self._timeout or _START_SECONDS + _STEP_SECONDS * steps)
        except BaseException:  # Ctrl-C too
            self.close()
            raise
        self._step += steps

    def _await(self, limit: float) -> None:
        """Wait for the answer; the pipe also ends, or the child does, where there is none to come."""
        deadline = time.monotonic() + limit
        while not select.select([self._answers], [], [], _LOOK_SECONDS)[0]:
            if self._process.poll() is not None:
                break
            if time.monotonic() > deadline:
                raise LavaError(f"Lava did not finish within {limit:.0f} s and was stopped")
        else:
            if os.read(self._answers, 1):
                return
        group.require_no_failure(self._folder)
        raise group.last_words(self._process, self._folder)


def _end(owner: int, process: subprocess.Popen[bytes], answers: int, folder: Path) -> None:
    """End the child, unless this is a fork of the process that started it."""
    if os.getpid() == owner:
        group.end(process)
        os.close(answers)
        shutil.rmtree(folder, ignore_errors=True)
