"""One emulated chip with a network on it: the Program learners talk to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.emulator.activations import activate
from hwnoise.backends.emulator.checks import (
    check_probe,
    check_state,
    checked_inputs,
    checked_reads,
    checked_update,
)
from hwnoise.backends.emulator.inputs import LayerInputs
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.read_backs import run_between_read_backs
from hwnoise.backends.emulator.rows import by_pass, in_reading_order, quiet_rows
from hwnoise.backends.emulator.threads import one_blas_thread
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate
from hwnoise.tiling import Tiling

Array = NDArray[Any]


class EmulatorProgram:
    """A chip instance drawn from ``stream``, of the kind ``substrate``, running ``network``.

    Implements ``hwnoise.backends.base.Program``. Time is counted in ticks: every row read takes
    one ``clock.read_period``, on all layers alike.
    """

    def __init__(self, network: Network, substrate: Substrate, stream: Stream, headroom: float) -> None:
        self.network, self.substrate = network, substrate
        self.capabilities = substrate.capabilities()
        self.layers = {
            d.name: Layer(substrate, d, stream.child(d.name), headroom) for d in network.dense_layers()
        }
        self.tick = 0
        self.events: dict[str, int] = Counter()

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """Read the batch ``x`` (samples, n_in) ``probe.passes`` times.

        Returns
        -------
        Reading
            See ``hwnoise.backends.base.Reading``; equal bits for any number of threads.

        Raises
        ------
        InputError, MismatchError
            A wrong shape; a probe that this substrate cannot answer.
        """
        check_probe(probe, self.substrate)
        x = checked_inputs(x, self.network.n_inputs)
        if "weights" in probe.observe:
            return run_between_read_backs(self, x, probe)
        before = Counter(self.events)
        with one_blas_thread():
            reading = self._forward(x, probe)
        return replace(reading, events=dict(Counter(self.events) - before))

    def read_weights(self) -> dict[str, Array]:
        """Read every weight back through the converters (noisy, counted); biases are digital."""
        found: dict[str, Array] = {}
        with one_blas_thread():
            for name, layer in self.layers.items():
                found[f"{name}.weight"] = layer.read_weights(self.tick)
                found[f"{name}.bias"] = layer.bias.copy()
                self._let_pass(layer.n_in)
                self.events["device_reads"] += layer.n_in * layer.n_out
        return found

    def write(self, update: Mapping[str, Array]) -> None:
        """Add ``update`` to the named parameters; pending parts wait for a device step.

        Raises
        ------
        InputError
            For an unknown parameter, a wrong shape or a value that is not finite; nothing is written.
        """
        update = checked_update(update, self.layers)
        for name, layer in self.layers.items():
            weight, bias, pulses = update.get(f"{name}.weight"), update.get(f"{name}.bias"), layer.pulses
            self.events["device_writes"] += layer.write(weight, bias, self.tick)
            if layer.pulses > pulses:
                self.events["pulses"] += layer.pulses - pulses

    def advance(self, seconds: float) -> None:
        """Let time pass: devices drift, slow noise moves on."""
        self._let_pass(checked_reads(seconds, self.substrate.clock.read_period, self.tick))

    def correlation(self, ticks: Array) -> dict[str, float]:
        """Correlation of each noise with memory between the first two passes of ``ticks`` [pass, sample]."""
        return self.substrate.correlation(ticks[0], ticks[1], self.tick)

    @property
    def tiles(self) -> dict[str, Tiling]:
        """How each layer is split over arrays: sizes, places and ``utilisation``."""
        return {name: layer.tiling for name, layer in self.layers.items()}

    def diagnostics(self) -> dict[str, Array]:
        """True values, for reports; no learner gets this: ``<layer>.weight``, ``.bias``, ``.writes``."""
        found: dict[str, Array] = {}
        for name, layer in self.layers.items():
            found[f"{name}.weight"] = layer.true_weights(self.tick)
            found[f"{name}.bias"] = layer.bias.copy()
            found[f"{name}.writes"] = layer.array.writes.T
        return found

    def state(self) -> dict[str, Array]:
        """Everything needed to go on bit for bit, as named arrays."""
        counts = {f"events/{key}": np.array(count, np.int64) for key, count in self.events.items()}
        return {"tick": np.array(self.tick, np.uint64), **counts, **self._layer_states()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` of a Program with the same network and substrate returned."""
        check_state(state, {"tick": np.array(0), **self._layer_states()})
        self.tick = int(state["tick"])
        self.events = Counter({key: int(count) for key, count in _below("events/", state).items()})
        for name, layer in self.layers.items():
            layer.restore(_below(f"layers/{name}/", state))

    def _layer_states(self) -> dict[str, Array]:
        return {
            f"layers/{name}/{key}": array
            for name, layer in self.layers.items()
            for key, array in layer.state().items()
        }

    def _forward(self, x: Array, probe: Probe) -> Reading:
        """Carry all rows through all layers; what the probe observes is kept, the rest is not."""
        rows, quiet = in_reading_order(x, probe), quiet_rows(len(x), probe)
        ticks = np.arange(self.tick, self.tick + len(rows), dtype=np.uint64)
        nodes, noises, remembered = {}, {}, {}
        for name, layer in self.layers.items():
            node, known = layer.forward(rows, self.tick, quiet, probe)
            if "nodes" in probe.observe:
                nodes[name] = by_pass(node, probe)
            if "events" in probe.observe:
                remembered[name] = layer.eligibility(rows, self.tick, probe)
            if "noise" in probe.observe and known is not None:
                noises[name] = by_pass(known, probe)
            self._count(layer, len(rows))
            rows = activate(layer.activation, node)
        self.events["reads"] += len(rows)
        self.tick += len(rows)
        inputs = LayerInputs(self.network.dense_layers(), x, probe.passes, nodes) if nodes else {}
        output, when = by_pass(rows, probe), by_pass(ticks, probe)
        return Reading(output, inputs, nodes, noises, ticks=when, eligibility=remembered)

    def _count(self, layer: Layer, rows: int) -> None:
        self.events["conversions_in"] += layer.n_in * len(layer.tiling.column_slices) * rows
        self.events["conversions_out"] += layer.n_out * len(layer.tiling.row_slices) * rows
        self.events["multiplications"] += layer.n_in * layer.n_out * rows

    def _let_pass(self, reads: int) -> None:
        """Move the clock on by periods in which no node is read."""
        for layer in self.layers.values():
            layer.node.skip(reads, self.tick)
        self.tick += reads


def _below(prefix: str, state: Mapping[str, Array]) -> dict[str, Array]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
