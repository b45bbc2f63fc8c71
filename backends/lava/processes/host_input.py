"""HostInput: spikes from the host, row by row, as the score says."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class HostInput(AbstractProcess):
    """Sends a sample's spikes at the steps of its row, and none at all others.

    Parameters
    ----------
    shape : tuple of int
        Of one step.
    samples : (room, *shape) int32, shared with the host
        Steps of all samples, one sample after the other.
    score : Score
    """

    def __init__(self, *, shape: tuple[int, ...], samples: Any, score: Any) -> None:
        super().__init__(shape=shape, samples=samples, score=score)
        self.s_out = OutPort(shape=shape)


@implements(proc=HostInput, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyHostInput(PyLoihiProcessModel):
    """Reads what the host wrote before the run began."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.samples, self.score = proc_params["samples"], proc_params["score"]
        self.silence = np.zeros(proc_params["shape"], np.int32)

    def run_spk(self) -> None:
        """Send the spikes of this step."""
        place = self.score.place(self.time_step, 0)
        if place is None:
            self.s_out.send(self.silence)
            return
        row, step = place
        self.s_out.send(np.asarray(self.samples[self.score.which[row] * self.score.steps + step]))
