"""Recorder: the spikes and membranes of one population at every step, straight into files.

Fetching a variable costs Lava one message an element, so a long recording would take minutes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class Recorder(AbstractProcess):
    """Writes what one population does into two files of rows, one row a step.

    Parameters
    ----------
    shape : tuple of int
        Of the population.
    files : (str, str)
        Of spikes and of membranes: NumPy arrays (rows, *shape), int8 or int32, and int32, that exist already;
        the second is empty where membranes are not wanted.
    first : int
        Row of the first step that is recorded.
    depth : int
        Steps to let pass before it: how far the population lags behind the input.
    steps : int
        Rows to write.
    """

    def __init__(
        self, *, shape: tuple[int, ...], files: tuple[str, str], first: int, depth: int, steps: int
    ) -> None:
        super().__init__(shape=shape, files=files, first=first, depth=depth, steps=steps)
        self.s_in = InPort(shape=shape)
        self.v = RefPort(shape=shape)


@implements(proc=Recorder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRecorder(PyLoihiProcessModel):
    """Takes the spikes with the step and reads the membranes after it, when all have updated."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    v: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        spikes, membranes = proc_params["files"]
        self.spikes = np.load(spikes, mmap_mode="r+")
        self.membranes: Any = np.load(membranes, mmap_mode="r+") if membranes else None
        self.first, self.steps = proc_params["first"], proc_params["steps"]
        self.skipped = proc_params["depth"] + 1  # Lava counts steps from 1

    def run_spk(self) -> None:
        """Keep the spikes of this step."""
        spikes = self.s_in.recv()
        if self._counts:
            self.spikes[self._row] = spikes

    def post_guard(self) -> bool:
        """Tell whether the membranes of this step are wanted."""
        return self.membranes is not None and self._counts

    def run_post_mgmt(self) -> None:
        """Keep the membranes of this step, as the population's own reset left them."""
        self.membranes[self._row] = self.v.read()

    @property
    def _counts(self) -> bool:
        return bool(0 <= self.time_step - self.skipped < self.steps)

    @property
    def _row(self) -> int:
        return int(self.first + self.time_step - self.skipped)
