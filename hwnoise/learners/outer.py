"""From moved nodes and their inputs to weights: what a node-level rule sums over samples, and over places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwnoise.backends.base import Array
from hwnoise.network import Network
from hwnoise.nodes import Conv1d, Conv2d
from hwnoise.patches import Patches


@dataclass(frozen=True)
class Outer:
    """Sums of products of nodes and inputs, layer by layer, in the shapes of the parameters.

    Attributes
    ----------
    network : Network, optional
        Says which layers are convolutions, whose nodes are places of filters; all others are dense.
    """

    network: Network | None = None

    def patches(self, layer: str) -> Patches | None:
        """Where the filters of ``layer`` lie; None for a dense layer."""
        node = None if self.network is None else self.network.nodes[layer]
        if self.network is None or not isinstance(node, (Conv1d, Conv2d)):
            return None
        return Patches.of(node, self.network.input_shapes[layer])

    def weight(self, layer: str, nodes: Array, inputs: Array) -> Array:
        """Sum over rows, and places, of a node's value times what it saw: the shape of the weight.

        Parameters
        ----------
        layer : str
        nodes : (rows, n_out) float32
            Of a convolution: maps, channel by channel.
        inputs : (rows, n_in) float32
            Of a convolution: images.
        """
        patches = self.patches(layer)
        if patches is None:
            return np.asarray(nodes.T @ inputs)
        return patches.correlate(nodes, inputs)

    def bias(self, layer: str, nodes: Array) -> Array:
        """Sum over rows, and places, of a node's value: (n_out,)."""
        total, patches = np.asarray(nodes.sum(axis=0)), self.patches(layer)
        return total if patches is None else np.asarray(total.reshape(-1, patches.count).sum(axis=1))
