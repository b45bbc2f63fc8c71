"""The child in which Lava runs: ``python -c "from hwnoise.backends.lava.child import main; main()"``.

Lava forks a process for each of its processes and waits for them without end. Here they are alone:
a fresh interpreter with no thread pools to inherit, leader of a group that can be ended as one.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hwnoise.backends.lava import configuration, layout
from hwnoise.backends.lava.graph import Graph
from hwnoise.backends.lava.group import end_with_parent
from hwnoise.backends.lava.job import Failure, Job, files, read_job, write_failure, write_result
from hwnoise.backends.lava.plan import Array
from hwnoise.backends.lava.shim import import_lava
from hwnoise.errors import InputError

STEPS_OF_ONE_GRAPH = 5000  # bounds the input that Lava copies into its source


def main() -> None:
    """Run the job in the folder named by the first argument; end with the parent."""
    folder = Path(sys.argv[1])
    threading.Thread(target=_follow_parent, args=(folder,), daemon=True).start()
    try:
        write_result(folder, run(read_job(folder), folder))
    except InputError as error:
        write_failure(folder, Failure("", str(error), ""))
    except Exception as error:
        summary = f"{type(error).__name__}: {error}"
        write_failure(folder, Failure("building the graph", summary, traceback.format_exc()))
        raise SystemExit(1) from None


def run(job: Job, folder: Path) -> dict[str, Any]:
    """Present all samples; the recordings are in ``folder``, each row one step.

    Returns
    -------
    dict
        ``seconds`` that the steps took, and ``hardware``.
    """
    import_lava()
    plan = job.plan
    for index, population in enumerate(plan.populations):
        shape = (len(job.x) * plan.steps, *layout.lava_shape(population.shape))
        spike = np.int32 if population.name in plan.graded else np.int8
        for path, dtype in zip(files(folder, index), (spike, np.int32), strict=True):
            np.lib.format.open_memmap(path, "w+", dtype, shape)  # type: ignore[no-untyped-call]
    job = replace(job, hardware=_takes_chip(job))
    config = configuration.hardware() if job.hardware else configuration.simulation(folder)
    at_once = max(STEPS_OF_ONE_GRAPH // plan.steps, 1) if plan.seamless else 1
    began = time.perf_counter()
    for first in range(0, len(job.x), at_once):
        _present(job, job.x[first : first + at_once], first * plan.steps, folder, config)
    return {"seconds": time.perf_counter() - began, "hardware": job.hardware}


def _takes_chip(job: Job) -> bool:
    """Whether a chip runs the job. From a chip only spikes come out."""
    if job.hardware and not job.plan.spikes:
        raise InputError(f"the output {job.plan.output!r} is a membrane, and only spikes leave a Loihi 2")
    if job.hardware is None:
        return job.plan.spikes and configuration.chip_is_reachable()
    return job.hardware


def _present(job: Job, x: Array, first_row: int, folder: Path, config: Any) -> None:
    graph = Graph(job.plan, x.reshape(-1, *job.plan.input_shape))
    for index, population in enumerate(job.plan.populations):
        if not job.hardware or population.name == job.plan.output:
            graph.record(population, files(folder, index), first_row, membranes=not job.hardware)
    graph.run(config)


def _follow_parent(folder: Path) -> None:
    """When standard input closes the parent is gone."""
    while os.read(sys.stdin.fileno(), 4096):
        continue
    end_with_parent(folder)
