"""A dense layer in a network with time: every step of every row is a read of its array."""

from __future__ import annotations

import numpy as np

from hwnoise.backends.emulator.active import Active
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.timed.stage import Floats, Memoryless, Moment, Outcome, State


class ArrayStage(Memoryless):
    """The array of one dense node.

    Attributes
    ----------
    layer : Layer
    active : int
        Inputs other than 0 that it was given so far.
    """

    def __init__(self, layer: Layer) -> None:
        self.layer, self.active = layer, 0

    def run(self, x: Floats, state: State, moment: Moment) -> Outcome:
        """Read the array once for each step of ``x`` (rows, steps, n_in)."""
        rows, steps, n_in = x.shape
        flat = np.ascontiguousarray(x.reshape(rows * steps, n_in))
        active, count = Active.sparse(flat, moment.listed)
        self.active += count
        quiet = None if moment.quiet is None else moment.quiet.ravel()
        node, known = self.layer.forward(flat, moment.tick, quiet, moment.probe, steps, active)
        shape = (rows, steps, self.layer.n_out)
        return Outcome(node.reshape(shape), known=None if known is None else known.reshape(shape))
