"""The training loop: ask, run, tell, update, write."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hwnoise import losses
from hwnoise.backends.base import Program
from hwnoise.errors import DivergenceError, InputError
from hwnoise.learners import Learner
from hwnoise.learners.feedback import informed
from hwnoise.optimizers import Optimizer
from hwnoise.streams import Stream
from hwnoise.tasks.base import Task
from hwnoise.training.blas import one_blas_thread
from hwnoise.training.evaluate import count_correct, labels
from hwnoise.training.history import Epoch, History

Array = NDArray[Any]
RUNAWAY = 4.0  # times ln(classes), the cross entropy of guessing: no run that learns comes near it
_STREAM = Stream(0, "fit")


class Callback(Protocol):
    """Something that watches a run; an exception it raises ends the run at a step boundary."""

    def on_step(self, history: History) -> None:
        """Called after every update."""

    def on_epoch(self, history: History, record: Epoch) -> None:
        """Called after the validation pass that ends an epoch."""


def fit(
    program: Program,
    task: Task,
    learner: Learner,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int = 32,
    stream: Stream = _STREAM,
    callbacks: Sequence[Callback] = (),
    start: History | None = None,
) -> History:
    """Train the network on ``program`` in place.

    Parameters
    ----------
    program : Program
        The chip with the network on it.
    task : Task
        ``train`` is learned from; ``validation`` is read once after every epoch.
    learner, optimizer : Learner, Optimizer
        The rule that estimates a gradient, and what is made of it.
    epochs, batch_size : int
        >= 1. Every epoch uses every sample once; its last batch may be smaller.
    stream : Stream
        Data order and step keys; the same stream gives the same bits.
    callbacks : sequence of Callback
        Called in this order.
    start : History, optional
        Where to go on; program, learner and optimizer have been restored to that place.

    Returns
    -------
    History
        ``start`` itself, if given, brought up to date.

    Raises
    ------
    InputError
        If a number is out of range for the data or the chip.
    MismatchError
        If the chip does not show what the learner needs to see.
    DivergenceError
        If the loss is not finite or ran away.
    """
    loop = _Loop(program, task, learner, optimizer, batch_size, stream, start or History())
    if epochs < 1:
        raise InputError(f"epochs must be at least 1, not {epochs}")
    learner.bind(program.network, program.capabilities)
    with one_blas_thread():
        if start is None:
            learner.calibrate(program)
        while len(loop.history.epochs) < epochs:
            for _ in range(loop.history.step, loop.steps):
                loop.step(epochs)
                for callback in callbacks:
                    callback.on_step(loop.history)
            record = loop.finish_epoch()
            for callback in callbacks:
                callback.on_epoch(loop.history, record)
    return loop.history


class _Loop:
    """The parts of a run and its place in the data."""

    def __init__(
        self, program: Program, task: Task, learner: Learner, optimizer: Optimizer,
        batch_size: int, stream: Stream, history: History,
    ) -> None:  # fmt: skip
        most = program.capabilities.max_batch or batch_size
        if not 1 <= batch_size <= most:
            limit = f"from 1 to {most}, what this chip reads at a time" if batch_size > 0 else "at least 1"
            raise InputError(f"batch_size must be {limit}, not {batch_size}")
        self.program, self.task, self.learner, self.optimizer = program, task, learner, optimizer
        self.loss, self.batch_size, self.stream, self.history = (
            losses.get(task.loss),
            batch_size,
            stream,
            history,
        )
        self.labels = labels(task.train)
        self.steps = math.ceil(len(task.train) / batch_size)
        self._order: tuple[int, Array] = (-1, np.empty(0, np.int64))

    def step(self, epochs: int) -> None:
        """One update from one batch."""
        began = time.perf_counter()
        history, sums = self.history, self.history.sums
        if history.step == 0 and self.optimizer.weight_decay:
            history.weights = self.program.read_weights()  # once an epoch: decay is slow, reading is not free
        number = len(history.epochs) * self.steps + history.step
        rows = self._rows(len(history.epochs), history.step)
        written = _writes(self.program)
        probe = self.learner.ask(int(self.stream.child(f"step/{number}").key), len(rows))
        reading = self.program.run(self.task.train.x[rows], probe)
        lost = self.loss(reading.output, self.task.train.y[rows])
        total = float(lost.sum(dtype=np.float64))
        self._require_finite(total)
        if history.first_loss is None:
            history.first_loss = total / lost.size
        seen = informed(reading, self.task.train.y[rows], probe, self.loss)
        estimate = self.learner.tell(seen, lost)
        self.program.write(self.optimizer.update(estimate, number, epochs * self.steps, history.weights))
        sums.loss += total
        sums.correct += int((reading.output.argmax(axis=-1) == self.labels[rows]).sum())
        sums.passes += lost.size
        sums.writes += _writes(self.program) - written
        sums.seconds += time.perf_counter() - began
        history.step += 1

    def finish_epoch(self) -> Epoch:
        """Read the validation samples once and close the books of the epoch."""
        began = time.perf_counter()
        samples = self.task.validation
        accuracy = count_correct(self.program, samples) / len(samples)
        record = self.history.close(accuracy, len(samples), time.perf_counter() - began)
        self._require_bounded(record)
        return record

    def _rows(self, epoch: int, step: int) -> Array:
        if self._order[0] != epoch:
            order = self.stream.child(f"order/{epoch}").generator().permutation(len(self.task.train))
            self._order = (epoch, order)
        return self._order[1][step * self.batch_size : (step + 1) * self.batch_size]

    def _require_finite(self, total: float) -> None:
        if not math.isfinite(total):
            raise DivergenceError(f"{self._place()}: the loss is not a number; {_REMEDY}")

    def _require_bounded(self, record: Epoch) -> None:
        guessing = math.log(len(self.task.classes))
        if record.loss > RUNAWAY * guessing and record.loss > 2 * (self.history.first_loss or 0.0):
            raise DivergenceError(
                f"epoch {record.epoch}: the loss ran away to {record.loss:.3g} "
                f"(guessing costs {guessing:.3g}); {_REMEDY}"
            )

    def _place(self) -> str:
        return f"epoch {len(self.history.epochs) + 1}, step {self.history.step + 1}"


_REMEDY = "lower the learning rate (--set optimizer.learning_rate=...), or the noise of the device"


def _writes(program: Program) -> int:
    return program.events.get("device_writes", 0)
