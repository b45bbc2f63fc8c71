"""A run from beginning to end: folder, training, result; or from where it was stopped."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from math import ceil
from typing import Any

from hwnoise import nir_io, report
from hwnoise.coding import Codec
from hwnoise.errors import InputError
from hwnoise.report.activity import write_activity
from hwnoise.tensors import write_arrays
from hwnoise.training import measure
from hwnoise.training.activity import record_activity
from hwnoise.training.blas import one_blas_thread
from hwnoise.training.checkpoint import read_checkpoint
from hwnoise.training.config import RunConfig
from hwnoise.training.first_start import SENTENCE, nothing_is_compiled
from hwnoise.training.fit import fit
from hwnoise.training.history import History
from hwnoise.training.interrupts import Interrupts
from hwnoise.training.load import differences, resolve
from hwnoise.training.progress import Style, make_progress, say
from hwnoise.training.run_folder import RunFolder, choose, describe
from hwnoise.training.saver import Saver
from hwnoise.training.setup import Experiment, build
from hwnoise.training.summary import Summary, make_summary


def run(
    config: RunConfig,
    *,
    resume: bool = False,
    progress: Style = "auto",
    command: Sequence[str] | None = None,
) -> Summary:
    """Train as ``config`` says and leave a run folder behind.

    Parameters
    ----------
    config : RunConfig
        As made by ``load_config``; what it leaves open is filled in.
    resume : bool
        Go on with the run in ``config.out``; one that is over is left as it is.
    progress : str
        ``"auto"``, ``"bar"``, ``"lines"`` or ``"quiet"``.
    command : sequence of str, optional
        For the manifest; by default how the process was called.

    Raises
    ------
    InputError
        Something cannot be used; what lay in the folder before is untouched.
    DivergenceError
        The loss ran away or is not a number; the last good state is in the folder.
    KeyboardInterrupt
        After Ctrl-C or SIGTERM, when the state is saved; the message says how to go on.
    """
    began = time.perf_counter()
    folder, config = _open(config, resume)
    if folder.summary.exists():
        say(f"the run in {folder.path} is over: nothing to do", progress)
        return _finished(folder)
    is_first = nothing_is_compiled()
    with one_blas_thread():
        experiment = build(config)
        if is_first:
            say(SENTENCE, progress)
        with folder.held():
            if not resume:
                folder.require_unused()  # another run may have begun here meanwhile
            history, forecast = _prepare(experiment, folder, sys.argv if command is None else command)
            began -= history.seconds  # earlier sittings
            _announce(experiment, folder, forecast, progress)
            _train(experiment, folder, history, forecast, progress)
            return _conclude(experiment, folder, history, forecast, began)


def _open(config: RunConfig, resume: bool) -> tuple[RunFolder, RunConfig]:
    """Find the folder, and with it the configuration that holds."""
    if resume:
        if config.out is None:
            raise InputError("--resume needs to know which run: name its folder by --out")
        folder = RunFolder(config.out)
        if folder.is_started():
            return folder, _stored(folder, config)
    config = resolve(config)
    folder = choose(config)
    folder.require_unused()
    return folder, config


def _stored(folder: RunFolder, config: RunConfig) -> RunConfig:
    """Return the configuration of the run in ``folder``; what ``config`` says must not differ from it."""
    stored = folder.read_config()
    if changed := differences(config, stored):
        raise InputError(
            f"{folder.path} was begun with another {', '.join(changed)}: "
            "leave that out to go on, or choose another --out"
        )
    return stored


def _prepare(
    experiment: Experiment, folder: RunFolder, command: Sequence[str]
) -> tuple[History, dict[str, Any]]:
    """Begin the run, or put everything back to where the checkpoint left it."""
    manifest = describe(experiment.config, experiment.hashes(), command)
    if not folder.is_started():
        folder.create(experiment.config, manifest)
    elif not experiment.program.capabilities.checkpoint:
        raise InputError(
            f"{folder.path}: this chip keeps its state to itself, so its run cannot go on; "
            "begin it anew in another --out"
        )
    else:
        _require_same(folder, manifest)
    if not folder.state.exists():
        folder.reset_metrics([])
        return _begin(experiment)
    return _restore(experiment, folder)


def _require_same(folder: RunFolder, manifest: dict[str, Any]) -> None:
    if not folder.manifest.exists():  # killed before it was written, so before anything depended on it
        folder.write_json(folder.manifest, manifest)
    before = folder.read_json(folder.manifest).get("hashes", {})
    for name, digest in manifest["hashes"].items():
        if before.get(name) != digest:
            raise InputError(f"{folder.path}: the {name} is not what it was when the run began")


def _begin(experiment: Experiment) -> tuple[History, dict[str, Any]]:
    program, learner = experiment.program, experiment.learner
    learner.calibrate(program)
    return History(), measure.foresee(program, experiment.task, learner, experiment.config.batch_size)


def _restore(experiment: Experiment, folder: RunFolder) -> tuple[History, dict[str, Any]]:
    checkpoint = read_checkpoint(folder.state)
    experiment.program.restore(checkpoint.program)
    experiment.learner.restore(checkpoint.learner)
    experiment.optimizer.restore(checkpoint.optimizer)
    folder.reset_metrics(checkpoint.history.epochs)
    return checkpoint.history, dict(checkpoint.forecast)


def _announce(experiment: Experiment, folder: RunFolder, forecast: dict[str, Any], progress: Style) -> None:
    config, sizes = experiment.config, experiment.network.sizes
    what = f"{experiment.task.name} ({sizes}) on {experiment.substrate.name} by {config.learner}"
    say(f"{what}, seed {config.seed}, in {folder.path}", progress)
    for sentence in experiment.network.assumptions:
        say(sentence, progress)
    codec = Codec.from_metadata(experiment.network.metadata)
    if codec is not None:
        say(f"a network with time: {codec.sentence()}", progress)
    most = experiment.program.capabilities.max_batch
    if most is not None:
        say(f"this chip reads at most {most} at a time: updates of {config.batch_size}", progress)
    say(forecast["sentence"], progress)
    say(measure.memory_sentence(forecast["memory"]), progress)


def _train(
    experiment: Experiment, folder: RunFolder, history: History, forecast: dict[str, Any], progress: Style
) -> None:
    config, task = experiment.config, experiment.task
    parts = experiment.program, experiment.learner, experiment.optimizer
    steps = ceil(len(task.train) / config.batch_size)
    with Interrupts() as interrupts, make_progress(progress, config.epochs, steps) as bar:
        saver = Saver(folder, *parts, interrupts, forecast)
        fit(
            parts[0], task, *parts[1:], epochs=config.epochs, batch_size=config.batch_size,
            stream=experiment.stream.child("train"), callbacks=(bar, saver), start=history,
        )  # fmt: skip
        saver.on_end(history)


def _conclude(
    experiment: Experiment, folder: RunFolder, history: History, forecast: dict[str, Any], began: float
) -> Summary:
    """Read the weights back, look at the result, and end the run by writing the summary."""
    weights = experiment.program.read_weights()
    write_arrays(folder.weights, weights)
    # the chip's own network: on a grid of integers it carries the scales, without which weights change
    trained = experiment.program.network.with_parameters(weights)
    nir_io.write(folder.network, trained)
    content = make_summary(experiment, trained, history, forecast)
    seen = record_activity(experiment.program, experiment.task)
    if seen is not None:
        write_activity(folder.activity, seen)
    folder.write_json(folder.summary, content | {"seconds": time.perf_counter() - began})
    return _finished(folder)


def _finished(folder: RunFolder) -> Summary:
    """Return the stored result; the page is made if a killed run left it out."""
    if not folder.report.exists():
        report.write(folder.path)
    return Summary(folder.path, folder.read_json(folder.summary))
