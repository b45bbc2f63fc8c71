"""Pulses on devices: each with fresh cycle noise, each clipped to the device's own bounds.

The noise of a pulse is addressed by (key, call, device, pulse): the same bits for any split of the
devices over threads, blocks and lanes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import halves
from hwnoise.kernels.gaussian import box_muller
from hwnoise.kernels.philox import philox
from hwnoise.kernels.pulse_jump import jump
from hwnoise.kernels.pulse_lanes import Lanes, draw, line_up, longest_of, make_lanes, pack, take
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
    mean_steps,
)

Floats = NDArray[np.float32]
Counts = NDArray[np.int32]


@kernel(inline=True)
def move(lanes: Lanes, noise: Floats, row: int, width: int) -> None:
    """Give every lane that has a sign one pulse with fresh noise, and clip (eq:pulse, eq:pulse-noise)."""
    of_step, fixed, of_size, of_w = noise[0], noise[1], noise[2], noise[3]
    for i in range(width):
        sign, size, w = lanes.signs[i], lanes.size[i], lanes.w[i]
        up, down = lanes.cells[UP, i], lanes.cells[DOWN, i]
        low, high = lanes.cells[B_MIN, i], lanes.cells[B_MAX, i]
        sigma = of_step * (up if sign > 0 else down) + fixed + of_size * size + of_w * abs(w)
        change = size + sigma * lanes.z[row, i]
        moved = min(max(w + (change if sign > 0 else -change), low), high)
        lanes.w[i] = moved if sign != 0 else w


@kernel(inline=True)
def pulse(
    lanes: Lanes, curve: Floats, noise: Floats, kind: int, longest: int, width: int,
    key: np.uint64, call: np.uint64,
) -> None:  # fmt: skip
    """All pulses of the call, one by one; a lane's p-th pulse uses its p-th normal (eq:pulse)."""
    for p in range(longest):
        if p % 4 == 0:
            draw(lanes.elements, key, call, p >> 2, width, lanes.z)
        take(lanes, p, width)
        mean_steps(lanes.cells, curve, lanes.signs, lanes.w, kind, width, lanes.size)
        move(lanes, noise, p & 3, width)


@kernel
def pulse_kind(
    lanes: Lanes, curve: Floats, noise: Floats, kind: int, longest: int, width: int,
    key: np.uint64, call: np.uint64,
) -> None:  # fmt: skip
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
    words = min((longest + 63) >> 6, len(lanes.queue))
    jumps = kind <= AFFINE and noise[1] == ZERO and noise[2] == ZERO and noise[3] == ZERO
    if kind == AFFINE or not jumps:
        line_up(lanes, words, width)
    left = width
    if jumps:
        left = jump(lanes, noise[0], kind, longest, width, key, call)
        for i in range(width):
            w[np.uint64(first + i)] = lanes.w[i]
        if left > 0 and kind == CONSTANT:  # whose jump asks for no order
            line_up(lanes, words, width)
        pack(lanes, left, words)
    if left > 0:
        pulse_kind(lanes, curve, noise, kind, longest_of(lanes, left), left, key, call)
        for i in range(left):
            w[lanes.elements[i]] = lanes.w[i]


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
        See ``pulse_steps.mean_steps``.
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
    lanes = make_lanes(1, 1, len(devices))
    for start in range(first, last, LANES):
        width = min(LANES, last - start)
        for i in range(width):
            n = counts[start + i]
            lanes.ups[i], lanes.downs[i] = max(n, np.int32(0)), max(-n, np.int32(0))
        pulse_block(lanes, devices, curve, noise, kind, start, width, key, call, w, pulses)


@kernel
def write_noise(
    key: np.uint64, elements: NDArray[np.int64], pulsed_at: NDArray[np.uint32], z: Floats
) -> None:
    """Redraw the write noise of ``elements``: a normal of (key, element, call) each (eq:write-noise).

    Parameters
    ----------
    key : uint64
    elements : (n,) int64
        The devices that were pulsed or set.
    pulsed_at : (size,) uint32
        The call that did it.
    z : (size,) float32
        Overwritten at ``elements``, left alone elsewhere.
    """
    k0, k1 = halves(key)
    zero = np.uint32(0)
    for i in range(len(elements)):
        e = elements[i]
        a, b, _, _ = philox(np.uint32(e), pulsed_at[e], zero, zero, k0, k1)
        z[e], _ = box_muller(a, b)
