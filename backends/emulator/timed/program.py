"""One emulated chip with a network with time on it: the Program learners talk to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.emulator.active import Active
from hwnoise.backends.emulator.chip import Chip, below
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.read_backs import run_between_read_backs
from hwnoise.backends.emulator.rows import in_reading_order, quiet_rows
from hwnoise.backends.emulator.threads import one_blas_thread
from hwnoise.backends.emulator.timed.array_stage import ArrayStage
from hwnoise.backends.emulator.timed.checks import check_timed_probe, checked_steps
from hwnoise.backends.emulator.timed.loop import Loop, total
from hwnoise.backends.emulator.timed.pacing import paced
from hwnoise.backends.emulator.timed.placing import placed_stages
from hwnoise.backends.emulator.timed.plan import Part, parts_of, sources_of
from hwnoise.backends.emulator.timed.population import Population
from hwnoise.backends.emulator.timed.reading import Seen, reading_of
from hwnoise.backends.emulator.timed.stage import Floats, Moment, Outcome, Remembering, Stage
from hwnoise.kernels.event_product import count_active
from hwnoise.network import Network
from hwnoise.nodes import Input
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Array = NDArray[Any]


class TimedProgram(Chip):
    """A chip instance drawn from ``stream``, of the kind ``substrate``, running a ``network`` with time.

    Implements ``hwnoise.backends.base.Program``. Every step of every presentation is a read at a tick
    of its own, presentation after presentation. All steps of a node are computed before those of the
    next; only the nodes of a loop take them in turn. Membranes and currents start from 0. A step takes
    as long as its largest layer needs, a read for each place of a filter: that is the clock's period.
    """

    def __init__(self, network: Network, substrate: Substrate, stream: Stream, headroom: float) -> None:
        substrate = paced(substrate, network)
        self._stages, layers = self._placed(network, substrate, stream, headroom)
        super().__init__(network, substrate, layers)
        self._sources, self._parts = sources_of(network), parts_of(network)
        self._loops = {
            part.names: Loop(part, self._stages, network, substrate) for part in self._parts if part.is_loop
        }

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """Present ``x`` (samples, steps, n_in) ``probe.passes`` times.

        With ``probe.reset`` every presentation starts from rest. Without, it goes on from where the
        one before it ended, in reading order, and from the last one of the call before.

        Returns
        -------
        Reading
            See ``hwnoise.backends.base.Reading``; equal bits for any number of threads.

        Raises
        ------
        InputError, MismatchError
            A wrong shape; a probe that this substrate cannot answer.
        """
        check_timed_probe(probe, self.substrate)
        x, listed = checked_steps(x, self.network, lists=probe.passes == 1)
        if "weights" in probe.observe:
            return run_between_read_backs(self, x, probe)
        before = Counter(self.events)
        with one_blas_thread():
            seen = self._forward(x, probe, listed)
        reading = reading_of(self.network, self._stages, seen, probe)
        return replace(reading, events=dict(Counter(self.events) - before))

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` of a Program with the same network and substrate returned."""
        super().restore(state)
        for name, stage in self._remembering().items():
            held = below(f"neurons/{name}/", state)
            stage.held = {key: np.array(held[key], old.dtype) for key, old in stage.held.items()}

    def _placed(
        self, network: Network, substrate: Substrate, stream: Stream, headroom: float
    ) -> tuple[dict[str, Stage], dict[str, Layer]]:
        """Every node as a stage, and the arrays among them; another backend may compute some otherwise."""
        return placed_stages(network, substrate, stream, headroom)

    def _held(self) -> dict[str, Array]:
        neurons = {
            f"neurons/{name}/{key}": value.copy()
            for name, stage in self._remembering().items()
            for key, value in stage.held.items()
        }
        return {**super()._held(), **neurons}

    def _remembering(self) -> dict[str, Remembering]:
        stages = {name: s for name, s in self._stages.items() if isinstance(s, Remembering)}
        return {**stages, **{"/".join(names): loop for names, loop in self._loops.items()}}

    def _forward(self, x: Floats, probe: Probe, listed: Active | None = None) -> Seen:
        """Carry all presentations through all nodes; ``listed`` is ``x`` as lists, of a single pass."""
        rows, quiet = in_reading_order(x, probe), quiet_rows(len(x), probe)
        still = None if quiet is None else np.repeat(quiet[:, None], x.shape[1], axis=1)
        observes = "membranes" in probe.observe or probe.local is not None
        moment, seen = Moment(self.tick, probe, still, observes, listed), Seen(self.tick)
        before = {name: stage.active for name, stage in self._arrays().items()}
        for part in self._parts:
            self._carry(part, rows, seen, moment)
        self._count_run(seen, rows.shape[0] * rows.shape[1], before)
        self.tick += rows.shape[0] * rows.shape[1]
        return seen

    def _carry(self, part: Part, rows: Floats, seen: Seen, moment: Moment) -> None:
        """Compute all steps of the nodes of ``part``, and add them to ``seen``."""
        if part.is_loop:
            outside = {
                n: seen.gave[n].out for name in part.names for n in self._sources[name] if n not in part.names
            }
            given, gave = self._loops[part.names].carry(outside, moment, rows.shape[:2])
            seen.given.update(given)
            seen.gave.update(gave)
            return
        (name,) = part.names
        is_input = isinstance(self.network.nodes[name], Input)
        x = rows if is_input else total([seen.gave[n].out for n in self._sources[name]])
        seen.given[name] = x
        seen.gave[name] = _carried(self._stages[name], x, moment)

    def _count_run(self, seen: Seen, reads: int, before: Mapping[str, int]) -> None:
        """Count reads, spikes, and what each active input of an array added to."""
        self.events["reads"] += reads
        for name, stage in self._stages.items():
            if isinstance(stage, ArrayStage):
                self._count(stage.layer, reads * stage.layer.rate)
                reached = stage.layer.parts[0].n_out  # an input is one of a single group
                self.events["synaptic_operations"] += (stage.active - before[name]) * reached
            elif isinstance(stage, Population) and stage.step.threshold is not None:
                out = seen.gave[name].out
                self.events["spikes"] += count_active(out.reshape(-1, out.shape[-1]))

    def _arrays(self) -> dict[str, ArrayStage]:
        return {name: stage for name, stage in self._stages.items() if isinstance(stage, ArrayStage)}


def _carried(stage: Stage, x: Floats, moment: Moment) -> Outcome:
    """All steps of ``x`` (rows, steps, n) through one node; without a reset, rows are one long sequence."""
    if moment.probe.reset or not isinstance(stage, Remembering):
        state = stage.begin(len(x))
        outcome = stage.run(x, state, moment)
        stage.end(state)
        return outcome
    state = stage.resume()
    outcome = stage.run(np.ascontiguousarray(x).reshape(1, -1, x.shape[-1]), state, moment)
    stage.end(state)
    out, membranes, known = (None if a is None else a.reshape(*x.shape[:2], -1) for a in outcome)
    assert out is not None
    return Outcome(out, membranes, known)
