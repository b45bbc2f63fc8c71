"""Keeps a run's state on disk: every half second, when asked to stop, and at the end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hwnoise.backends.base import Program
from hwnoise.learners import Learner
from hwnoise.optimizers import Optimizer
from hwnoise.training.checkpoint import Checkpoint, write_checkpoint
from hwnoise.training.history import Epoch, History
from hwnoise.training.interrupts import Interrupts
from hwnoise.training.run_folder import RunFolder

INTERVAL = 0.5  # s of work that a killed run may lose
SHARE = 20.0  # a save that takes long is followed by this many times as much training


class Saver:
    """A callback of ``fit`` that writes checkpoints and the lines of ``metrics.jsonl``.

    Parameters
    ----------
    folder : RunFolder
        Where to.
    program, learner, optimizer : Program, Learner, Optimizer
        Whose state is saved. A chip that cannot be saved leaves only the metrics.
    interrupts : Interrupts
        Looked at after every step; if one is pending, the state is saved and the run ends.
    forecast : mapping
        What was measured before the first step.
    """

    def __init__(
        self, folder: RunFolder, program: Program, learner: Learner, optimizer: Optimizer,
        interrupts: Interrupts, forecast: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self.folder, self.interrupts, self.forecast = folder, interrupts, forecast
        self.program, self.learner, self.optimizer = program, learner, optimizer
        self._due = time.monotonic() + INTERVAL

    def on_step(self, history: History) -> None:
        """Save if it is time to, or if the user wants to stop."""
        if self.interrupts.pending or time.monotonic() >= self._due:
            self.save(history)
        self._leave_if_asked()

    def on_end(self, history: History) -> None:
        """Save the trained state, from which everything that follows is measured."""
        self.save(history)
        self._leave_if_asked()

    def on_epoch(self, history: History, record: Epoch) -> None:
        """Add the epoch to the metrics."""
        self.folder.append_metrics(record)
        self.on_step(history)

    def save(self, history: History) -> None:
        """Write a checkpoint now."""
        if not self.program.capabilities.checkpoint:
            return
        began = time.monotonic()
        states = self.program.state(), self.learner.state(), self.optimizer.state()
        write_checkpoint(self.folder.state, Checkpoint(*states, history, self.forecast))
        ended = time.monotonic()
        self._due = ended + max(INTERVAL, SHARE * (ended - began))

    def _leave_if_asked(self) -> None:
        if not self.interrupts.pending:
            return
        if self.program.capabilities.checkpoint:
            go_on = f"hwnoise train --resume --out {self.folder.path}"
            raise KeyboardInterrupt(f"interrupted, state saved; go on with: {go_on}")
        raise KeyboardInterrupt("interrupted; this chip keeps its state to itself, so the run cannot go on")
