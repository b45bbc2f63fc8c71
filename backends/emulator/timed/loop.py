"""Loops step by step: an edge that runs backwards carries the value of the step before (eq:loop)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from hwnoise.backends.base import ONE_PASS
from hwnoise.backends.emulator.timed.plan import Part, sources_of
from hwnoise.backends.emulator.timed.stage import Floats, Moment, Outcome, Remembering, Stage, State
from hwnoise.backends.emulator.timed.timeless import is_timeless
from hwnoise.network import Network
from hwnoise.substrate import Substrate


class Loop(Remembering):
    """The nodes of a loop, each on its own one of ``stages``; its state is what they gave last."""

    def __init__(
        self, part: Part, stages: Mapping[str, Stage], network: Network, substrate: Substrate
    ) -> None:
        self._stages = {name: stages[name] for name in part.names}
        self._sources = sources_of(network)
        self._together = is_timeless(substrate)
        sizes = {name: math.prod(network.output_shapes[name]) for name in part.names}
        super().__init__({name: np.zeros(size, np.float32) for name, size in sizes.items()})

    def carry(
        self, outside: Mapping[str, Floats], moment: Moment, shape: tuple[int, int]
    ) -> tuple[dict[str, Floats], dict[str, Outcome]]:
        """Carry all nodes through (rows, steps), fed by ``outside``; return what each was given and gave.

        Rows take a step together where a read is the same at every tick, else one row follows the other.
        """
        record, (rows, steps) = _Record(shape), shape
        for block in self._blocks(rows, moment.probe.reset):
            states, before = self._start(block.stop - block.start, moment.probe.reset)
            for t in range(steps):
                before = self._step(outside, before, states, _at(moment, block, t, steps), record, block, t)
            for name, stage in self._stages.items():
                stage.end(states[name])
            self.end(before)
        return record.given, {name: Outcome(**parts) for name, parts in record.gave.items()}

    def _step(
        self,
        outside: Mapping[str, Floats],
        before: State,
        states: Mapping[str, State],
        moment: Moment,
        record: _Record,
        block: slice,
        t: int,
    ) -> State:
        """Take one step with the rows of ``block``; return what every node gave."""
        now: State = {}
        for name, stage in self._stages.items():
            fed = [
                now[n] if n in now else before[n] if n in before else outside[n][block, t]
                for n in self._sources[name]
            ]
            x = total(fed)
            outcome = stage.run(np.ascontiguousarray(x[:, None]), states[name], moment)
            record.put(name, block, t, x, outcome)
            now[name] = outcome.out[:, 0]
        return now

    def _start(self, rows: int, resets: bool) -> tuple[dict[str, State], State]:
        """The states of all nodes before the first step, and what they gave before it."""
        if resets:
            return {name: stage.begin(rows) for name, stage in self._stages.items()}, self.begin(rows)
        return {name: stage.resume() for name, stage in self._stages.items()}, self.resume()

    def _blocks(self, rows: int, resets: bool) -> Iterator[slice]:
        each = rows if self._together and resets else 1
        yield from (slice(first, first + each) for first in range(0, rows, each))


class _Record:
    """What the nodes of a loop were given and gave, (rows, steps, n) each, filled step by step."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self.given: dict[str, Floats] = {}
        self.gave: dict[str, dict[str, Floats]] = {}

    def put(self, name: str, block: slice, t: int, x: Floats, outcome: Outcome) -> None:
        """Enter one step of one node."""
        self._put(self.given, name, block, t, x)
        parts = self.gave.setdefault(name, {})
        for key, values in outcome._asdict().items():
            if values is not None:
                self._put(parts, key, block, t, values[:, 0])

    def _put(self, into: dict[str, Floats], key: str, block: slice, t: int, values: Floats) -> None:
        if key not in into:
            into[key] = np.zeros((*self._shape, values.shape[-1]), np.float32)
        into[key][block, t] = values


def total(inputs: list[Floats]) -> Floats:
    """The sum of what arrives at a node; a single input is handed on as it is."""
    found = inputs[0]
    for other in inputs[1:]:
        found = found + other
    return found


def _at(moment: Moment, block: slice, t: int, steps: int) -> Moment:
    """The step ``t`` of the rows of ``block``, as a moment of its own."""
    quiet = None if moment.quiet is None else moment.quiet[block, t : t + 1]
    return replace(moment, tick=moment.tick + block.start * steps + t, quiet=quiet, probe=ONE_PASS)
