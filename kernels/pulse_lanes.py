"""A block of pulsed devices side by side, in the scratch memory of one thread."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import halves
from hwnoise.kernels.gaussian import box_muller
from hwnoise.kernels.philox import philox
from hwnoise.kernels.pulse_steps import LANES

Floats = NDArray[np.float32]
Counts = NDArray[np.int32]

WIDE = 64  # lanes are worked on in multiples of it: whole vectors, with nothing left for single numbers


class Lanes(NamedTuple):
    """Scratch memory of one thread; a lane is a column, of ``LANES``."""

    counts: NDArray[np.int8]  # (samples, lanes): pulses asked for, negative ones down
    busy: NDArray[np.bool_]  # (samples,): whether any lane is asked for one
    queue: NDArray[np.uint64]  # (words, lanes): bit p says whether pulse p goes up
    filled: NDArray[np.int64]  # pulses in the queue
    elements: NDArray[np.uint32]  # which device
    cells: Floats  # (4 or 6, lanes): its constants
    w: Floats
    ups: Counts
    downs: Counts
    signs: Counts  # of the pulse that is next
    size: Floats  # and its mean step
    z: Floats  # (4, lanes): normals of four pulses
    mean: Floats
    variance: Floats
    left: NDArray[np.int64]  # lanes that are to be pulsed one by one


@kernel
def make_lanes(samples: int, words: int, rows: int) -> Lanes:
    """Return scratch memory: one word of queue for a single sample, more for several."""
    return Lanes(
        counts=np.zeros((samples, LANES), np.int8),
        busy=np.zeros(samples, np.bool_),
        queue=np.zeros((words, LANES), np.uint64),
        filled=np.zeros(LANES, np.int64),
        elements=np.zeros(LANES, np.uint32),
        cells=np.zeros((rows, LANES), np.float32),
        w=np.zeros(LANES, np.float32),
        ups=np.zeros(LANES, np.int32),
        downs=np.zeros(LANES, np.int32),
        signs=np.zeros(LANES, np.int32),
        size=np.zeros(LANES, np.float32),
        z=np.zeros((4, LANES), np.float32),
        mean=np.zeros(LANES, np.float32),
        variance=np.zeros(LANES, np.float32),
        left=np.zeros(LANES, np.int64),
    )


@kernel(inline=True)
def widened(width: int) -> int:
    """Return ``width`` rounded up to whole vectors; lanes beyond it hold anything, and no pulses."""
    return (width + WIDE - 1) // WIDE * WIDE


@kernel
def count(lanes: Lanes, width: int) -> None:
    """Add up each lane's pulses, up and down, over the samples."""
    lanes.ups[:] = np.int32(0)
    lanes.downs[:] = np.int32(0)
    for b in range(len(lanes.counts)):
        if lanes.busy[b]:
            for i in range(width):
                n = np.int32(lanes.counts[b, i])
                lanes.ups[i] += max(n, np.int32(0))
                lanes.downs[i] -= min(n, np.int32(0))


@kernel(inline=True)
def longest_of(lanes: Lanes, width: int) -> int:
    """Return the largest number of pulses of a lane."""
    found = np.int32(0)
    for i in range(width):
        found = max(found, lanes.ups[i] + lanes.downs[i])
    return int(found)


@kernel
def draw(
    elements: NDArray[np.uint32], key: np.uint64, call: np.uint64, block: int, width: int, z: Floats
) -> None:
    """Write the normals of every element's pulses ``4 block`` to ``4 block + 3`` of this call to ``z``."""
    k0, k1 = halves(key)
    c2, c3 = halves(call)
    c1 = np.uint32(block)
    for i in range(width):
        a, b, c, d = philox(elements[i], c1, c2, c3, k0, k1)
        z[0, i], z[1, i] = box_muller(a, b)
        z[2, i], z[3, i] = box_muller(c, d)


@kernel
def draw_first(elements: NDArray[np.uint32], key: np.uint64, call: np.uint64, width: int, z: Floats) -> None:
    """Write the normal of every element's pulse 0 alone to ``z[0]``."""
    k0, k1 = halves(key)
    c2, c3 = halves(call)
    for i in range(width):
        a, b, _, _ = philox(elements[i], np.uint32(0), c2, c3, k0, k1)
        z[0, i], _ = box_muller(a, b)


@kernel
def line_up(lanes: Lanes, words: int, width: int) -> None:
    """Put the directions of each lane's pulses, sample after sample, in its queue of bits.

    A single sample has one direction: its only word then stands for all.
    """
    for i in range(width):
        lanes.filled[i] = 0
        lanes.queue[0, i] = ~np.uint64(0) if lanes.ups[i] > 0 else np.uint64(0)
    if len(lanes.queue) == 1:
        return
    for v in range(words):
        for i in range(width):
            lanes.queue[v, i] = np.uint64(0)
    for b in range(len(lanes.counts)):
        if lanes.busy[b]:
            for v in range(words):
                for i in range(width):
                    n = np.int64(lanes.counts[b, i])
                    bits = (np.uint64(1) << np.uint64(max(n, np.int64(0)))) - np.uint64(1)  # none for downs
                    shift = lanes.filled[i] - 64 * v
                    up, down = np.uint64(shift & 63), np.uint64(-shift & 63)
                    here = bits << up if shift >= 0 else bits >> down
                    lanes.queue[v, i] |= here if abs(shift) < 64 else np.uint64(0)
            for i in range(width):
                lanes.filled[i] += abs(np.int64(lanes.counts[b, i]))


@kernel(inline=True)
def take(lanes: Lanes, p: int, width: int) -> None:
    """Set ``signs`` to the direction of each lane's pulse ``p``, 0 where it has no more."""
    word, bit = np.uint64(min(p >> 6, len(lanes.queue) - 1)), np.uint64(p & 63)
    for i in range(width):
        up = np.int32((lanes.queue[word, i] >> bit) & np.uint64(1))
        more = np.int32(p) < lanes.ups[i] + lanes.downs[i]
        lanes.signs[i] = up + up - np.int32(1) if more else np.int32(0)
