"""One digital chip with a network on it: the Program learners talk to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.emulator.checks import check_state, checked_reads
from hwnoise.backends.emulator.integer.checks import check_probe, checked_spikes
from hwnoise.backends.emulator.integer.memory import Memory
from hwnoise.backends.emulator.integer.parts import Parts
from hwnoise.backends.emulator.integer.presentation import Presentation
from hwnoise.backends.emulator.integer.reading import take_reading
from hwnoise.backends.emulator.integer.releases import room_for
from hwnoise.backends.emulator.rows import quiet_rows
from hwnoise.errors import MismatchError
from hwnoise.integers import IntegerNetwork
from hwnoise.network import Network
from hwnoise.quantization import integers_of, scaled
from hwnoise.quantization.scaling import Settings
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Array = NDArray[Any]


class IntegerProgram:
    """A digital chip of the kind ``substrate``, running ``network`` in integers.

    Implements ``hwnoise.backends.base.Program``. Every step of every row takes one tick. What comes
    out equals Lava's fixed-point processes bit for bit where the chip is quiet: a population runs over
    all steps before the next one begins, and the step that each of Lava's Dense takes is a shift in
    time. A row starts from rest, as LIFReset does with the length of a row as its interval.

    Attributes
    ----------
    network : Network
        With the scales it has on the chip in ``metadata["integers"]``: with ``read_weights`` in it,
        ``quantize`` gives back the same integers.
    """

    def __init__(self, network: Network, substrate: Substrate, stream: Stream, headroom: float) -> None:
        chip = substrate.fixed_point
        if chip is None:
            raise MismatchError(f"'{substrate.name}' has no [fixed_point] table: it is no chip of integers")
        taken = room_for(chip, substrate.stochastic_synapse)
        self.network = scaled(network, taken, Settings(headroom=headroom))
        self.substrate, self.chip = substrate, chip
        self.capabilities = substrate.capabilities()
        self._parts = Parts(integers_of(self.network, taken), substrate, stream)
        self._memory = Memory(self.network, self._parts.network, chip, stream.child("rounding"))
        self._memory.load(self._parts)
        self.tick = 0
        self.events: dict[str, int] = Counter()

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """Present the batch ``x`` (samples, steps, n_in) ``probe.passes`` times.

        Returns
        -------
        Reading
            See ``hwnoise.backends.base.Reading``; equal bits for any number of threads.

        Raises
        ------
        InputError, MismatchError
            A wrong shape or value; a probe that this chip cannot answer; an overflow, if ``strict``.
        """
        check_probe(probe, self.substrate)
        before = Counter(self.events)
        spikes = checked_spikes(x, self.network.n_inputs, self.chip.message_bits)
        shown = self._present(spikes, probe)
        shown.run()
        self._count(shown)
        reading = take_reading(shown, probe, len(spikes), self.network)
        return replace(reading, events=dict(Counter(self.events) - before))

    def read_weights(self) -> dict[str, Array]:
        """Read every parameter as the chip holds it, in units of the float network: exact."""
        found = self._memory.read()
        self.events["device_reads"] += sum(array.size for array in found.values())
        return found

    def write(self, update: Mapping[str, Array]) -> None:
        """Add ``update`` to the named parameters; the chip gets the nearest it can hold.

        Raises
        ------
        InputError
            For an unknown parameter, a wrong shape or a value that is not finite; nothing is written.
        """
        self.events["device_writes"] += self._memory.write(update)
        self._memory.load(self._parts)

    def advance(self, seconds: float) -> None:
        """Let time pass: nothing on this chip ages."""
        self.tick += checked_reads(seconds, self.substrate.clock.read_period, self.tick)

    def correlation(self, ticks: Array) -> dict[str, float]:
        """Correlation of noise with memory between passes: there is none."""
        return {}

    def integers(self) -> IntegerNetwork:
        """The integers on the chip as they stand now: what is deployed."""
        return self._memory.network()

    @property
    def losses(self) -> dict[str, int]:
        """By population: how often a current wrapped or a membrane was cut off so far."""
        return {name: part.lost for name, part in self._parts.populations.items()}

    def diagnostics(self) -> dict[str, Array]:
        """What the chip holds, without counting a read: ``<layer>.weight`` and ``.bias``."""
        return self._memory.read()

    def state(self) -> dict[str, Array]:
        """Everything needed to go on bit for bit, as named arrays."""
        counts = {f"events/{key}": np.array(count, np.int64) for key, count in self.events.items()}
        return {"tick": np.array(self.tick, np.uint64), **counts, **self._held()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` of a Program with the same network and substrate returned."""
        check_state(state, {"tick": np.array(0), **self._held()})
        self.tick = int(state["tick"])
        self.events = Counter({key[7:]: int(n) for key, n in state.items() if key.startswith("events/")})
        self._memory.restore(state)
        self._memory.load(self._parts)
        for name, part in self._parts.populations.items():
            part.restore({key: state[f"neurons/{name}/{key}"] for key in part.state()})
        self._parts.tails = {name: state[f"tails/{name}"].copy() for name in self._parts.tails}

    def _held(self) -> dict[str, Array]:
        neurons = {
            f"neurons/{name}/{key}": array
            for name, part in self._parts.populations.items()
            for key, array in part.state().items()
        }
        tails = {f"tails/{name}": tail.copy() for name, tail in self._parts.tails.items()}
        return {**self._memory.state(), **neurons, **tails}

    def _present(self, spikes: Array, probe: Probe) -> Presentation:
        """Lay out all passes in time; without resets they are one long row."""
        samples, steps = spikes.shape[:2]
        count = np.arange(samples)
        rows = (
            np.repeat(count, probe.passes) if probe.order == "interleaved" else np.tile(count, probe.passes)
        )
        ticks = np.uint64(self.tick) + np.arange(len(rows), dtype=np.uint64) * np.uint64(steps)
        quiet = quiet_rows(samples, probe)
        still = None if quiet is None else np.repeat(quiet[:, None], steps, axis=1)
        sees_all = "membranes" in probe.observe or probe.local is not None
        self.tick += len(rows) * steps
        if probe.reset:
            return Presentation(self._parts, spikes, rows, ticks, still, sees_all, True)
        long = spikes[rows].reshape(1, -1, spikes.shape[2])
        still = None if still is None else still.reshape(1, -1)
        return Presentation(self._parts, long, count[:1], ticks[:1], still, sees_all, False)

    def _count(self, shown: Presentation) -> None:
        steps = shown.x.shape[1] * len(shown.rows)
        self.events["reads"] += steps
        self.events["neuron_updates"] += steps * sum(p.spec.n for p in self._parts.populations.values())
        self.events["spikes"] += sum(
            int(np.count_nonzero(shown.sent[name])) for name in self._parts.populations
        )
        self.events.update(shown.counts)
