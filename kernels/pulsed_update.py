"""Pulses on devices: each with fresh cycle noise, each clipped to the device's own bounds.

The noise of a pulse is addressed by (key, call, device, pulse): the same bits for any split of the
devices over threads, blocks and lanes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.pulse_jump import jump
from hwnoise.kernels.pulse_lanes import (
    Lanes,
    add_up,
    draw_pair,
    draw_words,
    line_up,
    make_lanes,
    widened,
    word_of,
)
from hwnoise.kernels.pulse_order import load, sort
from hwnoise.kernels.pulse_steps import (
    AFFINE,
    B_MAX,
    B_MIN,
    CONSTANT,
    DOWN,
    EXPONENTIAL,
    LANES,
    PIECEWISE,
    POWER,
    UP,
    ZERO,
    Curve,
    curve_of,
    interpolate,
    mean_step,
)

Floats = NDArray[np.float32]
Counts = NDArray[np.int32]
Edges = NDArray[np.int64]


@kernel(inline=True)
def move(run: Lanes, curve: Curve, noise: Curve, kind: int, p: int, waiting: int, width: int) -> None:
    """Give the ``waiting`` lanes pulse p with fresh noise, and clip (eq:pulse, eq:pulse-noise).

    One pass over them: what else a pulse needs of a lane is its bit in the queue and a normal.
    """
    of_step, fixed, of_size, of_w = noise
    queue, bit, z, end = run.queue[word_of(run, p)], np.uint32(p & 31), run.z[p & 1], np.int32(waiting)
    for i in range(width):
        up, w = ((queue[i] >> bit) & np.uint32(1)) != 0, run.w[i]
        rise, fall = run.cells[UP, i], run.cells[DOWN, i]
        low, high = run.cells[B_MIN, i], run.cells[B_MAX, i]
        size = mean_step(run.cells, run.per_range, curve, kind, i, up, w)
        if kind == PIECEWISE:
            size = run.size[i] * size
        sigma = of_step * (rise if up else fall) + fixed + of_size * size + of_w * abs(w)
        change = size + sigma * z[i]
        moved = min(max(w + (change if up else -change), low), high)
        run.w[i] = moved if np.int32(i) < end else w


@kernel(inline=True)
def pulse(
    run: Lanes, edges: Edges, curve: Floats, noise: Floats, kind: int, key: np.uint64, call: np.uint64
) -> None:
    """All pulses of the call, one by one; a lane's p-th pulse uses its p-th normal (eq:pulse)."""
    shared, sigmas = curve_of(curve), (noise[0], noise[1], noise[2], noise[3])
    for p in range(len(edges)):
        width = widened(edges[p])  # the lanes whose pulses are not over
        if p % 4 == 0:
            draw_words(run.elements, key, call, p >> 2, width, run.words)
        if p % 2 == 0:
            draw_pair(run.words, p & 2, width, run.z)
        if kind == PIECEWISE:
            ups, bit = run.queue[word_of(run, p)], np.uint32(p & 31)
            interpolate(run.cells[B_MIN], run.per_range, run.w, ups, bit, curve, width, run.size)
        move(run, shared, sigmas, kind, p, edges[p], width)


@kernel(inline=True)
def pulse_kind(
    run: Lanes, edges: Edges, curve: Floats, noise: Floats, kind: int, key: np.uint64, call: np.uint64
) -> None:
    """Choose the loop of a kind once, outside of it: a choice inside is what keeps it from vectorising."""
    if kind == CONSTANT:
        pulse(run, edges, curve, noise, CONSTANT, key, call)
    elif kind == AFFINE:
        pulse(run, edges, curve, noise, AFFINE, key, call)
    elif kind == EXPONENTIAL:
        pulse(run, edges, curve, noise, EXPONENTIAL, key, call)
    elif kind == POWER:
        pulse(run, edges, curve, noise, POWER, key, call)
    else:
        pulse(run, edges, curve, noise, PIECEWISE, key, call)


class Block(NamedTuple):
    """Scratch memory of one thread: lanes as the devices lie, and those pulsed one by one, in order."""

    lanes: Lanes
    run: Lanes
    order: NDArray[np.int64]


@kernel
def make_block(samples: int, words: int, rows: int) -> Block:
    """Return scratch memory; see ``make_lanes``."""
    lanes, run = make_lanes(samples, words, rows), make_lanes(0, words, rows)
    return Block(lanes, run, np.zeros(LANES, np.int64))


