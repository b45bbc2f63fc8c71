"""Orders of axes: an image is (channels, height, width) to us and (width, height, channels) to Lava."""

from __future__ import annotations

from math import prod

import numpy as np

from hwnoise.backends.lava.plan import Array, Shape
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses


def lava_shape(shape: Shape) -> Shape:
    """Return the shape of one step of a population as Lava orders its axes."""
    return shape[::-1]


def lava_order(array: Array) -> Array:
    """Return an array of one population's shape with its axes in Lava's order."""
    return np.ascontiguousarray(array.T)


def lava_steps(x: Array) -> Array:
    """Return steps (steps, *shape) with each step's axes in Lava's order, and time as the last axis."""
    last = x.ndim - 1
    return np.ascontiguousarray(x.transpose(*range(last, 0, -1), 0))


def our_steps(rows: Array) -> Array:
    """Return steps (..., *shape in Lava's order) with each step's axes in ours, given (rows, *shape)."""
    last = rows.ndim - 1
    return np.ascontiguousarray(rows.transpose(0, *range(last, 0, -1)))


def full(values: Array, shape: Shape) -> Array:
    """Return one value a neuron: int32 of ``shape``, from as many values or from a single one."""
    flat = np.asarray(values, np.int32).reshape(-1)
    return np.broadcast_to(flat, prod(shape)).reshape(shape).copy()


def reordered(matrix: Array, sources: Shape, targets: Shape) -> Array:
    """Return a (n_out, n_in) matrix with the neurons on both sides in Lava's order."""
    rows, columns = _places(targets), _places(sources)
    return np.ascontiguousarray(matrix[np.ix_(rows, columns)].astype(np.int64))


def filters(weight: Array) -> Array:
    """Return filters (out, in, height, width) as Lava takes them: (out, width, height, in), mirrored.

    Lava convolves, with the filter mirrored; NIR and torch correlate.
    """
    return np.ascontiguousarray(weight[:, :, ::-1, ::-1].transpose(0, 3, 2, 1).astype(np.int64))


def input_shape(network: IntegerNetwork) -> Shape:
    """Return the shape of one step of input: an image where a convolution sees it, else a row."""
    first = [network.nodes[after] for before, after in network.edges if before == "input"]
    images = [taken_shape(node) for node in first if isinstance(node, IntegerSynapses)]
    return max(images, key=len)


def source_shape(network: IntegerNetwork, name: str) -> Shape:
    """Return the shape of what synapses ``name`` listen to: a population, a pooling, or the input."""
    source = next(before for before, after in network.edges if after == name)
    if source == "input":
        return input_shape(network)
    node = network.nodes[source]
    return node.shape if isinstance(node, IntegerNeurons) else tuple(node.geometry["output_shape"])


def target_shape(network: IntegerNetwork, name: str) -> Shape:
    """Return the shape of the population, or of the synapses, that synapses ``name`` feed."""
    node = network.nodes[next(after for before, after in network.edges if before == name)]
    return node.shape if isinstance(node, IntegerNeurons) else taken_shape(node)


def taken_shape(node: IntegerSynapses) -> Shape:
    """Return the shape of what one set of synapses takes at each step."""
    shape = node.geometry.get("input_shape")
    return tuple(shape) if shape is not None else node.weight.shape[1:]


def _places(shape: Shape) -> Array:
    """Our flat index of the neuron at each of Lava's flat indices."""
    return np.arange(prod(shape)).reshape(shape).T.reshape(-1)
