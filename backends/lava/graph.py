"""Graph: a plan as living Lava processes, for one run. Imported in the child only."""

from __future__ import annotations

from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from hwnoise.backends.lava import layout
from hwnoise.backends.lava.plan import MODULES, Array, Plan, Population, Process
from hwnoise.backends.lava.shim import import_lava

Files = tuple[Path, Path]
_SYNAPSES = ("Dense", "DelayDense", "Sparse", "Conv")


class Graph:
    """One run of a plan: build, run, stop. It cannot be run again; build another one.

    Parameters
    ----------
    plan : Plan
    x : (steps, *input shape) int32
        Input of all samples, one after the other.
    """

    def __init__(self, plan: Plan, x: Array) -> None:
        import_lava()
        self.plan = plan
        self.steps = len(x)
        self._sent = self._send(x)
        self.processes = {process.name: make_process(process) for process in plan.processes}
        self._done = False
        for wire in plan.wires:
            self._connect(*wire)

    def record(self, population: Population, files: Files, first: int, membranes: bool = True) -> None:
        """Let a population's spikes and membranes be written into ``files`` from row ``first`` on.

        ``membranes`` is False on a chip, whose membranes cannot be read at every step.
        """
        from hwnoise.backends.lava.processes.adapters import OutputAdapter
        from hwnoise.backends.lava.processes.recorder import Recorder

        neurons = self.processes[population.name]
        shape, spikes = neurons.s_out.shape, neurons.s_out
        if population.name == self.plan.output:
            adapter = OutputAdapter(shape=shape)
            spikes.connect(adapter.inp)
            spikes = adapter.out
        names = (str(files[0]), str(files[1]) if membranes else "")
        recorder = Recorder(shape=shape, files=names, first=first, depth=population.depth, steps=self.steps)
        spikes.connect(recorder.s_in)
        if membranes:
            recorder.v.connect_var(neurons.v)

    def run(self, config: Any) -> None:
        """Run all steps under the run configuration ``config``, and stop.

        Raises
        ------
        RuntimeError
            If it ran before: Lava would bring the interpreter down.
        """
        if self._done:
            raise RuntimeError("a Lava graph runs once: build another one")
        self._done = True
        from lava.magma.core.run_conditions import RunSteps

        some = next(iter(self.processes.values()))
        at = 0
        try:
            for depth, late in groupby(sorted(self._late, key=_depth), key=_depth):
                some.run(RunSteps(depth - at), config)
                at = depth
                for population in late:
                    self.processes[population.name].bias_mant.set(population.late_bias)
            some.run(RunSteps(self.steps + self.plan.depth - at), config)
        finally:
            some.stop()

    def _send(self, x: Array) -> Any:
        """Return the port that sends ``x`` step by step, then nothing until the last neurons have seen it."""
        from lava.proc.io.source import RingBuffer

        from hwnoise.backends.lava.processes.adapters import InputAdapter

        silence = np.zeros((self.plan.depth, *self.plan.input_shape), np.int32)
        source = RingBuffer(data=layout.lava_steps(np.concatenate([x, silence])))
        adapter = InputAdapter(shape=layout.lava_shape(self.plan.input_shape))
        source.s_out.connect(adapter.inp)
        return adapter.out

    @property
    def _late(self) -> list[Population]:
        return [population for population in self.plan.populations if population.late_bias is not None]

    def _connect(self, source: str, target: str) -> None:
        port = self._sent if source == "input" else self._port(source, "a_out", "s_out")
        into = self._port(target, "s_in", "a_in")
        (port if port.shape == into.shape else port.reshape(into.shape)).connect(into)

    def _port(self, name: str, of_synapses: str, of_neurons: str) -> Any:
        process = self.processes[name]
        return getattr(process, of_synapses if type(process).__name__ in _SYNAPSES else of_neurons)


def _depth(population: Population) -> int:
    return population.depth


def make_process(process: Process) -> Any:
    """Return a stock process of Lava."""
    from lava.utils.weightutils import SignMode

    settings = dict(process.settings)
    if "sign_mode" in settings:
        settings["sign_mode"] = SignMode[settings["sign_mode"]]
    if "learning_rule" in settings:
        from lava.magma.core.learning.learning_rule import Loihi3FLearningRule

        settings["learning_rule"] = Loihi3FLearningRule(**settings["learning_rule"])
    if not process.is_graded:  # the one class that takes no name
        settings["name"] = process.name
    return getattr(import_module(MODULES[process.kind]), process.kind)(**settings)
