"""Images as rows of patches, one for each place of a filter: what a crossbar that holds the filter is fed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.nodes import Conv1d, Conv2d, Shape

Floats = NDArray[Any]
Pair = tuple[int, int]
BLOCK = 1 << 20  # numbers in the patches that are taken at a time: 4 MB


@dataclass(frozen=True)
class Patches:
    """How the filters of a convolution lie on its input (eq:patches).

    Attributes
    ----------
    shape : (channels, height, width)
        Of an input; a line has a height of 1.
    kernel, stride, dilation : (int, int)
    padding : ((top, bottom), (left, right))
    places : (int, int)
        How many filters fit along height and width.
    groups : int
        Shares of the channels, of which a filter sees one.
    is_line : bool
        Whether inputs have one axis beside the channels.
    """

    shape: tuple[int, int, int]
    kernel: Pair
    stride: Pair
    dilation: Pair
    padding: tuple[Pair, Pair]
    places: Pair
    groups: int
    is_line: bool

    @classmethod
    def of(cls, node: Conv1d | Conv2d, shape: Shape) -> Patches:
        """Return the patches of ``node`` on inputs of ``shape``."""
        kernel, dilation = _pair(node.weight.shape[2:]), _pair(node.dilation)
        height, width = _pair(node.output_shape(shape)[1:])
        return cls(
            shape=(shape[0], *_pair(shape[1:])),
            kernel=kernel,
            stride=_pair(node.stride),
            dilation=dilation,
            padding=_padding(node, kernel, dilation),
            places=(height, width),
            groups=node.groups,
            is_line=isinstance(node, Conv1d),
        )

    @property
    def filter_shape(self) -> Shape:
        """Shape of one filter: those of the network's nodes, so that a line's has no height."""
        return (self.shape[0] // self.groups, *(self.kernel[1:] if self.is_line else self.kernel))

    @property
    def count(self) -> int:
        """Patches of one input."""
        return self.places[0] * self.places[1]

    @property
    def size(self) -> int:
        """Numbers in one patch."""
        return self.shape[0] * self.kernel[0] * self.kernel[1]

    def taken(self, x: Floats, high: slice | None = None) -> Floats:
        """Return the patches of ``x`` (rows, n), or of the rows of places ``high`` of each.

        Returns
        -------
        (rows * places, size) of the dtype of ``x``
            Numbers of a patch in the order channel, height, width.
        """
        from hwnoise.kernels.patches import take_patches

        first, stop = (0, self.places[0]) if high is None else (high.start, high.stop)
        image = self._padded(x)
        found = np.empty((len(image), stop - first, self.places[1], self.size), image.dtype)
        take_patches(image, self.kernel, self.stride, self.dilation, first, found)
        return found.reshape(-1, self.size)

    def split(self, taken: Floats) -> list[Floats]:
        """What each group sees of patches ``taken`` (rows, size): views (rows, size / groups)."""
        return np.split(taken, self.groups, axis=1)

    def times_read(self) -> NDArray[np.int64]:
        """How many places see each number of an input: (n,)."""
        n = self.shape[0] * self.shape[1] * self.shape[2]
        seen = self.taken(np.arange(1, n + 1, dtype=np.float64)[None])  # zeros are the padding
        return np.bincount(seen.astype(np.int64).ravel(), minlength=n + 1)[1:]

    def _padded(self, x: Floats) -> Floats:
        """Images with zeros around them; no copy where there are none."""
        image = np.ascontiguousarray(x).reshape(-1, *self.shape)
        (top, bottom), (left, right) = self.padding
        if not (top or bottom or left or right):
            return image
        rows, channels, height, width = image.shape
        wide = np.zeros((rows, channels, top + height + bottom, left + width + right), image.dtype)
        wide[:, :, top : top + height, left : left + width] = image
        return wide

    def correlate(self, nodes: Floats, x: Floats) -> Floats:
        """Sum over rows and places of each node's value times what it saw: the shape of the filters.

        Parameters
        ----------
        nodes : (rows, channels * count) float32
            Maps, channel by channel.
        x : (rows, n) float32
            Inputs; their patches are taken ``BLOCK`` numbers at a time.
        """
        each = max(1, BLOCK // (self.count * self.size))
        channels = nodes.shape[1] // self.count
        found = np.zeros((channels, self.size // self.groups), np.float32)
        for first in range(0, len(nodes), each):
            rows = slice(first, first + each)
            moved = np.split(self.channels_last(nodes[rows]), self.groups, axis=1)
            seen = self.split(self.taken(x[rows]))
            for total, node, patch in zip(np.split(found, self.groups), moved, seen, strict=True):
                total += node.T @ patch
        return found.reshape(channels, *self.filter_shape)

    def channels_first(self, y: Floats) -> Floats:
        """Turn ``y`` (rows * count, channels) into maps (rows, channels * count)."""
        maps = y.reshape(-1, self.count, y.shape[1]).transpose(0, 2, 1)
        return np.ascontiguousarray(maps).reshape(len(maps), -1)

    def channels_last(self, maps: Floats) -> Floats:
        """The other way: maps (rows, channels * count) as (rows * count, channels)."""
        y = maps.reshape(len(maps), -1, self.count).transpose(0, 2, 1)
        return np.ascontiguousarray(y).reshape(len(maps) * self.count, -1)


def _pair(sizes: int | tuple[int, ...]) -> Pair:
    """Sizes along height and width; those of a line lie along its width."""
    given = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    return (1, given[0]) if len(given) == 1 else (given[0], given[1])


def _padding(node: Conv1d | Conv2d, kernel: Pair, dilation: Pair) -> tuple[Pair, Pair]:
    """Zeros before and after each axis; ``same`` puts an odd one after, as torch does."""
    if node.padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return (total[0] // 2, total[0] - total[0] // 2), (total[1] // 2, total[1] - total[1] // 2)
    if isinstance(node.padding, str):
        return (0, 0), (0, 0)
    amount = (0, node.padding) if isinstance(node.padding, int) else node.padding
    return (amount[0], amount[0]), (amount[1], amount[1])
