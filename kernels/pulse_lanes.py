"""64 pulsed devices side by side, in a thread's scratch memory: pulse by pulse, or in one jump."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import halves
from hwnoise.kernels.gaussian import box_muller
from hwnoise.kernels.philox import philox
from hwnoise.kernels.pulse_steps import (
    AFFINE,
    B_MAX,
    B_MIN,
    CONSTANT,
    DOWN,
    DOWN_SLOPE,
    EXPONENTIAL,
    LANES,
    ONE,
    PIECEWISE,
    POWER,
    UP,
    UP_SLOPE,
    ZERO,
    mean_steps,
)

Floats = NDArray[np.float32]
Counts = NDArray[np.int32]

FAR = np.float32(8)  # standard deviations that a path of n pulses leaves with a chance below 1.3e-15 n


class Lanes(NamedTuple):
    """Scratch memory of one thread; a lane is a column."""

    counts: Counts  # (samples, 64): pulses asked for, negative ones down
    queue: NDArray[np.uint64]  # (words, 64): bit p is 1 if the lane's pulse p goes up
    filled: NDArray[np.int64]  # pulses in the queue
    elements: NDArray[np.uint32]  # which device
    cells: Floats  # (4 or 6, 64): its constants
    w: Floats
    ups: Counts
    downs: Counts
    signs: Counts  # of the pulse that is next
    size: Floats  # and its mean step
    z: Floats  # (4, 64): normals of four pulses
    mean: Floats
    variance: Floats
    left: NDArray[np.int64]  # lanes that cannot jump


@kernel
def make_lanes(samples: int, words: int, rows: int) -> Lanes:
    """Return scratch memory for ``samples`` samples, ``words`` of queue, ``rows`` of constants."""
    return Lanes(
        counts=np.zeros((samples, LANES), np.int32),
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
def count(lanes: Lanes, width: int) -> None:
    """Add up each lane's pulses, up and down, over the samples."""
    for i in range(width):
        lanes.ups[i] = lanes.downs[i] = 0
    for b in range(len(lanes.counts)):
        for i in range(width):
            lanes.ups[i] += max(lanes.counts[b, i], np.int32(0))
            lanes.downs[i] -= min(lanes.counts[b, i], np.int32(0))


@kernel(inline=True)
def draw(lanes: Lanes, key: np.uint64, call: np.uint64, block: int, width: int) -> None:
    """Draw the normals of every lane's pulses ``4 block`` to ``4 block + 3`` of this call."""
    k0, k1 = halves(key)
    c2, c3 = halves(call)
    c1 = np.uint32(block)
    for i in range(width):
        a, b, c, d = philox(lanes.elements[i], c1, c2, c3, k0, k1)
        lanes.z[0, i], lanes.z[1, i] = box_muller(a, b)
        lanes.z[2, i], lanes.z[3, i] = box_muller(c, d)


@kernel(inline=True)
def line_up(lanes: Lanes, words: int, width: int) -> None:
    """Put the directions of each lane's pulses, sample after sample, in its queue of bits."""
    for i in range(width):
        lanes.filled[i] = 0
    for v in range(words):
        for i in range(width):
            lanes.queue[v, i] = np.uint64(0)
    for b in range(len(lanes.counts) if words else 0):
        for v in range(words):
            for i in range(width):
                n = np.int64(lanes.counts[b, i])
                bits = (np.uint64(1) << np.uint64(max(n, 0))) - np.uint64(1)  # none for pulses down
                shift = lanes.filled[i] - 64 * v
                up, down = np.uint64(shift & 63), np.uint64(-shift & 63)
                here = bits << up if shift >= 0 else bits >> down
                lanes.queue[v, i] |= here if abs(shift) < 64 else np.uint64(0)
        for i in range(width):
            lanes.filled[i] += abs(np.int64(lanes.counts[b, i]))


@kernel(inline=True)
def take(lanes: Lanes, p: int, width: int) -> None:
    """Set ``signs`` to the direction of each lane's pulse ``p``, 0 where it has no more."""
    word, bit = p >> 6, np.uint64(p & 63)
    if len(lanes.counts) > 1:
        for i in range(width):
            up = np.int32((lanes.queue[word, i] >> bit) & np.uint64(1))
            more = np.int32(p) < lanes.ups[i] + lanes.downs[i]
            lanes.signs[i] = up + up - np.int32(1) if more else np.int32(0)
    else:
        for i in range(width):
            lanes.signs[i] = np.int32(np.int32(p) < lanes.ups[i]) - np.int32(np.int32(p) < lanes.downs[i])


