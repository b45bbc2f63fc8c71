"""Learner: what one set of synapses knows and does of itself, beside the process that holds its weights."""

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


class Learner(AbstractProcess):
    """Sees what a Dense is sent and what its neurons make of it, and reads and writes its weights.

    Parameters
    ----------
    name : str
    n_in, n_out : int
    depth : int
        Steps by which the neurons lag behind the input.
    score : Score
    diary : Diary
        What is done with all that is seen.
    """

    def __init__(self, *, name: str, n_in: int, n_out: int, depth: int, score: Any, diary: Any) -> None:
        super().__init__(name=name, n_in=n_in, depth=depth, score=score, diary=diary)
        self.s_in = InPort(shape=(n_in,))
        self.z_in = InPort(shape=(n_out,))
        self.v_in = InPort(shape=(n_out,))
        self.weights = RefPort(shape=(n_out, n_in))
        self.bias = RefPort(shape=(n_out,))


@implements(proc=Learner, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyLearner(PyLoihiProcessModel):
    """Notes every step; obeys orders in the management phase of their step, when nobody computes."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    z_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    v_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    weights: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    bias: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.score, self.depth, self.diary = (proc_params[key] for key in ("score", "depth", "diary"))
        self.under_way = np.zeros(proc_params["n_in"], np.int32)

    def run_spk(self) -> None:
        """Note what arrived, sent one step ago, and what the neurons did."""
        arriving, self.under_way = self.under_way, np.array(self.s_in.recv())
        spikes, membranes = self.z_in.recv(), self.v_in.recv()
        place = self.score.place(self.time_step, self.depth)
        if place is not None:
            self.diary.note(place, arriving, spikes, membranes)

    def post_guard(self) -> bool:
        """Tell whether there are orders."""
        return bool(self.score.orders(self.time_step))

    def run_post_mgmt(self) -> None:
        """Write, read and answer as ordered."""
        self.diary.obey(self.score.orders(self.time_step), self.weights, self.bias)
