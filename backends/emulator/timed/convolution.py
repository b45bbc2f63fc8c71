"""Convolutions in a network with time: the filters on an array that is read once for every place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwnoise.backends.base import ONE_PASS, Probe
from hwnoise.backends.emulator.grouped_layer import GroupedLayer
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.timed.array_stage import ArrayStage
from hwnoise.backends.emulator.timed.stage import Floats, Mask, Moment, Outcome, State
from hwnoise.devices.clock import Clock
from hwnoise.errors import MismatchError
from hwnoise.kernels.patches import count_reads
from hwnoise.network import DenseLayer
from hwnoise.nodes import Conv1d, Conv2d, Shape
from hwnoise.patches import Patches
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

BLOCK = 1 << 18  # numbers in the patches taken at a time: 1 MB, which caches hold until they are read


class ConvolutionStage(ArrayStage):
    """The array of one convolution: its columns are filters, its rows what a patch holds (eq:patches).

    Groups have an array each, which are read together, each with the channels of its own.
    A step of the network takes one read for each place of the filter, so the array's own clock runs so
    many times faster than the network's, which ``paced`` made slow enough. Patches are taken a block at a
    time, at most ``BLOCK`` numbers or one row of places.

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
        self._times_read = patches.times_read()

    def run(self, x: Floats, state: State, moment: Moment) -> Outcome:
        """Convolve each step of ``x`` (rows, steps, n_in), one presentation after the other."""
        rows, steps, n_in = x.shape
        self.active += count_reads(x.reshape(-1, n_in), self._times_read)
        shape = rows, steps, self.layer.n_out * self.patches.count
        if steps * self.patches.count * self.patches.size > BLOCK:
            parts = [self._read_long(x[r], r * steps, moment) for r in range(rows)]
        else:
            parts = [
                self._read(x[block], block.start * steps, moment, probe)
                for block, probe in self._blocks(rows, steps, moment.probe)
            ]
        out = np.concatenate([node for node, _ in parts]).reshape(shape)
        known = [seen for _, seen in parts if seen is not None]
        return Outcome(out, known=np.concatenate(known).reshape(shape) if known else None)

    def _blocks(self, rows: int, steps: int, probe: Probe) -> Iterator[tuple[slice, Probe]]:
        """Presentations that are read together; equal samples lie alike in the blocks of each pass."""
        at_once = BLOCK // (steps * self.patches.count * self.patches.size)
        each, per_pass = at_once, rows // probe.passes
        if probe.order == "interleaved" and probe.passes > 1:
            together = at_once >= probe.passes
            each, per_pass = (at_once // probe.passes * probe.passes, rows) if together else (1, 1)
            probe = probe if together else ONE_PASS
        else:
            probe = ONE_PASS
        for first in range(0, rows, per_pass):
            for start in range(first, first + per_pass, each):
                yield slice(start, min(start + each, first + per_pass)), probe

    def _read(self, x: Floats, step: int, moment: Moment, probe: Probe) -> tuple[Floats, Floats | None]:
        """Read the array at every place of ``x`` (rows, steps, n_in), whose first step is ``step``: maps."""
        rows, steps, n_in = x.shape
        taken, count = self.patches.taken(x.reshape(-1, n_in)), self.patches.count
        still = _still(moment, slice(step, step + rows * steps), count)
        return self._maps(*self._forward(taken, (moment.tick + step) * count, still, probe, steps * count))

    def _read_long(self, x: Floats, step: int, moment: Moment) -> tuple[Floats, Floats | None]:
        """The same for one presentation whose patches are too many: some rows of places at a time."""
        high, wide = self.patches.places
        each = max(1, BLOCK // (wide * self.patches.size))
        nodes, seen = [], []
        for s in range(len(x)):
            for first in range(0, high, each):
                places = slice(first, min(first + each, high))
                taken = self.patches.taken(x[s : s + 1], places)
                still = _still(moment, slice(step + s, step + s + 1), len(taken))
                tick = (moment.tick + step + s) * self.patches.count + first * wide
                node, known = self._forward(taken, tick, still, ONE_PASS, len(taken))
                nodes.append(node)
                seen += [] if known is None else [known]
        return self._maps(np.concatenate(nodes), np.concatenate(seen) if seen else None)

    def _forward(
        self, taken: Floats, tick: int, still: Mask | None, probe: Probe, reads: int
    ) -> tuple[Floats, Floats | None]:
        """Read the array once for each patch, ``reads`` times in a presentation."""
        return self.layer.forward(taken, tick, still, probe, reads)

    def _maps(self, node: Floats, known: Floats | None) -> tuple[Floats, Floats | None]:
        first = self.patches.channels_first
        return first(node), None if known is None else first(known)


def _still(moment: Moment, steps: slice, places: int) -> Mask | None:
    """Which reads are quiet, of ``places`` at each of ``steps``."""
    return None if moment.quiet is None else np.repeat(moment.quiet.ravel()[steps], places)


def convolution_on(
    name: str,
    node: Conv1d | Conv2d,
    shape: Shape,
    substrate: Substrate,
    stream: Stream,
    headroom: float,
) -> ConvolutionStage:
    """Put ``node``, which is fed inputs of ``shape``, on a fresh array, or on one for each group.

    Raises
    ------
    MismatchError
        For chips with two arrays a layer.
    """
    if substrate.arrays > 1:
        raise MismatchError(f"node {name!r}: with {substrate.arrays} arrays a layer there is no convolution")
    patches = Patches.of(node, shape)
    clock = Clock(read_period=substrate.clock.read_period / patches.count)
    fast = substrate.model_copy(update={"clock": clock})
    dense = DenseLayer(name, node.weight.reshape(len(node.weight), -1), node.bias, "identity")
    if node.groups == 1:
        layer = Layer(fast, dense, stream, headroom)
    else:
        layer = GroupedLayer(fast, dense, stream, headroom, node.groups)
    layer.rate = patches.count
    return ConvolutionStage(layer, patches)
