"""Devices of a block in falling order of their pulses: those that still wait for one lie side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.pulse_lanes import Lanes

Floats = NDArray[np.float32]
Edges = NDArray[np.int64]

BUCKETS = 64


@kernel
def make_edges() -> Edges:
    """Return room for the ends of the buckets of ``sort``."""
    return np.zeros(BUCKETS + 1, np.int64)


@kernel(inline=True)
def step_of(longest: int) -> int:
    """Return how many numbers of pulses share a bucket."""
    return longest // BUCKETS + 1


@kernel
def sort(lanes: Lanes, remaining: int, longest: int, order: NDArray[np.int64], edges: Edges) -> None:
    """Write the ``remaining`` lanes of ``lanes.left``, those with most pulses first, to ``order``.

    ``edges[k]`` is then how many of them have ``k step_of(longest)`` pulses or more: those ahead of
    the first lane of a lower bucket.
    """
    step = step_of(longest)
    edges[:] = 0
    for i in range(remaining):
        lane = lanes.left[i]
        edges[(lanes.ups[lane] + lanes.downs[lane]) // step] += 1
    above = 0
    for k in range(BUCKETS, -1, -1):  # where each bucket begins
        here = edges[k]
        edges[k] = above
        above += here
    for i in range(remaining):
        lane = lanes.left[i]
        k = (lanes.ups[lane] + lanes.downs[lane]) // step
        order[edges[k]] = lane
        edges[k] += 1  # in the end, where it ends


@kernel
def load(
    lanes: Lanes, run: Lanes, order: NDArray[np.int64], remaining: int, words: int, devices: Floats,
    w: Floats, first: int,
) -> None:  # fmt: skip
    """Fill ``run`` with the lanes of ``order``; lane 0 is device ``first`` of ``devices`` and ``w``."""
    run.ups[remaining:] = np.int32(0)  # vectors are whole: what they hold beyond is not pulsed
    run.downs[remaining:] = np.int32(0)
    for i in range(remaining):
        lane = np.uint64(order[i])
        run.elements[i] = np.uint32(first + order[i])
        run.ups[i], run.downs[i] = lanes.ups[lane], lanes.downs[lane]
    for word in range(words):
        for i in range(remaining):
            run.queue[word, i] = lanes.queue[word, np.uint64(order[i])]
    for row in range(len(devices)):
        for i in range(remaining):
            run.cells[row, i] = devices[row, np.uint64(first + order[i])]
    for i in range(remaining):
        run.w[i] = w[np.uint64(first + order[i])]
