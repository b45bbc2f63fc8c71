"""One run of a batch over an integer network: what every node sends, step by step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.parts import Parts
from hwnoise.backends.emulator.integer.releases import ReleasingSynapses
from hwnoise.backends.emulator.integer.together import run_together

Array = NDArray[Any]


@dataclass
class Presentation:
    """A batch on its way through the chip.

    Attributes
    ----------
    parts : Parts
        The chip.
    x : (samples, steps, n_in) int8 or int32
        Spikes from outside.
    rows : (rows,) int
        Which sample each row presents; rows follow each other in time.
    ticks : (rows,) uint64
        Of each row's first step.
    quiet : (rows, steps) bool, optional
        Where there is no noise.
    sees_all : bool
        Whether membranes of all populations are wanted, not of integrators alone.
    fresh : bool
        Whether every row starts from rest; else there is one row, which goes on from the last run.
    sent : dict of str to (rows, steps, n) int8 or int32
        What populations and poolings sent.
    membranes : dict of str to (rows, steps, n) int32
    counts : Counter
        Synaptic operations.
    """

    parts: Parts
    x: Array
    rows: Array
    ticks: Array
    quiet: Array | None
    sees_all: bool
    fresh: bool
    sent: dict[str, Array] = field(default_factory=dict)
    membranes: dict[str, Array] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    under_way: dict[str, Array] = field(init=False)  # at the start

    def __post_init__(self) -> None:
        self.under_way = dict(self.parts.tails)

    def run(self) -> None:
        """Carry the batch through all stages, each over all steps; what is still under way is kept."""
        for stage in self.parts.schedule.stages:
            for name in set(stage) & set(self.parts.populations):
                population = self.parts.populations[name]
                population.clear(len(self.rows)) if self.fresh else population.go_on()
            if len(stage) > 1 or self.parts.inner(stage[0]):
                self._run_loop(stage)
            elif stage[0] in self.parts.populations:
                self._run_population(stage[0])
            else:
                self.sent[stage[0]] = self.arriving(stage[0])
        for name, tail in self.parts.tails.items():
            self.parts.tails[name] = self.entering(name)[-1:, -tail.shape[1] :].astype(np.int32)

    def entering(self, synapses: str) -> Array:
        """What a set of synapses is sent, with what was under way before: (rows, before + steps, n_in)."""
        source, tail = self.parts.source(synapses), self.under_way.get(synapses)
        spikes = self.x if source == "input" else self.sent[source]
        if tail is None:
            return spikes
        if self.fresh:
            return np.pad(spikes, ((0, 0), (tail.shape[1], 0), (0, 0)))
        return np.concatenate([tail.astype(spikes.dtype), spikes], axis=1)

    def arriving(self, synapses: str) -> Array:
        """The current that a set of synapses brings to the neurons: (rows, steps, n_out) int32."""
        if isinstance(self.parts.synapses[synapses], ReleasingSynapses):
            return self._released(synapses)
        spikes, steps = self.entering(synapses), self.x.shape[1]
        current = np.zeros((*spikes.shape[:2], self.parts.width(synapses)), np.int32)
        done = self.parts.synapses[synapses].bring(spikes, current)
        self.counts["synaptic_operations"] += done * (len(self.rows) // len(spikes))
        last = spikes.shape[1] - self.parts.lag(synapses)
        current = current[:, last - steps : last]
        return current[self.rows] if len(current) < len(self.rows) else current

    def _released(self, name: str) -> Array:
        """As ``arriving``, of synapses that release at random: in every row anew."""
        synapses, spikes = self.parts.synapses[name], self.entering(name)
        assert isinstance(synapses, ReleasingSynapses)
        shown = spikes[self.rows] if len(spikes) < len(self.rows) else spikes
        current = np.zeros((len(self.rows), self.x.shape[1], self.parts.width(name)), np.int32)
        sent = shown[:, : shown.shape[1] - self.parts.lag(name)]
        self.counts["synaptic_operations"] += synapses.release(sent, self.ticks, self._still, current)
        return current

    @property
    def _still(self) -> Array:
        """Where there is no noise: (rows, steps) bool."""
        return np.zeros((len(self.rows), self.x.shape[1]), np.bool_) if self.quiet is None else self.quiet

    def _run_population(self, name: str) -> None:
        population = self.parts.populations[name]
        noise = population.draw(self.ticks, self.x.shape[1], self.quiet)
        sees = self.sees_all or population.spec.kind == "li"
        slot, arriving = self.parts.plain(name), self.entering(self.parts.network.sources(name)[0])
        if slot is not None and len(arriving) == len(self.rows):
            self.sent[name], seen, done = run_together(population, slot, arriving, noise, sees)
            self.counts["synaptic_operations"] += done
        else:
            self.sent[name], seen = population.run(self._from_outside(name), noise, sees)
        if sees:
            self.membranes[name] = seen

    def _run_loop(self, stage: tuple[str, ...]) -> None:
        """Step by step: what a population sends reaches the others in the steps that follow."""
        outer = {name: self._from_outside(name) for name in stage}
        noise = {
            name: self.parts.populations[name].draw(self.ticks, self.x.shape[1], self.quiet) for name in stage
        }
        for name in stage:
            self.sent[name] = np.zeros(outer[name].shape, self.parts.populations[name].SENT)
            self.membranes[name] = np.zeros(outer[name].shape, np.int32)
        so_far = {s: self.entering(s) for name in stage for s in self.parts.inner(name)}
        for t in range(self.x.shape[1]):
            for name in stage:
                current = np.ascontiguousarray(outer[name][:, t : t + 1])
                for synapses in self.parts.inner(name):
                    self._bring_back(synapses, so_far, t, current)
                self._fire(name, current, noise[name], t, so_far)

    def _bring_back(self, synapses: str, so_far: dict[str, Array], t: int, current: Array) -> None:
        sent = so_far[synapses]
        step = sent.shape[1] - self.x.shape[1] + t - self.parts.lag(synapses)
        part = self.parts.synapses[synapses]
        if isinstance(part, ReleasingSynapses):
            due, ticks = sent[:, step - part.delay : step + 1], self.ticks + np.uint64(t)
            done = part.release(due, ticks, self._still[:, t : t + 1], current)
        else:
            done = part.bring_step(sent, step, current)
        self.counts["synaptic_operations"] += done

    def _fire(self, name: str, current: Array, noise: Array, t: int, so_far: dict[str, Array]) -> None:
        """One step of one population of a loop; ``so_far`` takes up its spikes."""
        now = np.ascontiguousarray(noise[:, t : t + 1]) if noise.size else noise
        spikes, membranes = self.parts.populations[name].run(current, now, True, t)
        self.sent[name][:, t], self.membranes[name][:, t] = spikes[:, 0], membranes[:, 0]
        for synapses, sent in so_far.items():
            if self.parts.source(synapses) == name:
                sent[:, sent.shape[1] - self.x.shape[1] + t] = spikes[:, 0]

    def _from_outside(self, name: str) -> Array:
        """The current that reaches a population from beyond its own loop, (rows, steps, n)."""
        inner = self.parts.inner(name)
        found = [self.arriving(s) for s in self.parts.network.sources(name) if s not in inner]
        shape = (len(self.rows), self.x.shape[1], self.parts.populations[name].spec.n)
        total = np.ascontiguousarray(found[0]) if found else np.zeros(shape, np.int32)
        for other in found[1:]:
            total += other
        return total
