"""LavaProgram: a digital chip inside Lava that learns by its own noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Eligibility, Probe, Reading
from hwnoise.backends.emulator.integer import IntegerProgram
from hwnoise.backends.emulator.integer.checks import check_probe, checked_spikes
from hwnoise.backends.emulator.integer.presentation import Presentation
from hwnoise.backends.emulator.integer.reading import take_reading
from hwnoise.backends.emulator.integer.releases import ReleasingSynapses
from hwnoise.backends.lava import detect
from hwnoise.backends.lava.performance import perform
from hwnoise.backends.lava.session.planning import plan_session
from hwnoise.backends.lava.session.session import Session
from hwnoise.backends.lava.traces import LayerTraces
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Array = NDArray[Any]
_ROOM = 4096  # steps of one run that every session has room for


class LavaProgram(IntegerProgram):
    """A digital chip of the kind ``substrate`` as a graph of Lava processes.

    Implements ``hwnoise.backends.base.Program`` with the bits of the emulator: the same quantisation,
    ticks, noise, releases, traces and events. Dense layers are Lava's own, or ReleasingDense where
    synapses release at random; neurons are NoisyLIF; beside each layer a Learner sums up traces and
    writes weights. The graph starts at the first run and lives until ``close``, an error, or the end
    of this object.

    Parameters
    ----------
    network, substrate, stream, headroom
        As for ``IntegerProgram``.
    timeout : float, optional
        Seconds after which a run is given up; by default one minute and 30 ms a step.

    Raises
    ------
    InputError
        If Lava is not installed.
    MismatchError
        If the substrate is not a chip of Loihi's integers, or a node has no process here.
    """

    def __init__(
        self, network: Network, substrate: Substrate, stream: Stream, headroom: float,
        timeout: float | None = None,
    ) -> None:  # fmt: skip
        detect.require()
        super().__init__(network, substrate, stream, headroom)
        if self.chip.arithmetic != "loihi":
            raise MismatchError(f"'{substrate.name}' computes as {self.chip.arithmetic} does, Lava as Loihi")
        self.capabilities = replace(self.capabilities, max_batch=1)
        keys = {name: int(population.key) for name, population in self._parts.populations.items()}
        laws = {
            name: part.law
            for name, part in self._parts.synapses.items()
            if isinstance(part, ReleasingSynapses)
        }
        self._plan = plan_session(self._parts.network, substrate.loihi_noise, keys, laws)
        self._session: Session | None = None
        self._timeout = timeout

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """Present ``x`` (samples, steps, n_in) ``probe.passes`` times, sample by sample.

        Raises
        ------
        InputError, MismatchError
            As ``IntegerProgram.run``.
        LavaError
            If Lava raised or took too long. No process of it is left then; the next run starts anew.
        """
        check_probe(probe, self.substrate)
        self._check(probe)
        before = Counter(self.events)
        spikes = checked_spikes(x, self.network.n_inputs, self.chip.message_bits)
        shown = self._present(spikes, probe)
        session = self._open(shown)
        perform(session, shown, probe)
        self._count(shown)
        reading = take_reading(shown, replace(probe, local=None), len(spikes), self.network)
        traces = {} if probe.local is None else self._traces(session, probe, len(spikes))
        return replace(reading, eligibility=traces, events=dict(Counter(self.events) - before))

    def read_weights(self) -> dict[str, Array]:
        """Read every parameter as the chip holds it, in units of the float network: exact."""
        found = super().read_weights()
        if self._session is not None and self._session.is_open:
            for layer, integers in self._session.read().items():
                unit = self._memory.held[f"{layer}.weight"].unit
                found[f"{layer}.weight"] = np.asarray(integers * unit, np.float32)
        return found

    def write(self, update: Mapping[str, Array]) -> None:
        """As ``IntegerProgram.write``; Lava takes it over when the next run begins."""
        super().write(update)
        self._put()

    def restore(self, state: Mapping[str, Array]) -> None:
        """As ``IntegerProgram.restore``."""
        super().restore(state)
        self._put()

    def close(self) -> None:
        """End all of Lava's processes; a further run starts them anew, with the same state."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _check(self, probe: Probe) -> None:
        if "nodes" in probe.observe:
            raise MismatchError("Lava's neurons show spikes and membranes, not the currents they are sent")
        if not probe.reset and self._plan.gap:
            raise MismatchError(
                "in Lava, spikes that run round a loop are let die out between runs: reset = True"
            )

    def _open(self, shown: Presentation) -> Session:
        """The living session, or a new one with room for what is to be shown."""
        room = max(_ROOM, len(shown.rows) * shown.x.shape[1])
        session = self._session
        if session is None or not session.is_open or session.room < room:
            self.close()
            session = self._session = Session(self._plan, room, self._timeout)
            self._put()
        return session

    def _put(self) -> None:
        """Give Lava the integers as they stand, if it is there."""
        if self._session is None or not self._session.is_open:
            return
        held = self.integers()
        weights = {f"{name}/weight": node.weight for name, node in held.synapses.items()}
        biases = {f"{layer.name}/bias": held.neurons[layer.target].bias_mant for layer in self._plan.layers}
        self._session.put(weights | biases)

    def _traces(self, session: Session, probe: Probe, samples: int) -> dict[str, Eligibility]:
        assert probe.local is not None
        pairs = probe.passes // 2 if probe.local.post.endswith("_difference") else probe.passes
        return {
            layer.name: LayerTraces(session, layer.name, session.plays, (pairs, samples))
            for layer in self._plan.layers
        }
