"""What a finished run found: ``summary.json``, and the flat object that ``--json`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise import cost
from hwnoise.learners.base import work
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate
from hwnoise.training import measure
from hwnoise.training.evaluate import Evaluation, evaluate, labels, predict, summarize
from hwnoise.training.history import History
from hwnoise.training.journey import STAGES, stages
from hwnoise.training.setup import Experiment

_ACCURACIES = ("accuracy_before", "accuracy_after", "accuracy_fresh_chips")


@dataclass(frozen=True)
class Summary:
    """The result of a run.

    Attributes
    ----------
    folder : Path
        The run folder.
    content : dict
        What ``summary.json`` holds (docs/reference/run_folder.md lists the keys).
    """

    folder: Path
    content: Mapping[str, Any]

    def flat(self) -> dict[str, Any]:
        """The object of ``hwnoise train --json``: plain numbers, and the folder as ``run``."""
        flat: dict[str, Any] = {}
        for name in _ACCURACIES:
            found = self.content[name]
            flat |= {name: found["value"], f"{name}_low": found["low"], f"{name}_high": found["high"]}
        for name, found in self.content.get("journey", {}).items():
            flat[f"accuracy_{name}"] = found["value"]
        plain = ("seconds", "passes", "work", "writes", "seed")
        return flat | {key: self.content[key] for key in plain} | {"run": str(self.folder)}

    def lines(self) -> list[str]:
        """A few lines for a person."""
        found = self.content
        words = ("before training", "after, on the trained chip", "after, on fresh chips")
        lines = [f"{STAGES[name]:<28}{_share(share)}" for name, share in found.get("journey", {}).items()]
        lines += [f"{word:<28}{_share(found[name])}" for name, word in zip(_ACCURACIES, words, strict=True)]
        spent = f"{found['passes']:,} reads, {found['writes']:,} device writes, {found['seconds']:.1f} s"
        said = {
            "cost": spent,
            "yardstick": _yardstick(found),
            "energy": found["energy"],
            "writes": found["writing"],
            "report": self.folder / "report.html",
        }
        return [*lines, *(f"{word:<28}{sentence}" for word, sentence in said.items() if sentence)]


def make_summary(
    experiment: Experiment, trained: Network, history: History, forecast: Mapping[str, Any]
) -> dict[str, Any]:
    """Measure the trained chip and fresh ones.

    Parameters
    ----------
    experiment : Experiment
        With the chip as training left it.
    trained : Network
        With the weights that were read back from it.
    history : History
    forecast : mapping
        What was measured before the first step.

    Returns
    -------
    dict
        All of ``summary.json`` but ``seconds``.
    """
    config, task, program = experiment.config, experiment.task, experiment.program
    events = dict(program.events)  # what training cost; what follows is only looking
    guesses, true = predict(program, task.test.x), labels(task.test)
    after = summarize([int((guesses == true).sum())], len(true))
    stream = experiment.stream.child("summary")
    fresh = measure.fresh_fraction(forecast.get("memory", {}))
    return {
        "task": task.name,
        "device": experiment.substrate.name,
        "learner": config.learner,
        "backend": config.backend,
        "network": experiment.network.sizes,
        "seed": config.seed,
        "epochs": len(history.epochs),
        "accuracy_before": _interval(_on_fresh_chips(experiment, experiment.network, stream.child("before"))),
        "accuracy_after": _interval(after),
        "accuracy_fresh_chips": _interval(_on_fresh_chips(experiment, trained, stream.child("fresh"))),
        "confusion": _confusion(true, guesses, len(task.classes)),
        "classes": list(task.classes),
        "journey": stages(experiment),
        "layers": measure.layer_levels(program, task, fresh),
        "alignment": measure.align(program, task, experiment.learner, stream.child("alignment")),
        "writes_per_device": measure.wear(program),
        "events": events,
        "energy": _energy(experiment, events),
        "writing": _writing(experiment.substrate),
        "forecast": dict(forecast),
        "observability": list(experiment.substrate.observability()),
        "passes": history.passes,
        "work": _work(experiment, history),
        "writes": history.writes,
        "version": version("hwnoise"),
    }


def _work(experiment: Experiment, history: History) -> int:
    """What learning took in forward passes: every pass, and what a yardstick spent on derivatives."""
    learner, batch = experiment.learner, experiment.config.batch_size
    return round(history.passes * work(learner, batch) / learner.ask(0, batch).passes)


def _energy(experiment: Experiment, events: Mapping[str, int]) -> str:
    """What the counted events cost; no chip takes derivatives, so a yardstick has no energy."""
    if experiment.learner.needs.level == "gradient":
        return ""
    return cost.estimate(events, experiment.substrate).sentence()


def _yardstick(found: Mapping[str, Any]) -> str:
    """What derivatives took, if the run had any."""
    if found["work"] <= found["passes"]:
        return ""
    return f"{found['work']:,} passes with its derivatives, which no chip has: this is not on-chip learning"


def _writing(substrate: Substrate) -> str:
    """Label a run whose writes no device could do."""
    if substrate.conductance is None or substrate.write.mode != "ideal":
        return ""
    return "ideal: exact, without noise, wear or count; for study, no device writes like this"


def _on_fresh_chips(experiment: Experiment, network: Network, stream: Stream) -> Evaluation:
    config = experiment.config
    return evaluate(
        network, experiment.substrate, experiment.backend, experiment.task,
        chips=config.chips, stream=stream, **config.backend_options,
    )  # fmt: skip


def _interval(found: Evaluation) -> dict[str, Any]:
    numbers = asdict(found)
    return {"value": numbers.pop("accuracy"), **numbers}


def _share(found: Mapping[str, Any]) -> str:
    return f"{100 * found['value']:.1f} % [{100 * found['low']:.1f}, {100 * found['high']:.1f}]"


def _confusion(true: NDArray[Any], guesses: NDArray[Any], classes: int) -> list[list[int]]:
    counts = np.bincount(true * classes + guesses, minlength=classes**2)
    return [[int(count) for count in row] for row in counts.reshape(classes, classes)]
