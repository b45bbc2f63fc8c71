"""Diary: what the synapses of one layer noted during a run, and what they answer to the host.

This is all that a Learner does; nothing here knows Lava. Arithmetic on traces is the emulator's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnoise.backends.base import LocalRule, Probe
from hwnoise.backends.emulator.integer.traces import StepTraces, post_variable, pre_trace
from hwnoise.backends.emulator.rows import by_pass
from hwnoise.backends.lava.session.board import Array, Board, Layout
from hwnoise.backends.lava.session.score import CREDIT, READ, WRITE, Score


@dataclass(frozen=True)
class Synapses:
    """One layer of synapses, as its Learner has to know it.

    Attributes
    ----------
    name, source, target : str
        Of the layer, of what feeds it (a population or ``"input"``) and of the population it feeds.
    n_in, n_out : int
    depth : int
        Steps by which the population lags behind the input.
    keep : float
        Share of the population's membranes left after a step.
    scale, offset : float
        A membrane v is ``scale * v + offset`` in units of the float network.
    integrates : bool
        Whether the population never spikes.
    first : bool
        Whether it is the first layer that feeds the population, and so sets its biases.
    """

    name: str
    source: str
    target: str
    n_in: int
    n_out: int
    depth: int
    keep: float
    scale: float
    offset: float
    integrates: bool
    first: bool

    def layout(self, steps: int) -> Layout:
        """Return the arrays on the board for runs of up to ``steps`` steps, rows counted."""
        matrix, bias = (self.n_out, self.n_in), (self.n_out,)
        return {
            f"{self.name}/spikes": ((steps, self.n_out), "int8"),
            f"{self.name}/membranes": ((steps, self.n_out), "int32"),
            f"{self.name}/weight": (matrix, "int32"),
            f"{self.name}/bias": (bias, "int32"),
            f"{self.name}/power": ((steps,), "float32"),
            f"{self.name}/credit": ((steps,), "float32"),
            f"{self.name}/weight_sum": (matrix, "float32"),
            f"{self.name}/bias_sum": (bias, "float32"),
        }


class Diary:
    """Notes of the layer ``synapses``, number ``index``, on ``board``."""

    def __init__(self, synapses: Synapses, index: int, board: Board) -> None:
        self.synapses, self.index, self.score = synapses, index, Score(board)
        self._board = {key: board[f"{synapses.name}/{key}"] for key in _own(synapses)}
        self._pre = np.zeros((len(self._board["spikes"]), synapses.n_in), np.int32)

    def note(self, place: tuple[int, int], arriving: Array, spikes: Array, membranes: Array) -> None:
        """Take down one step; after the last one, sum up what the host will ask for."""
        at = place[0] * self.score.steps + place[1]
        self._pre[at] = arriving
        self._board["spikes"][at], self._board["membranes"][at] = spikes, membranes
        probe = self.score.probe
        if probe.local is not None and self.score.ends(place):
            power = self.traces(probe, probe.local).power
            self._board["power"][: power.size] = power.ravel()

    def obey(self, orders: int, weights: Any, bias: Any) -> None:
        """Carry out ``orders`` through the reference ports of the weights and of the neurons' biases."""
        if orders & WRITE:
            weights.write(np.asarray(self._board["weight"]))
            weights.wait()
            bias.write(np.asarray(self._board["bias"]))
            bias.wait()
        if orders & READ:
            self._board["weight"][:] = weights.read()
        probe = self.score.probe
        if orders & CREDIT and self.score.layer == self.index and probe.local is not None:
            traces = self.traces(probe, probe.local)
            credit = self._board["credit"][: traces.power.size].reshape(traces.power.shape)
            self._board["weight_sum"][:] = traces.correlate(credit)
            self._board["bias_sum"][:] = traces.correlate_bias(credit)

    def traces(self, probe: Probe, rule: LocalRule) -> StepTraces:
        """What the synapses summed up in the last run, as the emulator's synapses have it."""
        keep, steps = self.synapses.keep, self.score.steps
        spikes, membranes = (self._rows(self._board[key]) for key in ("spikes", "membranes"))
        floats = np.asarray(membranes * self.synapses.scale + self.synapses.offset, np.float32)
        floats = by_pass(floats, probe) - np.float32(self.synapses.offset)
        post = post_variable(by_pass(spikes, probe), floats, rule, keep, self.synapses.integrates)
        pre = by_pass(pre_trace(self._rows(self._pre), rule, keep), probe)
        ones = pre_trace(np.ones((1, steps, 1), np.int8), rule, keep)
        return StepTraces(pre[0::2] if rule.post.endswith("_difference") else pre, post, ones[0, :, 0])

    def _rows(self, notes: Array) -> Array:
        rows, steps = self.score.rows_noted, self.score.steps
        return np.asarray(notes[: rows * steps]).reshape(rows, steps, -1)


def _own(synapses: Synapses) -> list[str]:
    return [name.rpartition("/")[2] for name in synapses.layout(1)]
