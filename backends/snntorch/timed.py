"""A chip with a network with time whose neurons, and on a GPU also arrays, are computed in torch."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import torch
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.timed.array_stage import ArrayStage
from hwnoise.backends.emulator.timed.checks import check_timed_probe, checked_steps
from hwnoise.backends.emulator.timed.population import Population
from hwnoise.backends.emulator.timed.program import TimedProgram
from hwnoise.backends.emulator.timed.reading import reading_of
from hwnoise.backends.emulator.timed.stage import Stage
from hwnoise.backends.snntorch.derivatives import TorchDerivatives
from hwnoise.backends.snntorch.leaves import leaves_of, tensor_by_pass, without_derivatives
from hwnoise.backends.snntorch.stages import TorchPopulation, on_device
from hwnoise.backends.snntorch.threads import one_torch_thread
from hwnoise.backends.snntorch.unrolled import Unrolled
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Array = NDArray[Any]


class TorchTimedProgram(TimedProgram):
    """As ``TorchProgram``, for networks with time: derivatives go through all steps.

    Neurons are snnTorch's own where one of them follows the network's convention (``neurons_of``).
    """

    def __init__(
        self, network: Network, substrate: Substrate, stream: Stream, headroom: float, device: torch.device
    ) -> None:
        self.device = device
        super().__init__(network, substrate, stream, headroom)
        self.capabilities = replace(self.capabilities, gradient=True)

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """Present ``x`` (samples, steps, n_in) ``probe.passes`` times; see ``TimedProgram.run``."""
        plain = without_derivatives(probe)
        with one_torch_thread():
            return self._run_linked(x, plain) if "derivatives" in probe.observe else super().run(x, plain)

    def _run_linked(self, x: Array, probe: Probe) -> Reading:
        """Run as without derivatives, and link what was seen by a graph."""
        check_timed_probe(probe, self.substrate)
        if not probe.reset:
            raise MismatchError("derivatives go back to where a presentation starts from rest: reset it")
        before = Counter(self.events)
        seen = self._forward(checked_steps(x, self.network)[0], probe)
        leaves = leaves_of(self.network, self.layers, self.device)
        output = Unrolled(self.network, self._stages, seen, leaves, self.device).output()
        return replace(
            reading_of(self.network, self._stages, seen, probe),
            events=dict(Counter(self.events) - before),
            derivatives=TorchDerivatives(tensor_by_pass(output, probe), leaves),
        )

    def _placed(
        self, network: Network, substrate: Substrate, stream: Stream, headroom: float
    ) -> tuple[dict[str, Stage], dict[str, Layer]]:
        stages, layers = super()._placed(network, substrate, stream, headroom)
        for name, stage in stages.items():
            if isinstance(stage, Population):
                stages[name] = TorchPopulation(name, stage.step, self.device)
            elif isinstance(stage, ArrayStage) and self.device.type != "cpu":
                layers[name] = stage.layer = on_device(stage.layer, self.device)
        return stages, layers
