"""Convolutions in a network with time: the filters on an array that is read once for every place."""

from __future__ import annotations

import numpy as np

from hwnoise.backends.base import ONE_PASS
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.timed.array_stage import ArrayStage
from hwnoise.backends.emulator.timed.patches import Patches
from hwnoise.backends.emulator.timed.stage import Floats, Mask, Moment, Outcome, State
from hwnoise.devices.clock import Clock
from hwnoise.errors import MismatchError
from hwnoise.kernels.event_product import count_active
from hwnoise.network import DenseLayer
from hwnoise.nodes import Conv1d, Conv2d, Shape
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate


class ConvolutionStage(ArrayStage):
    """The array of one convolution: its columns are filters, its rows what a patch holds (eq:patches).

    A step of the network takes one read for each place of the filter, so the array's own clock runs so
    many times faster.

    Attributes
    ----------
    layer : Layer
    active : int
        As in ``ArrayStage``; inputs count at each place where they are read.
    patches : Patches
    """

    def __init__(self, layer: Layer, patches: Patches) -> None:
        super().__init__(layer)
        self.patches = patches

    def run(self, x: Floats, state: State, moment: Moment) -> Outcome:
        """Convolve each step of ``x`` (rows, steps, n_in), one presentation after the other."""
        rows, steps, _ = x.shape
        size = self.layer.n_out * self.patches.count
        out, known = np.empty((rows, steps, size), np.float32), None
        for r in range(rows):
            quiet = None if moment.quiet is None else moment.quiet[r]
            node, seen = self._read(x[r], moment.tick + r * steps, quiet)
            out[r] = self.patches.channels_first(node)
            if seen is not None:
                known = np.empty_like(out) if known is None else known
                known[r] = self.patches.channels_first(seen)
        return Outcome(out, known=known)

    def _read(self, x: Floats, tick: int, quiet: Mask | None) -> tuple[Floats, Floats | None]:
        """Read the array at every place, for the steps (steps, n_in) of one presentation."""
        taken = self.patches.taken(x)
        self.active += count_active(taken)
        still = None if quiet is None else np.repeat(quiet, self.patches.count)
        return self.layer.forward(taken, tick * self.layer.rate, still, ONE_PASS)


def convolution_on(
    name: str,
    node: Conv1d | Conv2d,
    shape: Shape,
    substrate: Substrate,
    stream: Stream,
    headroom: float,
) -> ConvolutionStage:
    """Put ``node``, which is fed inputs of ``shape``, on a fresh array.

    Raises
    ------
    MismatchError
        For groups, and for chips with two arrays a layer.
    """
    if substrate.arrays > 1:
        raise MismatchError(f"node {name!r}: with {substrate.arrays} arrays a layer there is no convolution")
    patches = Patches.of(name, node, shape)
    fast = Clock(read_period=substrate.clock.read_period / patches.count)
    dense = DenseLayer(name, node.weight.reshape(len(node.weight), -1), node.bias, "identity")
    layer = Layer(substrate.model_copy(update={"clock": fast}), dense, stream, headroom)
    layer.rate = patches.count
    return ConvolutionStage(layer, patches)
