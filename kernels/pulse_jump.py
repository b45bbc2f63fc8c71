"""Many pulses in one jump: away from the bounds, linear steps and their noise add up (eq:pulse-jump)."""

from __future__ import annotations

import numpy as np

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.pulse_lanes import Lanes, draw_first, take
from hwnoise.kernels.pulse_steps import AFFINE, B_MAX, B_MIN, DOWN, DOWN_SLOPE, ONE, UP, UP_SLOPE, ZERO

FAR = np.float32(8)  # standard deviations that a path of n pulses leaves with a chance below 1.3e-15 n


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
    for i in range(width):
        lanes.mean[i], lanes.variance[i] = lanes.w[i], ZERO
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
    up, down = lanes.cells[UP, i], lanes.cells[DOWN, i]
    low, high = lanes.cells[B_MIN, i], lanes.cells[B_MAX, i]
    ups, downs = np.float32(lanes.ups[i]), np.float32(lanes.downs[i])
    reach = FAR * s * max(up, down) * np.sqrt(ups + downs)
    contracts = True
    if kind == AFFINE:
        rise, fall = lanes.cells[UP_SLOPE, i], -lanes.cells[DOWN_SLOPE, i]
        up, down = up - rise * low, down + fall * high  # the longest steps that there are
        contracts = (min(rise, fall) >= ZERO) & (max(rise, fall) <= ONE)
    inside = (lanes.w[i] + ups * up + reach <= high) & (lanes.w[i] - downs * down - reach >= low)
    return bool(contracts & inside)


@kernel(inline=True)
def jump(
    lanes: Lanes, s: np.float32, kind: int, longest: int, width: int, key: np.uint64, call: np.uint64
) -> int:
    """Move all lanes that cannot reach a bound by one normal, that of pulse 0 (eq:pulse-jump).

    Returns how many lanes are left; they are named in ``lanes.left``.
    """
    moments(lanes, s, kind, longest, width)
    draw_first(lanes.elements, key, call, width, lanes.z)
    for i in range(width):
        lanes.signs[i] = np.int32(is_free(lanes, i, s, kind))
    for i in range(width):
        jumped = lanes.mean[i] + np.sqrt(lanes.variance[i]) * lanes.z[0, i]
        lanes.w[i] = jumped if lanes.signs[i] > 0 else lanes.w[i]
    remaining = 0
    for i in range(width):
        if lanes.signs[i] == 0 and lanes.total[i] > 0:
            lanes.left[remaining] = i
            remaining += 1
    return remaining
