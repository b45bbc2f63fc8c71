"""What is measured on the chip before and after training, beside accuracy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise import losses
from hwnoise.backends.base import Probe, Program
from hwnoise.coding import Codec
from hwnoise.forecast import Batch, forecast
from hwnoise.learners import Learner
from hwnoise.learners.base import pick_order
from hwnoise.oracle import alignment
from hwnoise.streams import Stream
from hwnoise.tasks.base import Task

Array = NDArray[Any]
SAMPLES = 128  # of the training data: enough for two digits of a standard deviation
BINS = 20


def foresee(program: Program, task: Task, learner: Learner, batch_size: int) -> dict[str, Any]:
    """Say before the first step whether the noise suits learning, and how much of it is fresh.

    Returns
    -------
    dict
        What ``Forecast.as_dict`` gives, and ``memory`` (see ``noise_memory``).
    """
    batch = _batch(program, task, batch_size)
    found = forecast(program, batch, learner).as_dict()
    return found | {"memory": noise_memory(program, learner, len(batch[0]))}


def noise_memory(program: Program, learner: Learner, batch_size: int) -> dict[str, Any]:
    """Return how alike the slow noise is in the two passes of a probe.

    Returns
    -------
    dict
        ``lag`` [reads] between two passes of one sample, and ``correlation`` by noise; empty where
        every noise is fresh; ``{"told": False}`` where the chip does not tell, ``{"paired": False}``
        where the learner holds no two passes against each other.
    """
    probe = learner.ask(0, batch_size)
    correlation = getattr(program, "correlation", None)
    if correlation is None:
        return {"told": False}
    if probe.passes < 2:
        return {"paired": False}
    first = np.arange(batch_size, dtype=np.uint64) * np.uint64(
        probe.passes if probe.order == "interleaved" else 1
    )
    lag = np.uint64(1 if probe.order == "interleaved" else batch_size)
    steps = np.uint64(_steps(program))  # with time, a presentation takes that many ticks
    found = correlation(np.stack([first, first + lag]) * steps)
    return {"lag": int(lag * steps), "correlation": {k: float(v) for k, v in found.items()}} if found else {}


def memory_sentence(memory: dict[str, Any]) -> str:
    """Say what ``noise_memory`` found."""
    if not memory.get("told", True):
        return "the chip does not tell how alike the noise of two passes is"
    if not memory.get("paired", True):
        return "the learner reads every sample once: no two passes are held against each other"
    if not memory:
        return "every read draws fresh noise: nothing of it is shared by two passes"
    parts = (f"{name} {value:.2f}" for name, value in memory["correlation"].items())
    return (
        f"two passes lie {memory['lag']} reads apart; correlation of the slow noise: {', '.join(parts)}; "
        f"fresh fraction {fresh_fraction(memory):.2f}"
    )


def fresh_fraction(memory: dict[str, Any]) -> float:
    """Return the share of the noise variance that two passes do not share; or more if white noise adds."""
    return 1.0 - max(memory.get("correlation", {}).values(), default=0.0)


def layer_levels(program: Program, task: Task, fresh: float) -> list[dict[str, Any]]:
    """Measure signal and noise at the nodes of every layer from two passes over a few samples.

    Parameters
    ----------
    program, task : Program, Task
    fresh : float
        Share of the noise variance that two passes do not share, in (0, 1].

    Returns
    -------
    list of dict
        ``name``, ``n_in``, ``n_out``, ``signal`` and ``noise`` (standard deviations, node units)
        and ``fresh_fraction``.
    """
    x, _, _ = _batch(program, task, SAMPLES)
    order = pick_order("auto", program.capabilities)
    what = "membranes" if program.network.is_timed else "nodes"
    reading = program.run(x, Probe(passes=2, order=order, observe=frozenset({what})))
    shown = reading.membranes if program.network.is_timed else reading.nodes
    rows = []
    for name, (first, second) in shown.items():
        shared = np.mean((first - first.mean(axis=0)) * (second - second.mean(axis=0)), dtype=np.float64)
        moved = np.mean((first - second) ** 2, dtype=np.float64) / 2
        rows.append(
            {
                "name": name,
                "n_in": _fan_in(program, name),
                "n_out": first.shape[-1],
                "signal": math.sqrt(max(float(shared), 0.0)),
                "noise": math.sqrt(float(moved) / max(fresh, 1e-6)),
                "fresh_fraction": fresh,
            }
        )
    return rows


def _fan_in(program: Program, name: str) -> int:
    """Inputs of a layer, also if ``name`` stands for the neurons behind it."""
    weights, network = program.network.parameters(), program.network
    while f"{name}.weight" not in weights:
        name = next(before for before, after in network.edges if after == name)
    return int(weights[f"{name}.weight"].shape[1])


def _steps(program: Program) -> int:
    codec = Codec.from_metadata(program.network.metadata)
    return 1 if codec is None else codec.steps


def align(program: Program, task: Task, learner: Learner, stream: Stream) -> dict[str, Any] | None:
    """Compare the learner's estimate with the gradient, for the report only.

    None for a network with time on a chip without derivatives: spikes are steps, whose slope is 0.
    """
    if program.network.is_timed and not program.capabilities.gradient:
        return None
    found = alignment(program, learner, _batch(program, task, SAMPLES), stream=stream)
    whole = found.overall
    return {
        "cosine": whole.cosine,
        "bias": whole.bias,
        "variance": whole.variance,
        "snr": whole.snr if math.isfinite(whole.snr) else None,
        "layers": {layer.name: layer.cosine for layer in found.layers},
        "ranks": {layer.name: layer.rank for layer in found.layers},
        "weights": whole.weights,
        "directions": found.steps,
        "gradient": found.source,
    }


def wear(program: Program) -> dict[str, dict[str, list[float]]]:
    """Count the devices of every layer by how often they were written, if the chip tells."""
    diagnostics = getattr(program, "diagnostics", None)
    found = {} if diagnostics is None else diagnostics()
    return {
        name.removesuffix(".writes"): _histogram(writes)
        for name, writes in found.items()
        if name.endswith(".writes")
    }


def _histogram(writes: Array) -> dict[str, list[float]]:
    top = int(writes.max()) + 1
    counts, edges = np.histogram(writes, bins=min(BINS, top), range=(0, top))
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def _batch(program: Program, task: Task, samples: int) -> Batch:
    rows = min(samples, program.capabilities.max_batch or samples)
    return task.train.x[:rows], task.train.y[:rows], losses.get(task.loss)
