"""Chips that outlive a run: saved after training, opened to be judged or trained further."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hwnoise import chips
from hwnoise.chips import NamedChip
from hwnoise.errors import InputError
from hwnoise.tasks.base import Task
from hwnoise.training.blas import one_blas_thread
from hwnoise.training.checkpoint import read_checkpoint
from hwnoise.training.evaluate import Evaluation, SplitName, count_correct, samples_to_judge, summarize
from hwnoise.training.run_folder import RunFolder
from hwnoise.training.setup import build


def open_chip(path: str | Path) -> NamedChip:
    """Open a chip file, or the chip of a run folder as training left it.

    Raises
    ------
    InputError
        If it is neither.
    """
    return trained_chip(path) if Path(path).is_dir() else chips.load(path)


def trained_chip(folder: str | Path) -> NamedChip:
    """The chip of a run as its last checkpoint left it, named after the folder.

    Raises
    ------
    InputError
        If no run was begun there, or nothing of it was saved yet.
    """
    run = RunFolder(folder)
    if not run.is_started() or not run.state.exists():
        raise InputError(f"{folder} holds no chip: it is no run folder, or nothing was trained in it yet")
    experiment = build(run.read_config())
    experiment.program.restore(read_checkpoint(run.state).program)
    about = {"task": experiment.config.task, "data": experiment.config.data}
    return replace(experiment.chip, name=run.path.name, about=about)


def evaluate_chip(chip: NamedChip, task: Task, split: SplitName = "test") -> Evaluation:
    """Read ``split`` once on this very chip; the interval is Wilson's, over samples.

    Raises
    ------
    InputError
        If there is no such split.
    """
    samples = samples_to_judge(task, split, 1)
    with one_blas_thread():
        return summarize([count_correct(chip.program, samples)], len(samples))