@kernel(inline=True)
def move(lanes: Lanes, noise: Floats, row: int, width: int) -> None:
    """Give every lane that has a sign one pulse with fresh noise, and clip (eq:pulse, eq:pulse-noise)."""
    of_step, fixed, of_size, of_w = noise[0], noise[1], noise[2], noise[3]
    for i in range(width):
        sign, size, w = lanes.signs[i], lanes.size[i], lanes.w[i]
        up, down, low, high = (
            lanes.cells[UP, i],
            lanes.cells[DOWN, i],
            lanes.cells[B_MIN, i],
            lanes.cells[B_MAX, i],
        )
        sigma = of_step * (up if sign > 0 else down) + fixed + of_size * size + of_w * abs(w)
        change = size + sigma * lanes.z[row, i]
        moved = min(max(w + (change if sign > 0 else -change), low), high)
        lanes.w[i] = moved if sign != 0 else w


@kernel(inline=True)
def pulse(
    lanes: Lanes,
    curve: Floats,
    noise: Floats,
    kind: int,
    longest: int,
    width: int,
    key: np.uint64,
    call: np.uint64,
) -> None:
    """All pulses of the call, one by one; a lane's p-th pulse uses its p-th normal (eq:pulse)."""
    for p in range(longest):
        if p % 4 == 0:
            draw(lanes, key, call, p >> 2, width)
        take(lanes, p, width)
        mean_steps(lanes.cells, curve, lanes.signs, lanes.w, kind, width, lanes.size)
        move(lanes, noise, p & 3, width)


@kernel
def pulse_kind(
    lanes: Lanes,
    curve: Floats,
    noise: Floats,
    kind: int,
    longest: int,
    width: int,
    key: np.uint64,
    call: np.uint64,
) -> None:
    """Choose the loop of a kind once, outside of it: a choice inside is what keeps it from vectorising."""
    if kind == CONSTANT:
        pulse(lanes, curve, noise, CONSTANT, longest, width, key, call)
    elif kind == AFFINE:
        pulse(lanes, curve, noise, AFFINE, longest, width, key, call)
    elif kind == EXPONENTIAL:
        pulse(lanes, curve, noise, EXPONENTIAL, longest, width, key, call)
    elif kind == POWER:
        pulse(lanes, curve, noise, POWER, longest, width, key, call)
    else:
        pulse(lanes, curve, noise, PIECEWISE, longest, width, key, call)


@kernel(inline=True)
def moments(lanes: Lanes, s: np.float32, kind: int, longest: int, width: int) -> None:
    """Carry mean and variance of the lanes through all their pulses, unclipped (eq:pulse-jump)."""
    for i in range(width):
        up, down = lanes.cells[UP, i], lanes.cells[DOWN, i]
        ups, downs = np.float32(lanes.ups[i]), np.float32(lanes.downs[i])
        lanes.mean[i] = lanes.w[i] + ups * up - downs * down
        lanes.variance[i] = s * s * (ups * up * up + downs * down * down)
    if kind != AFFINE:
        return
    lanes.mean[:], lanes.variance[:] = lanes.w, ZERO
    for p in range(longest):
        take(lanes, p, width)
        for i in range(width):
            sign, up, down = lanes.signs[i], lanes.cells[UP, i], -lanes.cells[DOWN, i]
            rise, fall = lanes.cells[UP_SLOPE, i], -lanes.cells[DOWN_SLOPE, i]
            step, keep = up if sign > 0 else down, ONE - (rise if sign > 0 else fall)
            mean, variance = lanes.mean[i], lanes.variance[i]
            lanes.mean[i] = keep * mean + step if sign != 0 else mean
            lanes.variance[i] = keep * keep * variance + s * s * step * step if sign != 0 else variance


