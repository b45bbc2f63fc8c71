"""ReleasingDense: Loihi's synapses that release at random, by the kernel of the emulator."""

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

from hwnoise.kernels.loihi_release import add_released


class ReleasingDense(AbstractProcess):
    """As Lava's Dense, but each synapse transmits a spike by a draw of its own (eq:loihi-release).

    Which release is a function of (key, tick, synapse), where the score says which tick the step is in
    which they arrive: the same as in the emulator.

    Parameters
    ----------
    name : str
    weights : (n_out, n_in) int32
    depth : int
        Steps by which the neurons behind the synapses lag behind the input.
    exponents : (int, int)
        Powers of two on a sum: of certain synapses, and of those that release.
    last : int
        Last random word that means release.
    keys : sequence of int
        One stream per event of a spike.
    graded : bool
        Whether spikes carry payloads.
    score : Score
    """

    def __init__(self, *, name: str, weights: Any, **settings: Any) -> None:
        super().__init__(name=name, **settings)
        n_out, n_in = np.shape(weights)
        self.s_in = InPort(shape=(n_in,))
        self.a_out = OutPort(shape=(n_out,))
        self.weights = Var(shape=(n_out, n_in), init=weights)
        self.a_buff = Var(shape=(n_out,), init=0)


@implements(proc=ReleasingDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyReleasingDense(PyLoihiProcessModel):
    """Sends the sums of the step before, as every Dense of Lava does, and lets the synapses release."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    weights: np.ndarray = LavaPyType(np.ndarray, np.int32)
    a_buff: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.score, self.depth = proc_params["score"], proc_params["depth"]
        self.exponents, self.graded = tuple(proc_params["exponents"]), bool(proc_params["graded"])
        self.last, self.keys = np.uint32(proc_params["last"]), np.array(proc_params["keys"], np.uint64)

    def run_spk(self) -> None:
        """Send, then release what the neurons will play in the next step."""
        self.a_out.send(self.a_buff)
        spikes = np.asarray(self.s_in.recv(), np.int32)
        self.a_buff = np.zeros_like(self.a_buff)
        place = self.score.place(self.time_step + 1, self.depth)
        if place is not None and spikes.any():
            self._release(spikes, *place)

    def _release(self, spikes: Any, row: int, step: int) -> None:
        tick = self.score.ticks[row : row + 1] + np.uint64(step)
        at = row * self.score.steps + step
        quiet = self.score.quiet[at : at + 1, np.newaxis]
        columns = np.ascontiguousarray(self.weights.T, np.int16)
        add_released(
            spikes[np.newaxis, np.newaxis], columns, self.exponents, self.last, self.keys, tick, quiet,
            self.graded, self.a_buff[np.newaxis, np.newaxis],
        )  # fmt: skip
