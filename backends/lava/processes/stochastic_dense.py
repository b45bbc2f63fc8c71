"""StochasticDense: synapses that release with a probability."""

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

from hwnoise.kernels.stochastic_synapse import fill_last, release


class StochasticDense(AbstractProcess):
    """As Lava's Dense, but each synapse transmits a spike only with its probability (eq:release-read).

    Which release is a function of (key, tick, synapse), and step t of the graph, counted from 1, is
    tick ``first + t - 1``: the releases of the emulator's array of the same key.

    Parameters
    ----------
    weights : (n_out, n_in) float, or whole numbers under the tag ``fixed_pt``
        Transmitted by a spike that is released; sums of whole numbers must stay below 2**24.
    probability : (n_out, n_in) float
        In [2**-32, 1].
    key : int
        Of the releases.
    first : int
        Tick of the first step.
    name : str, optional
    """

    def __init__(self, *, weights: Any, probability: Any, key: int, first: int = 0, name: str = "") -> None:
        super().__init__(key=key, first=first, name=name)
        n_out, n_in = np.shape(weights)
        self.s_in = InPort(shape=(n_in,))
        self.a_out = OutPort(shape=(n_out,))
        self.weights = Var(shape=(n_out, n_in), init=weights)
        self.probability = Var(shape=(n_out, n_in), init=np.broadcast_to(probability, (n_out, n_in)))
        self.a_buff = Var(shape=(n_out,), init=0)


class _Model(PyLoihiProcessModel):
    """Sends the sums of the step before, as every Dense of Lava does, and lets the synapses release."""

    s_in: PyInPort
    a_out: PyOutPort
    weights: np.ndarray
    a_buff: np.ndarray
    probability: np.ndarray = LavaPyType(np.ndarray, float)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.keys, self.first = np.array([proc_params["key"]], np.uint64), np.uint64(proc_params["first"])

    def run_spk(self) -> None:
        """Send, then release."""
        self.a_out.send(self.a_buff)
        spikes = np.asarray(self.s_in.recv(), np.float32)[np.newaxis]
        amplitude = np.ascontiguousarray(self.weights.T, np.float32)
        last, sums = np.empty(amplitude.shape, np.uint32), np.empty((1, len(self.a_buff)), np.float32)
        fill_last(np.ascontiguousarray(self.probability.T), last)
        release(spikes, amplitude, last, self.keys, self.first + np.uint64(self.time_step - 1), sums)
        self.a_buff = sums[0].astype(self.a_buff.dtype)


@implements(proc=StochasticDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyStochasticDenseFloat(_Model):
    """With numbers of any kind."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    weights: np.ndarray = LavaPyType(np.ndarray, float)
    a_buff: np.ndarray = LavaPyType(np.ndarray, float)


@implements(proc=StochasticDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyStochasticDenseFixed(_Model):
    """With whole numbers, whose sums are exact."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    weights: np.ndarray = LavaPyType(np.ndarray, np.int32)
    a_buff: np.ndarray = LavaPyType(np.ndarray, np.int32)
