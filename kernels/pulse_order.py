"""Devices of a block in falling order of their pulses: those that still wait for one lie side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.pulse_lanes import Lanes
from hwnoise.kernels.pulse_steps import B_MAX, B_MIN

Floats = NDArray[np.float32]
Edges = NDArray[np.int64]


@kernel(inline=True)
def sort(lanes: Lanes, remaining: int, longest: int, order: NDArray[np.int64]) -> Edges:
    """Write the ``remaining`` lanes of ``lanes.left``, those with most pulses first, to ``order``.

    Returns ``edges``: entry p is how many of them have more than p pulses.
    """
    edges = np.zeros(longest + 1, np.int64)
    for i in range(remaining):
        lane = np.uint64(lanes.left[i])
        edges[np.uint64(lanes.total[lane])] += 1
    above = 0
    for k in range(longest, -1, -1):  # where those of k pulses begin
        here = edges[k]
        edges[k] = above
        above += here
    for i in range(remaining):
        lane = np.uint64(lanes.left[i])
        n = np.uint64(lanes.total[lane])
        order[np.uint64(edges[n])] = np.int64(lane)
        edges[n] += 1  # in the end, where they end
    return edges[1:]


@kernel(inline=True)
def load(
    lanes: Lanes, run: Lanes, order: NDArray[np.int64], remaining: int, words: int, devices: Floats,
    w: Floats, first: int,
) -> None:  # fmt: skip
    """Fill ``run`` with the lanes of ``order``; lane 0 is device ``first`` of ``devices`` and ``w``."""
    for i in range(remaining):
        run.elements[i] = np.uint32(first + order[i])
    for word in range(words):
        for i in range(remaining):
            run.queue[word, i] = lanes.queue[word, np.uint64(order[i])]
    for row in range(len(devices)):
        for i in range(remaining):
            run.cells[row, i] = devices[row, np.uint64(first + order[i])]
    for i in range(remaining):
        run.w[i] = w[np.uint64(first + order[i])]
    for i in range(remaining):
        run.per_range[i] = np.float32(1) / (run.cells[B_MAX, i] - run.cells[B_MIN, i])
