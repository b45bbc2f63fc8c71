"""NoisyLIF: Loihi's neurons with noise, by the kernels of the emulator."""

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

from hwnoise.kernels.loihi_lif import step_lif
from hwnoise.kernels.loihi_noise import fill_loihi_noise


class NoisyLIF(AbstractProcess):
    """As Lava's LIF, with noise on every membrane or current (eq:loihi-membrane, eq:loihi-noise).

    The noise of a neuron in a step is a function of (key, tick, neuron), where the score says which
    tick a step is: the same as in the emulator. Outside its rows a population rests and keeps its state.

    Parameters
    ----------
    name : str
    shape : (int,)
        Of the population.
    depth : int
        Steps by which it lags behind the input.
    rule : (5,) int32
        As ``hwnoise.kernels.loihi_lif.step_lif`` takes it: decays, thresholds, refractory steps.
    bias_mant, bias_exp : (n,) int32, int
    key : int
        Of the noise.
    noise : (int, int) or ()
        Mantissa and exponent; empty for a population without.
    on_membrane : bool
        Whether the noise enters the membrane; else the current.
    states : (3, n) int32, shared with the host
        u, v and steps to wait: taken at the start of a run, left there at its end.
    losses : (2,) int64, shared with the host
        How often a number left its bits so far, and where in this run first: step of all rows times
        n plus neuron, or -1.
    score : Score
    """

    def __init__(self, *, name: str, shape: tuple[int, ...], bias_mant: Any, **settings: Any) -> None:
        super().__init__(name=name, shape=shape, **settings)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.v_out = OutPort(shape=shape)
        self.bias_mant = Var(shape=shape, init=bias_mant)
        self.u = Var(shape=shape, init=0)
        self.v = Var(shape=shape, init=0)
        self.wait = Var(shape=shape, init=0)


class NoisyModel(PyLoihiProcessModel):
    """Sends the spikes of a step, and the membranes as they were compared with the threshold."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    v_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    bias_mant: np.ndarray = LavaPyType(np.ndarray, np.int32)
    u: np.ndarray = LavaPyType(np.ndarray, np.int32)
    v: np.ndarray = LavaPyType(np.ndarray, np.int32)
    wait: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        n = int(np.prod(proc_params["shape"]))
        self.score, self.depth = proc_params["score"], proc_params["depth"]
        self.states, self.losses = proc_params["states"], proc_params["losses"]
        self.rule = np.asarray(proc_params["rule"], np.int32)
        self.key, self.noise = np.uint64(proc_params["key"]), proc_params["noise"]
        self.spikes, self.lost = np.zeros(n, np.int8), np.zeros(n, np.int8)
        self.membrane, self.still = np.zeros(n, np.int32), np.zeros(n, np.int32)
        self.drawn = np.zeros((1, n), np.int32)

    def run_spk(self) -> None:
        """Play the step that the score says, or rest."""
        current = np.asarray(self.a_in.recv(), np.int32)
        place = self.score.place(self.time_step, self.depth)
        if place is None:
            self.spikes[:], self.membrane[:] = 0, 0
        else:
            self._take_states(place)
            self._move(current, place)
            if self.score.ends(place):
                self.states[:] = self.u, self.v, self.wait
        self.s_out.send(self.spikes.astype(np.int32))
        self.v_out.send(self.membrane)

    def _take_states(self, place: tuple[int, int]) -> None:
        """At the start of a run what the host put down, at the start of a fresh row nothing."""
        if place == (0, 0):
            self.u[:], self.v[:], self.wait[:] = self.states
            self.losses[1] = -1
        if self.score.begins(place):
            self.u[:], self.v[:], self.wait[:] = 0, 0, 0

    def _move(self, current: Any, place: tuple[int, int]) -> None:
        noise = self._draw(*place)
        bias = self.bias_mant << self.proc_params["bias_exp"]
        on_membrane = self.proc_params["on_membrane"]
        push_u, push_v = (self.still, bias + noise) if on_membrane else (noise, bias)
        found = step_lif(
            current, push_u, push_v, self.rule, self.u, self.v, self.wait,
            self.lost, self.spikes, self.membrane,
        )  # fmt: skip
        if found and self.losses[1] < 0:
            step = place[0] * self.score.steps + place[1]
            self.losses[1] = step * len(self.lost) + int(np.argmax(self.lost))
        self.losses[0] += found

    def _draw(self, row: int, step: int) -> Any:
        if not self.noise or self.score.quiet[row * self.score.steps + step]:
            return self.still
        mantissa, exponent = self.noise
        fill_loihi_noise(self.key, self.score.ticks[row] + np.uint64(step), mantissa, exponent, self.drawn)
        return self.drawn[0]


@implements(proc=NoisyLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyNoisyLIF(NoisyModel):
    """As it stands; Lava lets no process be derived from a model that implements another."""