@kernel(inline=True)
def pulse_block(
    block: Block, devices: Floats, curve: Floats, noise: Floats, kind: int, first: int, width: int,
    key: np.uint64, call: np.uint64, w: Floats, pulses: Counts,
) -> None:  # fmt: skip
    """Apply the counts in ``lanes`` to devices ``first`` to ``first + width - 1``; see ``apply_pulses``."""
    lanes, run, order = block
    longest = add_up(lanes, widened(width))
    if longest == 0:
        return
    for i in range(width):
        pulses[np.uint64(first + i)] += lanes.total[i]
    words = min((longest + 31) >> 5, len(lanes.queue))
    jumps = kind <= AFFINE and noise[1] == ZERO and noise[2] == ZERO and noise[3] == ZERO
    if kind == AFFINE or not jumps:
        line_up(lanes, words, widened(width))
    if jumps:
        left = jump_block(lanes, devices, noise[0], kind, longest, first, width, key, call, w)
        if left > 0 and kind == CONSTANT:  # whose jump asks for no order
            line_up(lanes, words, widened(width))
    else:
        left = 0
        for i in range(width):
            lanes.left[left] = i
            left += lanes.total[i] > 0
    if left > 0:
        edges = sort(lanes, left, longest, order)
        load(lanes, run, order, left, words, devices, w, first)
        pulse_kind(run, edges, curve, noise, kind, key, call)
        for i in range(left):
            w[np.uint64(run.elements[i])] = run.w[i]


@kernel(inline=True)
def jump_block(
    lanes: Lanes, devices: Floats, s: np.float32, kind: int, longest: int, first: int, width: int,
    key: np.uint64, call: np.uint64, w: Floats,
) -> int:  # fmt: skip
    """Let all devices jump that may; returns how many are left, which ``lanes.left`` names."""
    for i in range(width):
        e = np.uint64(first + i)  # unsigned: an index that may be negative is checked, and no vector's
        lanes.elements[i], lanes.w[i] = np.uint32(e), w[e]
    for row in range(len(devices)):
        for i in range(width):
            lanes.cells[row, i] = devices[row, np.uint64(first + i)]
    left = jump(lanes, s, kind, longest, widened(width), key, call)
    for i in range(width):
        w[np.uint64(first + i)] = lanes.w[i]
    return left


@kernel
def apply_pulses(
    counts: Counts, devices: Floats, curve: Floats, noise: Floats, kind: int, first: int, last: int,
    key: np.uint64, call: np.uint64, w: Floats, pulses: Counts,
) -> None:  # fmt: skip
    """Give each device its number of pulses, one after the other (eq:pulse, eq:pulse-noise, eq:pulse-jump).

    Parameters
    ----------
    counts : (size,) int32
        Pulses, negative ones down.
    devices : (4 or 6, size) float32
        Constants of the devices, in the rows of ``pulse_steps``.
    curve : (2, k) float32
        What all devices share; see ``pulse_steps.curve_of``.
    noise : (4,) float32
        Standard deviation of a pulse per D±, 1, mean step, and magnitude of w.
    kind : int
        Kind of step, of ``pulse_steps``.
    first, last : int
        Devices ``first`` to ``last - 1`` are treated, a thread's share.
    key, call : uint64
        The array's cycle-noise stream; how many calls came before.
    w : (size,) float32
        Weights [1]; updated.
    pulses : (size,) int32
        Increased by the number of pulses.

    Notes
    -----
    Pulse p of device e uses the normal (key, call, e, p). Devices with linear steps and additive noise
    that cannot reach a bound make one jump of the same law, with the normal of pulse 0.
    Source: M. J. Rasch et al., IEEE AICAS 2021. Oracle: ``oracles_pulsed.apply_pulses``.
    Test: ``tests/statistical/test_pulsed_update.py``.
    """
    block = make_block(1, 1, len(devices))
    ups, downs = block.lanes.ups, block.lanes.downs
    for start in range(first, last, LANES):
        width = min(LANES, last - start)
        ups[width:], downs[width:] = np.int32(0), np.int32(0)
        for i in range(width):
            n = counts[start + i]
            ups[i], downs[i] = max(n, np.int32(0)), max(-n, np.int32(0))
        pulse_block(block, devices, curve, noise, kind, start, width, key, call, w, pulses)
