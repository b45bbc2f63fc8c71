"""A chip whose passes are computed in torch: the Program of networks without time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.emulator.checks import check_probe, checked_inputs
from hwnoise.backends.emulator.chip import Chip
from hwnoise.backends.emulator.inputs import LayerInputs
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.read_backs import run_between_read_backs
from hwnoise.backends.emulator.rows import by_pass, in_reading_order, quiet_rows
from hwnoise.backends.snntorch.activations import activate
from hwnoise.backends.snntorch.derivatives import TorchDerivatives
from hwnoise.backends.snntorch.layer import TorchLayer
from hwnoise.backends.snntorch.leaves import leaves_of, tensor_by_pass, without_derivatives
from hwnoise.backends.snntorch.threads import one_torch_thread
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Array = NDArray[Any]


class TorchProgram(Chip):
    """A chip instance drawn from ``stream``, read in torch on ``device``.

    Devices, clock, draws and saved state are the emulator's: a run can move from one to the other.
    Implements ``hwnoise.backends.base.Program``, derivatives included.
    """

    def __init__(
        self,
        network: Network,
        substrate: Substrate,
        stream: Stream,
        headroom: float,
        device: torch.device,
    ) -> None:
        layers = {d.name: Layer(substrate, d, stream.child(d.name), headroom) for d in network.dense_layers()}
        super().__init__(network, substrate, layers)
        self.capabilities = replace(self.capabilities, gradient=True)
        self.device = device
        self.readers = {name: TorchLayer(layer, self.device) for name, layer in layers.items()}

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """Read the batch ``x`` (samples, n_in) ``probe.passes`` times.

        Raises
        ------
        InputError, MismatchError
            A wrong shape; a probe that this substrate cannot answer.
        """
        check_probe(without_derivatives(probe), self.substrate)
        if probe.local is not None:
            raise MismatchError("a local rule sums up over time, which this network does not know")
        x = checked_inputs(x, self.network.n_inputs)
        if "weights" in probe.observe:
            return run_between_read_backs(self, x, probe)
        before = Counter(self.events)
        with one_torch_thread():
            reading = self._forward(x, probe)
        return replace(reading, events=dict(Counter(self.events) - before))

    def _forward(self, x: Array, probe: Probe) -> Reading:
        """Carry all rows through all layers; what the probe observes is kept, the rest is not."""
        rows = torch.as_tensor(in_reading_order(x, probe), device=self.device)
        quiet = quiet_rows(len(x), probe)
        still = None if quiet is None else torch.as_tensor(quiet, device=self.device)
        ticks = np.arange(self.tick, self.tick + len(rows), dtype=np.uint64)
        wants = "derivatives" in probe.observe
        leaves = leaves_of(self.network, self.layers, self.device) if wants else {}
        nodes, noises, remembered = {}, {}, {}
        for name, reader in self.readers.items():
            weight, bias = leaves.get(f"{name}.weight"), leaves.get(f"{name}.bias")
            if "events" in probe.observe:
                remembered[name] = reader.layer.eligibility(_array(rows), self.tick, probe)
            node, known = reader.forward(rows, self.tick, still, probe, weight=weight, bias=bias)
            if "nodes" in probe.observe:
                nodes[name] = by_pass(_array(node), probe)
            if "noise" in probe.observe and known is not None:
                noises[name] = by_pass(_array(known), probe)
            self._count(reader.layer, len(rows))
            rows = activate(reader.layer.activation, node)
        self.events["reads"] += len(rows)
        self.tick += len(rows)
        inputs = LayerInputs(self.network.dense_layers(), x, probe.passes, nodes) if nodes else {}
        output = tensor_by_pass(rows, probe)
        derivatives = TorchDerivatives(output, leaves) if leaves else None
        return Reading(
            _array(output), inputs, nodes, noises, ticks=by_pass(ticks, probe), eligibility=remembered,
            derivatives=derivatives,
        )  # fmt: skip


def _array(values: Tensor) -> Array:
    """A tensor as an array; on the CPU the same memory."""
    found: Array = values.detach().cpu().numpy()
    return found
