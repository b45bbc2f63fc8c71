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
Words = NDArray[np.uint32]

WITHIN = np.uint32(31)  # a word
WIDE = 16  # lanes are worked on in multiples of it: whole vectors, with nothing left for single numbers


class Lanes(NamedTuple):
    """Scratch memory of one thread; a lane is a column, of ``LANES``."""

    counts: NDArray[np.int8]  # (samples, lanes): pulses asked for, negative ones down
    busy: NDArray[np.bool_]  # (samples,): whether any lane is asked for one
    queue: NDArray[np.uint32]  # (words, lanes): bit p says whether pulse p goes up
    elements: NDArray[np.uint32]  # which device
    cells: Floats  # (4 or 6, lanes): its constants
    per_range: Floats  # 1 / (b_max - b_min)
    w: Floats
    ups: Counts
    downs: Counts
    total: Counts
    signs: Counts  # of the pulse that is next
    size: Floats  # and its mean step, where no formula gives it
    z: Floats  # (2, lanes): normals of two pulses
    words: Words  # (4, lanes): what those of four are made of
    mean: Floats
    variance: Floats
    left: NDArray[np.int64]  # lanes that are to be pulsed one by one


@kernel
def make_lanes(samples: int, words: int, rows: int) -> Lanes:
    """Return scratch memory: one word of queue for a single sample, more for several."""
    return Lanes(
        counts=np.zeros((samples, LANES), np.int8),
        busy=np.zeros(samples, np.bool_),
        queue=np.zeros((words, LANES), np.uint32),
        elements=np.zeros(LANES, np.uint32),
        cells=np.zeros((rows, LANES), np.float32),
        per_range=np.zeros(LANES, np.float32),
        w=np.zeros(LANES, np.float32),
        ups=np.zeros(LANES, np.int32),
        downs=np.zeros(LANES, np.int32),
        total=np.zeros(LANES, np.int32),
        signs=np.zeros(LANES, np.int32),
        size=np.zeros(LANES, np.float32),
        z=np.zeros((2, LANES), np.float32),
        words=np.zeros((4, LANES), np.uint32),
        mean=np.zeros(LANES, np.float32),
        variance=np.zeros(LANES, np.float32),
        left=np.zeros(LANES, np.int64),
    )


@kernel(inline=True)
def widened(width: int) -> int:
    """Return ``width`` rounded up to whole vectors; lanes beyond it hold anything, and no pulses."""
    return (width + WIDE - 1) // WIDE * WIDE


@kernel(inline=True)
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
def add_up(lanes: Lanes, width: int) -> int:
    """Write each lane's pulses in all to ``total``, and return the largest."""
    found = np.int32(0)
    for i in range(width):
        lanes.total[i] = np.int32(lanes.ups[i] + lanes.downs[i])
        found = max(found, lanes.total[i])
    return int(found)


@kernel(inline=True)
def draw_words(
    elements: Words, key: np.uint64, call: np.uint64, block: int, width: int, words: Words
) -> None:
    """Write the four words of every element's pulses ``4 block`` to ``4 block + 3`` of this call."""
    k0, k1 = halves(key)
    c2, c3 = halves(call)
    c1 = np.uint32(block)
    for i in range(width):
        words[0, i], words[1, i], words[2, i], words[3, i] = philox(elements[i], c1, c2, c3, k0, k1)


@kernel(inline=True)
def draw_pair(words: Words, row: int, width: int, z: Floats) -> None:
    """Make normals of the words of two pulses, ``row`` and the next: rows 0 and 1 of ``z``."""
    for i in range(width):
        z[0, i], z[1, i] = box_muller(words[row, i], words[row + 1, i])


@kernel
def draw_first(elements: NDArray[np.uint32], key: np.uint64, call: np.uint64, width: int, z: Floats) -> None:
    """Write the normal of every element's pulse 0 alone to ``z[0]``."""
    k0, k1 = halves(key)
    c2, c3 = halves(call)
    for i in range(width):
        a, b, _, _ = philox(elements[i], np.uint32(0), c2, c3, k0, k1)
        z[0, i], _ = box_muller(a, b)


@kernel(inline=True)
def line_up(lanes: Lanes, words: int, width: int) -> None:
    """Put the directions of each lane's pulses, sample after sample, in its queue of bits.

    A single sample has one direction: its only word then stands for all.
    """
    for i in range(width):
        lanes.queue[0, i] = ~np.uint32(0) if lanes.ups[i] > 0 else np.uint32(0)
    if len(lanes.queue) == 1:
        return
    lanes.queue[:words] = np.uint32(0)
    for b in range(len(lanes.counts) - 1, -1, -1):  # the last one first: each shifts up what comes after it
        if lanes.busy[b]:
            put_first(lanes.counts[b, :width], lanes.queue[:words])


@kernel
def put_first(counts: NDArray[np.int8], queue: NDArray[np.uint32]) -> None:
    """Shift every queue up by its count and let as many bits in: ones for pulses up, else zeros."""
    for v in range(len(queue) - 1, 0, -1):
        for i in range(len(counts)):
            n = np.uint32(abs(np.int32(counts[i]))) & WITHIN  # at most 31 anyway: compilers want to know
            carry = np.uint32(queue[v - 1, i] >> np.uint32(1)) >> (n ^ WITHIN)
            queue[v, i] = np.uint32(queue[v, i] << n) | np.uint32(carry)
    for i in range(len(counts)):
        asked = np.int32(counts[i])
        up, both = np.uint32(max(asked, np.int32(0))) & WITHIN, np.uint32(abs(asked)) & WITHIN
        ones = np.uint32(np.uint32(1) << up) - np.uint32(1)
        queue[0, i] = np.uint32(queue[0, i] << both) | np.uint32(ones)


@kernel(inline=True)
def word_of(lanes: Lanes, p: int) -> int:
    """Return which word of the queue holds pulse p."""
    return min(p >> 5, len(lanes.queue) - 1)


@kernel(inline=True)
def take(lanes: Lanes, p: int, width: int) -> None:
    """Set ``signs`` to the direction of each lane's pulse ``p``, 0 where it has no more."""
    word, bit = word_of(lanes, p), np.uint32(p & 31)
    for i in range(width):
        up = np.int32((lanes.queue[word, i] >> bit) & np.uint32(1))
        more = np.int32(p) < lanes.total[i]
        lanes.signs[i] = up + up - np.int32(1) if more else np.int32(0)
