"""How a network that was trained elsewhere fared before it was repaired."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hwnoise import substrate
from hwnoise.backends import registry
from hwnoise.backends.base import Program
from hwnoise.coding import CodedBackend
from hwnoise.training.evaluate import count_correct, summarize
from hwnoise.training.setup import Experiment, compile_chip

STAGES = {
    "exact": "trained, without hardware",
    "programmed": "on this chip, programmed",
    "aged": "on this chip, aged",
}


def stages(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Read the test samples at each of ``STAGES``, on a chip of the same draws as the one that learned.

    Returns
    -------
    dict
        ``value``, ``low``, ``high`` (Wilson, over samples) and ``chips`` by stage; without ``"aged"`` where
        no time was let pass. Empty for a run that did not start from trained weights.
    """
    config = experiment.config
    if config.weights is None:
        return {}
    network, stream = experiment.network, experiment.stream
    ideal = CodedBackend(registry.get("emulator")).compile(
        network, substrate.load("ideal"), stream.child("exact")
    )
    found = {"exact": _judge(experiment, ideal)}
    chip = compile_chip(experiment.backend, network, experiment.substrate, stream.child("chip"), config)
    found["programmed"] = _judge(experiment, chip)
    if config.age:
        chip.advance(config.age)
        found["aged"] = _judge(experiment, chip)
    return found


def _judge(experiment: Experiment, program: Program) -> dict[str, Any]:
    samples = experiment.task.test
    numbers = asdict(summarize([count_correct(program, samples)], len(samples)))
    return {"value": numbers.pop("accuracy"), **numbers}
