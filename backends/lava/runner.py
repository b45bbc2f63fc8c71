"""Run an integer network in Lava, in a child that can be ended at any time and leaves nothing behind."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwnoise.backends.lava import detect, group, layout
from hwnoise.backends.lava.group import LavaError
from hwnoise.backends.lava.job import Job, files, read_result, write_job
from hwnoise.backends.lava.plan import Array, Plan
from hwnoise.backends.lava.planning import make_plan
from hwnoise.errors import InputError
from hwnoise.integers import IntegerNetwork

_START_SECONDS, _STEP_SECONDS = 60.0, 0.03  # of a slow machine; a step takes 1 to 3 ms


@dataclass(frozen=True, eq=False)
class Recording:
    """What a network did in Lava.

    Attributes
    ----------
    spikes : dict of str to (samples, steps, *shape) int8, or int32 with payloads
        By population; step t of a population is what it made of step t of the input.
    membranes : dict of str to (samples, steps, *shape) int32
        After the reset of what spiked.
    output : str
        The population that is the network's output.
    seconds : float
        That the steps took.
    hardware : bool
        Whether a chip ran them, or Lava's simulation of one. A chip shows the output's spikes only.
    """

    spikes: Mapping[str, Array]
    membranes: Mapping[str, Array]
    output: str
    seconds: float
    hardware: bool


def run(
    network: IntegerNetwork, x: Array, *, timeout: float | None = None, hardware: bool | None = None
) -> Recording:
    """Run ``network`` in Lava's fixed-point simulation of Loihi 2, or on a chip.

    Parameters
    ----------
    network : IntegerNetwork
    x : (samples, steps, n_in) or (samples, steps, channels, height, width) integers
        0 or 1, or what ``message_bits`` allow; every sample starts from rest.
    timeout : float, optional
        Seconds after which the run is given up; by default one minute and 30 ms a step.
    hardware : bool, optional
        Use a Loihi 2, or Lava's simulation of one; by default a chip where Lava's extension for it is
        installed and the output spikes.

    Returns
    -------
    Recording

    Raises
    ------
    InputError
        If Lava is not installed, or the network does not fit it.
    LavaError
        If Lava raised or took longer than ``timeout``. No process of it is left then.
    """
    detect.require()
    if x.ndim < 3 or 0 in x.shape or not np.issubdtype(x.dtype, np.integer):
        raise InputError(f"Lava takes integers (samples, steps, inputs), not {x.dtype} {x.shape}")
    plan = make_plan(network, x.shape[1])
    job = Job(plan, _shaped(x, plan), hardware)
    limit = timeout or _START_SECONDS + _STEP_SECONDS * (x.shape[0] * x.shape[1] + plan.depth)
    with tempfile.TemporaryDirectory(prefix="hwnoise-lava-") as name:
        folder = Path(name)
        write_job(folder, job)
        with _child(folder) as process:
            _await(process, folder, limit)
        return _recording(folder, plan, len(x))


def _shaped(x: Array, plan: Plan) -> Array:
    samples, steps, size = x.shape[0], x.shape[1], int(np.prod(plan.input_shape))
    if x[0, 0].size != size:
        raise InputError(f"the network takes {size} inputs a step, and was given {x[0, 0].size}")
    return x.reshape(samples, steps, *plan.input_shape).astype(np.int32)


@contextmanager
def _child(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the child; at the end, whatever the reason, end its group."""
    process = group.start("hwnoise.backends.lava.child", folder)
    try:
        yield process
    finally:
        group.end(process)


def _await(process: subprocess.Popen[bytes], folder: Path, limit: float) -> None:
    """Wait for the child's end; raise LavaError for anything but success."""
    try:
        process.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        raise LavaError(f"Lava did not finish within {limit:.0f} s and was stopped") from None
    group.require_no_failure(folder)
    if read_result(folder) is None:
        raise group.last_words(process, folder)


def _recording(folder: Path, plan: Plan, samples: int) -> Recording:
    result = read_result(folder) or {}
    found: tuple[dict[str, Array], dict[str, Array]] = ({}, {})
    for index, population in enumerate(plan.populations):
        if result["hardware"] and population.name != plan.output:
            continue
        for path, arrays in zip(files(folder, index), found, strict=True):
            rows = layout.our_steps(np.load(path))
            arrays[population.name] = rows.reshape(samples, plan.steps, *population.shape)
    membranes = {} if result["hardware"] else found[1]
    return Recording(found[0], membranes, plan.output, result["seconds"], result["hardware"])
