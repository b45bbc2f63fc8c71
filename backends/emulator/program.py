"""One emulated chip with a network on it: the Program learners talk to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.emulator.activations import activate
from hwnoise.backends.emulator.checks import check_probe, checked_inputs
from hwnoise.backends.emulator.chip import Chip
from hwnoise.backends.emulator.inputs import LayerInputs
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.read_backs import run_between_read_backs
from hwnoise.backends.emulator.rows import by_pass, in_reading_order, quiet_rows
from hwnoise.backends.emulator.threads import one_blas_thread
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Array = NDArray[Any]


class EmulatorProgram(Chip):
    """A chip instance drawn from ``stream``, of the kind ``substrate``, running ``network``.

    Implements ``hwnoise.backends.base.Program``. Time is counted in ticks: every row read takes
    one ``clock.read_period``, on all layers alike.
    """

    def __init__(self, network: Network, substrate: Substrate, stream: Stream, headroom: float) -> None:
        layers = {d.name: Layer(substrate, d, stream.child(d.name), headroom) for d in network.dense_layers()}
        super().__init__(network, substrate, layers)

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
        if probe.local is not None:
            raise MismatchError("a local rule sums up over time, which this network does not know")
        x = checked_inputs(x, self.network.n_inputs)
        if "weights" in probe.observe:
            return run_between_read_backs(self, x, probe)
        before = Counter(self.events)
        with one_blas_thread():
            reading = self._forward(x, probe)
        return replace(reading, events=dict(Counter(self.events) - before))

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
