"""Inputs of each layer, recomputed from the node values when asked for: half the memory of keeping both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.activations import activate
from hwnoise.network import DenseLayer

Array = NDArray[Any]


class LayerInputs(Mapping[str, Array]):
    """Layer name to its digital input [pass, sample, n_in], of a feed-forward chain."""

    def __init__(
        self, layers: Sequence[DenseLayer], x: Array, passes: int, nodes: Mapping[str, Array]
    ) -> None:
        self._before = {
            layer.name: previous for layer, previous in zip(layers, [None, *layers[:-1]], strict=True)
        }
        self._x, self._passes, self._nodes = x, passes, nodes

    def __getitem__(self, name: str) -> Array:
        previous = self._before[name]
        if previous is None:
            return np.broadcast_to(self._x, (self._passes, *self._x.shape))
        return activate(previous.activation, self._nodes[previous.name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._before)

    def __len__(self) -> int:
        return len(self._before)
