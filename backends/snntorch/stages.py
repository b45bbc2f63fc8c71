"""Nodes of a network with time that torch computes, as stages of the emulator's program."""

from __future__ import annotations

import numpy as np
import torch

from hwnoise.backends.base import ONE_PASS, Probe
from hwnoise.backends.emulator.active import Active
from hwnoise.backends.emulator.grouped_layer import GroupedLayer
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.timed.population import Population
from hwnoise.backends.emulator.timed.stage import Floats, Mask, Moment, Outcome, State
from hwnoise.backends.snntorch.device_reader import DeviceReader
from hwnoise.backends.snntorch.neurons import neurons_of, scan
from hwnoise.stepping import Step


class TorchPopulation(Population):
    """Neurons stepped in torch; what they remember has the names and values of the emulator's."""

    def __init__(self, name: str, step: Step, device: torch.device) -> None:
        super().__init__(name, step)
        self.device = device
        self.neurons = neurons_of(name, step).to(device)

    def run(self, x: Floats, state: State, moment: Moment) -> Outcome:
        """Step the neurons through ``x`` (rows, steps, n): spikes, or the membranes of an integrator."""
        before = {key: torch.as_tensor(value, device=self.device) for key, value in state.items()}
        with torch.no_grad():
            out, membranes, after = scan(self.neurons, torch.as_tensor(x, device=self.device), before)
        for key, value in after.items():
            state[key][...] = value.cpu().numpy()
        return Outcome(out.cpu().numpy(), membranes.cpu().numpy() if moment.observes else None)


class DeviceLayer(Layer):
    """A layer that is read on a torch device; all it holds is that of ``layer``, which it replaces."""

    def __init__(self, layer: Layer, device: torch.device) -> None:
        vars(self).update(vars(layer))
        self.device, self._reader = device, DeviceReader(self)

    def forward(
        self,
        x: Floats,
        tick: int,
        quiet: Mask | None = None,
        probe: Probe = ONE_PASS,
        steps: int = 1,
        active: Active | None = None,
    ) -> tuple[Floats, Floats | None]:
        """Read the layer once per row; see ``Layer.forward``."""
        rows = torch.as_tensor(np.ascontiguousarray(x), device=self.device)
        still = None if quiet is None else torch.as_tensor(quiet, device=self.device)
        with torch.no_grad():
            node, known = self._reader.read(rows, tick, still, probe, steps)
        return node.cpu().numpy(), None if known is None else known.cpu().numpy()


def on_device(layer: Layer, device: torch.device) -> Layer:
    """``layer``, or each of its groups, to be read on a torch device."""
    if not isinstance(layer, GroupedLayer):
        return DeviceLayer(layer, device)
    layer.groups = [DeviceLayer(group, device) for group in layer.groups]
    return layer
