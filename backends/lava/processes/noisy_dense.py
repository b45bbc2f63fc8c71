"""NoisyDense: an array of analog devices that is read with fresh noise at every step."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from hwnoise.kernels.read_noise import read_vector


class NoisyDense(AbstractProcess):
    """As Lava's Dense in floating point, with read noise on every device (eq:read-noise-output).

    The noise of a step is a function of (key, tick, output), and step t of the graph, counted from 1,
    is tick ``first + t - 1``: the bits of the emulator's array of the same key.

    Parameters
    ----------
    weights : (n_out, n_in) float
    sigma : (n_out, n_in) float
        Standard deviation of each device in one read, >= 0, in units of the weights.
    key : int
        Of the array's noise.
    first : int
        Tick of the first step.
    name : str, optional
    """

    def __init__(self, *, weights: Any, sigma: Any, key: int, first: int = 0, name: str = "") -> None:
        super().__init__(key=key, first=first, name=name)
        n_out, n_in = np.shape(weights)
        self.s_in = InPort(shape=(n_in,))
        self.a_out = OutPort(shape=(n_out,))
        self.weights = Var(shape=(n_out, n_in), init=weights)
        self.sigma = Var(shape=(n_out, n_in), init=np.broadcast_to(sigma, (n_out, n_in)))
        self.a_buff = Var(shape=(n_out,), init=0)


@implements(proc=NoisyDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyNoisyDense(PyLoihiProcessModel):
    """Sends the sums of the step before, as every Dense of Lava does, and reads the array."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    weights: np.ndarray = LavaPyType(np.ndarray, float)
    sigma: np.ndarray = LavaPyType(np.ndarray, float)
    a_buff: np.ndarray = LavaPyType(np.ndarray, float)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.key, self.first = np.uint64(proc_params["key"]), np.uint64(proc_params["first"])

    def run_spk(self) -> None:
        """Send, then read once."""
        self.a_out.send(self.a_buff)
        spikes = np.asarray(self.s_in.recv(), np.float32)[np.newaxis]
        weight = np.ascontiguousarray(self.weights.T, np.float32)
        variance = np.ascontiguousarray(self.sigma.T, np.float32) ** 2
        sums = np.empty((1, len(self.a_buff)), np.float32)
        read_vector(spikes, weight, variance, self.key, self.first + np.uint64(self.time_step - 1), sums)
        self.a_buff = sums[0].astype(float)
