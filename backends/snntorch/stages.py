"""Nodes of a network with time that torch computes, as stages of the emulator's program."""

from __future__ import annotations

import numpy as np
import torch

from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.timed.array_stage import ArrayStage
from hwnoise.backends.emulator.timed.population import Population
from hwnoise.backends.emulator.timed.stage import Floats, Moment, Outcome, State
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


class TorchArrayStage(ArrayStage):
    """The array of one dense node, read on a torch device."""

    def __init__(self, layer: Layer, device: torch.device) -> None:
        super().__init__(layer)
        self.device, self._reader = device, DeviceReader(layer)

    def run(self, x: Floats, state: State, moment: Moment) -> Outcome:
        """Read the array once for each step of ``x`` (rows, steps, n_in)."""
        rows, steps, n_in = x.shape
        self.active += int(np.count_nonzero(x))
        flat = torch.as_tensor(np.ascontiguousarray(x), device=self.device).reshape(rows * steps, n_in)
        quiet = None if moment.quiet is None else torch.as_tensor(moment.quiet.ravel(), device=self.device)
        with torch.no_grad():
            node, known = self._reader.read(flat, moment.tick, quiet, moment.probe, steps)
        found = (None if a is None else a.cpu().numpy().reshape(rows, steps, -1) for a in (node, known))
        out, noise = found
        assert out is not None
        return Outcome(out, known=noise)
