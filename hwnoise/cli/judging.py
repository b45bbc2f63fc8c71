"""What ``hwnoise evaluate`` judges: fresh chips of a kind, or one chip that was kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Protocol

from hwnoise import cost, substrate, tasks, training
from hwnoise.ageing import Age, evaluate_over_time, read_over_time
from hwnoise.backends import registry
from hwnoise.backends.base import Program
from hwnoise.cli.output import percent
from hwnoise.coding import CodedBackend
from hwnoise.cost import Cost
from hwnoise.errors import InputError
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate
from hwnoise.tasks.base import Task
from hwnoise.training import Evaluation, RunConfig
from hwnoise.training.evaluate import predict
from hwnoise.training.presenting import choose_codec, with_codec
from hwnoise.training.setup import choose_network, require_fit, require_options


class Judge(Protocol):
    """Answers each question of the command."""

    @property
    def samples(self) -> int:
        """How many samples are read."""

    def now(self) -> Evaluation:
        """Accuracy of chips as they are."""

    def over(self, seconds: Sequence[float], compensate: bool) -> tuple[Age, ...]:
        """Accuracy at each age."""

    def cost(self, constants: Sequence[str] | None) -> Cost:
        """What reading all samples once takes on one chip."""

    def line(self, found: Evaluation | Age, shown: str) -> str:
        """What is printed of one accuracy, which reads as ``shown``."""


class OfFreshChips:
    """Fresh chips of the kind that a configuration names."""

    def __init__(self, config: RunConfig) -> None:
        self._config = config
        self._stream = Stream(config.seed)
        self._task = tasks.load(config.task, config.data)
        network = choose_network(config, self._stream.child("network"))
        require_fit(network, self._task)
        for sentence in network.assumptions:
            print(sentence, file=sys.stderr)
        self._network = with_codec(network, choose_codec(config, network, self._task))
        self._kind = substrate.load(config.device, config.device_options)
        self._backend = CodedBackend(registry.get(config.backend))
        require_options(self._backend, config)
        self.samples = len(self._task.test)

    def now(self) -> Evaluation:
        """See ``Judge``."""
        return training.evaluate(self._network, self._kind, self._backend, self._task, **self._options)

    def over(self, seconds: Sequence[float], compensate: bool) -> tuple[Age, ...]:
        """See ``Judge``."""
        return evaluate_over_time(
            self._network,
            self._kind,
            self._backend,
            self._task,
            times=seconds,
            compensate=compensate,
            **self._options,
        )

    def cost(self, constants: Sequence[str] | None) -> Cost:
        """See ``Judge``."""
        own = self._stream.child("evaluate").child("chip/0")
        program = self._backend.compile(self._network, self._kind, own, **self._config.backend_options)
        return _cost(program, self._task, self._kind, constants)

    def line(self, found: Evaluation | Age, shown: str) -> str:
        """See ``Judge``."""
        if isinstance(found, Age):
            return _aged(found, shown)
        each = sorted(found.chips)
        some = f"{len(each)} chips ({percent(each[0])} to {percent(each[-1])})"
        return f"{shown} on {'one chip' if len(each) == 1 else some}, seed {self._config.seed}"

    @property
    def _options(self) -> dict[str, Any]:
        stream = self._stream.child("evaluate")
        return {"chips": self._config.chips, "stream": stream, **self._config.backend_options}


class OfKeptChip:
    """The one chip of a file or run folder, as it was left; its task is its own unless another is named."""

    def __init__(self, path: str, given: dict[str, Any]) -> None:
        self._chip = training.open_chip(path)
        own = {key: self._chip.about.get(key) for key in ("task", "data")}
        if given["task"] is None and given["data"] is None:
            given = given | own
        config = training.load_config(**given)
        self._task = tasks.load(config.task, config.data)
        require_fit(self._chip.network, self._task)
        self.samples = len(self._task.test)

    def now(self) -> Evaluation:
        """See ``Judge``."""
        return training.evaluate_chip(self._chip, self._task)

    def over(self, seconds: Sequence[float], compensate: bool) -> tuple[Age, ...]:
        """See ``Judge``; seconds count from now."""
        if compensate:
            raise InputError("--compensate calibrates fresh chips: it does not go with --chip")
        return read_over_time(self._chip.program, self._task, seconds)

    def cost(self, constants: Sequence[str] | None) -> Cost:
        """See ``Judge``."""
        return _cost(self._chip.clone(self._chip.name).program, self._task, self._chip.substrate, constants)

    def line(self, found: Evaluation | Age, shown: str) -> str:
        """See ``Judge``."""
        if isinstance(found, Age):
            return _aged(found, shown)
        return f"{shown} on chip '{self._chip.name}' ({self._chip.substrate.name})"


def _aged(found: Age, shown: str) -> str:
    return f"{found.seconds:>14,.6g} s  {shown}"


def _cost(program: Program, task: Task, kind: Substrate, constants: Sequence[str] | None) -> Cost:
    before = dict(program.events)
    predict(program, task.test.x)
    events = {key: count - before.get(key, 0) for key, count in program.events.items()}
    return cost.estimate(events, kind, list(constants or ()))
