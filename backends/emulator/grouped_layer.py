"""A layer in groups: each has arrays of its own for its share of the inputs and of the outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Probe
from hwnoise.backends.emulator.active import Active
from hwnoise.backends.emulator.chip import below
from hwnoise.backends.emulator.layer import Floats, Layer, Mask
from hwnoise.network import DenseLayer
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate


class GroupedLayer(Layer):
    """The groups of a convolution: layers side by side that are read, and read back, at the same ticks.

    Devices, converters and noise are those of each group, from streams of its own. To learners it is one
    layer, whose weight (n_out, n_in) has the lines of one group.

    Attributes
    ----------
    groups : list of Layer
        First inputs, and first outputs, first; all of one size.
    n_in : int
        Input lines of one group.
    n_out : int
        Outputs of all groups.
    """

    def __init__(
        self, substrate: Substrate, dense: DenseLayer, stream: Stream, headroom: float, count: int
    ) -> None:
        shares = zip(np.split(dense.weight, count), np.split(dense.bias, count), strict=True)
        self.groups = [
            Layer(substrate, replace(dense, weight=weight, bias=bias), stream.child(str(number)), headroom)
            for number, (weight, bias) in enumerate(shares)
        ]
        self.name, self.substrate, self.activation = dense.name, substrate, dense.activation
        self.n_in, self.n_out = self.groups[0].n_in, len(dense.weight)
        self.tiling = replace(self.groups[0].tiling, groups=count)
        self.placements = [placement for group in self.groups for placement in group.placements]
        self.chosen, self.rate = 0, 1
        self._gather_bias()

    @property
    def parts(self) -> list[Layer]:
        """The groups."""
        return self.groups

    def forward(
        self,
        x: Floats,
        tick: int,
        quiet: Mask | None = None,
        probe: Probe = ONE_PASS,
        steps: int = 1,
        active: Active | None = None,
    ) -> tuple[Floats, Floats | None]:
        """Read all groups once per row of ``x`` (rows, groups * n_in), at consecutive ticks from ``tick``.

        See ``Layer.forward``. Inputs are taken from ``x`` alone: lists of them are not of one group.
        """
        seen = np.split(x, len(self.groups), axis=1)
        read = [
            group.forward(np.ascontiguousarray(share), tick, quiet, probe, steps)
            for group, share in zip(self.groups, seen, strict=True)
        ]
        node, known = [node for node, _ in read], [part for _, part in read if part is not None]
        return np.concatenate(node, axis=1), np.concatenate(known, axis=1) if known else None

    def read_weights(self, tick: int) -> Floats:
        """Read every weight once, all groups at a time, which takes ``n_in`` ticks: (n_out, n_in)."""
        return np.concatenate([group.read_weights(tick) for group in self.groups])

    def true_weights(self, tick: int) -> Floats:
        """The weights (n_out, n_in) as they are at ``tick``, without the noise of a read."""
        return np.concatenate([group.true_weights(tick) for group in self.groups])

    def write(self, weight: Floats | None, bias: Floats | None, tick: int) -> int:
        """Add to weight (n_out, n_in) and bias; returns how many weights were programmed."""
        programmed = 0
        for number, group in enumerate(self.groups):
            own = slice(number * group.n_out, (number + 1) * group.n_out)
            share = None if weight is None else weight[own]
            programmed += group.write(share, None if bias is None else bias[own], tick)
        self._gather_bias()
        return programmed

    def state(self) -> dict[str, NDArray[Any]]:
        """Named copies of all that must survive, group by group."""
        return {
            f"{number}/{key}": value
            for number, group in enumerate(self.groups)
            for key, value in group.state().items()
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        for number, group in enumerate(self.groups):
            group.restore(below(f"{number}/", state))
        self._gather_bias()

    def _gather_bias(self) -> None:
        self.bias = np.concatenate([group.bias for group in self.groups])
