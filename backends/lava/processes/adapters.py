"""Where spikes enter and leave: on a CPU they pass through; on a chip other models take these places."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class InputAdapter(AbstractProcess):
    """From the host to the chip, within the step.

    Parameters
    ----------
    shape : tuple of int
        Of the spikes.
    """

    def __init__(self, *, shape: tuple[int, ...]) -> None:
        super().__init__(shape=shape)
        self.inp = InPort(shape=shape)
        self.out = OutPort(shape=shape)


class OutputAdapter(AbstractProcess):
    """From the chip to the host, within the step; as ``InputAdapter``."""

    def __init__(self, *, shape: tuple[int, ...]) -> None:
        super().__init__(shape=shape)
        self.inp = InPort(shape=shape)
        self.out = OutPort(shape=shape)


class _PassThrough(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def run_spk(self) -> None:
        """Send what came in."""
        self.out.send(self.inp.recv())


@implements(proc=InputAdapter, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyInputAdapter(_PassThrough):
    """The CPU's way in."""


@implements(proc=OutputAdapter, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyOutputAdapter(_PassThrough):
    """The CPU's way out."""
