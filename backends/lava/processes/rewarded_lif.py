"""RewardedLIF: noisy neurons in front of Lava's learning engine, with a third factor from the host."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from hwnoise.backends.lava.processes.noisy_lif import NoisyLIF, NoisyModel


class RewardedLIF(NoisyLIF):
    """As NoisyLIF, with the ports from which a LearningDense takes its post-synaptic part.

    Parameters
    ----------
    factors : (3,) int32, shared with the host
        What y1, y2 and y3 are in the step of an order for them, 0 to 127; at all other steps they are 0.
    **settings
        As for NoisyLIF.
    """

    def __init__(self, *, shape: tuple[int, ...], **settings: Any) -> None:
        super().__init__(shape=shape, **settings)
        self.s_out_bap = OutPort(shape=shape)
        self.s_out_y1 = OutPort(shape=shape)
        self.s_out_y2 = OutPort(shape=shape)
        self.s_out_y3 = OutPort(shape=shape)


@implements(proc=RewardedLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRewardedLIF(NoisyModel):
    """Sends its spikes back to its synapses, and the third factor to all of them alike."""

    s_out_bap: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool)
    s_out_y1: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    s_out_y2: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    s_out_y3: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.factors = proc_params["factors"]

    def run_spk(self) -> None:
        """Play the step, then tell the synapses."""
        super().run_spk()
        self.s_out_bap.send(self.spikes != 0)
        told = self.factors if self.score.tells(self.time_step) else np.zeros(3, np.int32)
        for port, factor in zip((self.s_out_y1, self.s_out_y2, self.s_out_y3), told, strict=True):
            port.send(np.full(len(self.spikes), factor, np.int32))
