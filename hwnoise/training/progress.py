"""What a person sees while a run goes on, on standard error: a bar, a few plain lines, or nothing."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from hwnoise.training.history import Epoch, History

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

Style = Literal["auto", "bar", "lines", "quiet"]
REFRESH = 0.1  # s; faster than this the eye sees no more, and training waits
LINES = 10  # plain lines for a run, in about equal distances


class Progress:
    """A quiet run, and what the other two share. A callback of ``fit``, used as a context.

    Parameters
    ----------
    epochs, steps : int
        Length of the run, and of an epoch in updates.
    """

    def __init__(self, epochs: int, steps: int) -> None:
        self.epochs, self.steps = epochs, steps

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to clear away."""

    def on_step(self, history: History) -> None:
        """After every update."""

    def on_epoch(self, history: History, record: Epoch) -> None:
        """After every epoch."""


class Lines(Progress):
    """About ten plain lines, for logs and pipes."""

    def on_epoch(self, history: History, record: Epoch) -> None:
        """Print a line if it is time for one."""
        if record.epoch * LINES // self.epochs > (record.epoch - 1) * LINES // self.epochs:
            left = history.seconds / record.epoch * (self.epochs - record.epoch)
            say(f"epoch {record.epoch}/{self.epochs}  {_figures(record)}  {left:.0f} s left")


class Bar(Progress):
    """A bar in a terminal: epoch, loss, accuracy, reads per second, time left."""

    def __enter__(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[figures]}"))
        self._bar: RichProgress = Progress(
            *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True
        )
        self._task = self._bar.add_task("training", total=self.epochs * self.steps, figures="")
        self._bar.start()
        self._due = 0.0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def on_step(self, history: History) -> None:
        """Move the bar, ten times a second at most."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + REFRESH
            done = len(history.epochs) * self.steps + history.step
            self._bar.update(self._task, completed=done)

    def on_epoch(self, history: History, record: Epoch) -> None:
        """Show the figures of the epoch."""
        self._bar.update(
            self._task, description=f"epoch {record.epoch}/{self.epochs}", figures=_figures(record),
            completed=record.epoch * self.steps,
        )  # fmt: skip


def make_progress(style: Style, epochs: int, steps: int) -> Progress:
    """Choose by ``style``; ``"auto"`` is a bar in a terminal and lines elsewhere."""
    if style == "auto":
        style = "bar" if sys.stderr.isatty() else "lines"
    kind = {"bar": Bar, "lines": Lines, "quiet": Progress}[style]
    return kind(epochs, steps)


def say(sentence: str, style: Style = "auto") -> None:
    """Print one line on standard error, unless the run is quiet."""
    if style != "quiet":
        print(sentence, file=sys.stderr, flush=True)


def _figures(record: Epoch) -> str:
    return (
        f"loss {record.loss:.3f}  accuracy {100 * record.validation_accuracy:.1f} %  "
        f"{record.passes_per_second:,.0f} reads/s"
    )