@kernel(inline=True)
def is_free(lanes: Lanes, i: int, s: np.float32, kind: int) -> bool:
    """Whether no order of the pulses and no noise can take lane i to a bound (eq:pulse-jump)."""
    up, down, low, high = (
        lanes.cells[UP, i],
        lanes.cells[DOWN, i],
        lanes.cells[B_MIN, i],
        lanes.cells[B_MAX, i],
    )
    ups, downs = np.float32(lanes.ups[i]), np.float32(lanes.downs[i])
    reach = FAR * s * max(up, down) * np.sqrt(ups + downs)
    contracts = True
    if kind == AFFINE:
        rise, fall = lanes.cells[UP_SLOPE, i], -lanes.cells[DOWN_SLOPE, i]
        up, down = up - rise * low, down + fall * high  # the longest steps that there are
        contracts = (min(rise, fall) >= ZERO) & (max(rise, fall) <= ONE)
    return contracts & (lanes.w[i] + ups * up + reach <= high) & (lanes.w[i] - downs * down - reach >= low)


@kernel(inline=True)
def jump(
    lanes: Lanes, s: np.float32, kind: int, longest: int, width: int, key: np.uint64, call: np.uint64
) -> int:
    """Move all lanes that cannot reach a bound by one normal, that of pulse 0 (eq:pulse-jump).

    Returns how many lanes are left; they are named in ``lanes.left``.
    """
    moments(lanes, s, kind, longest, width)
    draw(lanes, key, call, 0, width)
    for i in range(width):
        lanes.signs[i] = np.int32(is_free(lanes, i, s, kind))
    for i in range(width):
        jumped = lanes.mean[i] + np.sqrt(lanes.variance[i]) * lanes.z[0, i]
        lanes.w[i] = jumped if lanes.signs[i] > 0 else lanes.w[i]
    remaining = 0
    for i in range(width):
        if lanes.signs[i] == 0:
            lanes.left[remaining] = i
            remaining += 1
    return remaining


@kernel
def pack(lanes: Lanes, remaining: int, words: int) -> None:
    """Move the lanes ``left`` to the front."""
    for i in range(remaining):
        lane = lanes.left[i]
        lanes.elements[i], lanes.w[i] = lanes.elements[lane], lanes.w[lane]
        lanes.ups[i], lanes.downs[i] = lanes.ups[lane], lanes.downs[lane]
        for row in range(len(lanes.cells)):
            lanes.cells[row, i] = lanes.cells[row, lane]
        for word in range(words):
            lanes.queue[word, i] = lanes.queue[word, lane]


@kernel(inline=True)
def longest_of(lanes: Lanes, width: int) -> int:
    """Return the largest number of pulses of a lane."""
    found = np.int32(0)
    for i in range(width):
        found = max(found, lanes.ups[i] + lanes.downs[i])
    return np.int64(found)


@kernel
def pulse_block(
    lanes: Lanes, devices: Floats, curve: Floats, noise: Floats, kind: int, first: int, width: int,
    key: np.uint64, call: np.uint64, w: Floats, pulses: Counts,
) -> None:  # fmt: skip
    """Apply the counts in ``lanes`` to devices ``first`` to ``first + width - 1``; see ``apply_pulses``."""
    longest = longest_of(lanes, width)
    if longest == 0:
        return
    for i in range(width):
        e = np.uint64(first + i)  # unsigned: an index that may be negative is checked, and no vector's
        lanes.elements[i], lanes.w[i] = np.uint32(e), w[e]
        pulses[e] += lanes.ups[i] + lanes.downs[i]
    for row in range(len(devices)):
        for i in range(width):
            lanes.cells[row, i] = devices[row, np.uint64(first + i)]
    words = (longest + 63) >> 6 if len(lanes.counts) > 1 else 0
    left = width
    if kind <= AFFINE and noise[1] == ZERO and noise[2] == ZERO and noise[3] == ZERO:
        if kind == AFFINE:
            line_up(lanes, words, width)
        left = jump(lanes, noise[0], kind, longest, width, key, call)
        for i in range(width):
            w[np.uint64(first + i)] = lanes.w[i]
    if left > 0:
        if kind != AFFINE or left == width:
            line_up(lanes, words, width)
        if left < width:
            pack(lanes, left, words)
        pulse_kind(lanes, curve, noise, kind, longest_of(lanes, left), left, key, call)
        for i in range(left):
            w[lanes.elements[i]] = lanes.w[i]
