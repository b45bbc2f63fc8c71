"""What one pulse does on average: the step models of pulsed devices.

A device is a column of constants, its rows named below.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import as_float, as_signed, as_word
from hwnoise.kernels.gaussian import LOG

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Curve = tuple[np.float32, ...]  # four numbers for pulses up, four for down

LANES = 512  # of a block: all that is kept of it stays in a second-level cache
CONSTANT, AFFINE, EXPONENTIAL, POWER, PIECEWISE = range(5)  # kinds of step
UP, DOWN, B_MIN, B_MAX, UP_SLOPE, DOWN_SLOPE = range(6)  # rows of constants; the slopes of AFFINE only

ONE, ZERO = np.float32(1), np.float32(0)
LOG2_E = np.float32(1.4426950)
LN_2_HIGH, LN_2_LOW = np.float32(0.69314575), np.float32(1.4286068e-06)  # the high part has 9 zero bits
EXP = tuple(  # e**r on [-ln(2)/2, ln(2)/2], minimax: relative error 2e-9 before rounding
    np.float32(c) for c in (1, 1, 0.4999999, 0.1666642, 0.04166823, 0.008374857, 0.0013836795)
)
LN_2 = np.float32(0.6931472)
LOG2 = tuple(np.float32(-0.5 * float(LOG2_E) * float(c)) for c in LOG)  # log2(1 + f) / f on [-1/2, 0]
FARTHEST = np.float32(115)  # 2**115 is about e**80
LARGEST = np.float32(80)  # e**80 is near the end of float32, and far beyond any step
TO_INTEGER = np.float32(1.5 * 2**23)  # a sum with it is rounded; its lowest bits are the integer


@kernel(inline=True)
def times_power_of_two(whole: np.uint32, r: np.float32) -> np.float32:
    """Return ``2**whole e**r``, r within ln(2)/2, ``whole`` in the lowest bits of a word."""
    r2 = r * r  # pairs side by side: what counts is how many steps wait for each other
    high = (EXP[4] + EXP[5] * r) + EXP[6] * r2
    e = (EXP[0] + EXP[1] * r) + r2 * ((EXP[2] + EXP[3] * r) + r2 * high)
    return as_float(np.uint32(as_word(e) + np.uint32(whole << np.uint32(23))))


@kernel(inline=True)
def exp32(x: np.float32) -> np.float32:
    """Return e**x within 1.3e-7, ``x`` clipped to ±80: sums and products alone, the same bits everywhere."""
    x = min(max(x, -LARGEST), LARGEST)
    shifted = x * LOG2_E + TO_INTEGER
    power = shifted - TO_INTEGER
    r = (x - power * LN_2_HIGH) - power * LN_2_LOW
    return times_power_of_two(as_word(shifted), r)


@kernel(inline=True)
def raised(q: np.float32, c: np.float32) -> np.float32:
    """Return ``q**c`` for q from 0 to 1, a share of 2e-7 (1 + |c| max(1, |ln q|)) off at most.

    Two to the power of ``c log2 q``, which is clipped to where float32 has such numbers; log2 0 is -127.
    """
    bits = as_word(q)
    f = as_float((bits & np.uint32(0x007FFFFF)) | np.uint32(0x3F000000)) - ONE  # in [-1/2, 0)
    exponent = np.float32(as_signed(bits >> np.uint32(23)) - np.int32(126))
    f2 = f * f
    low = (LOG2[0] + LOG2[1] * f) + f2 * (LOG2[2] + LOG2[3] * f)
    a = low + (f2 * f2) * ((LOG2[4] + LOG2[5] * f) + f2 * (LOG2[6] + LOG2[7] * f))
    t = min(max(c * (exponent + a * f), -FARTHEST), FARTHEST)
    shifted = t + TO_INTEGER
    return times_power_of_two(as_word(shifted), (t - (shifted - TO_INTEGER)) * LN_2)


@kernel(inline=True)
def curve_of(curve: Floats) -> Curve:
    """Return the first four columns of ``curve`` (2, k), up then down; the last stands for those beyond."""
    last = curve.shape[1] - 1
    one, two, three = min(last, 1), min(last, 2), min(last, 3)
    up, down = curve[0], curve[1]
    return (up[0], up[one], up[two], up[three], down[0], down[one], down[two], down[three])


@kernel(inline=True)
def exponential(up: bool, curve: Curve, w: np.float32, per_range: np.float32) -> np.float32:
    """Return ``pos(1 - A e**(c u))``; ``curve`` is (A, c, a, b) up, then down (eq:pulse-exponential)."""
    u = (curve[2] + curve[2]) * w * per_range + curve[3]
    growth = exp32(u * (curve[1] if up else curve[5]))
    return max(ONE - (curve[0] if up else curve[4]) * growth, ZERO)


@kernel(inline=True)
def power(up: bool, curve: Curve, above: np.float32, per_range: np.float32) -> np.float32:
    """Return ``q**c+`` or ``(1 - q)**c-``, q the share of the range ``above`` w (eq:pulse-power)."""
    q = above * per_range
    q = min(max(q if up else ONE - q, ZERO), ONE)
    return raised(q, curve[0] if up else curve[4])


@kernel(inline=True)
def mean_step(
    cells: Floats, per_range: Floats, curve: Curve, kind: int, i: int, up: bool, w: np.float32
) -> np.float32:
    """Return how far one noise-free pulse would move device i; of PIECEWISE, D alone.

    Parameters
    ----------
    cells : (4 or 6, lanes) float32
        Constants of the devices, in rows.
    per_range : (lanes,) float32
        ``1 / (b_max - b_min)``; read for EXPONENTIAL and POWER.
    curve : tuple of 8 float32
        What all devices share; see ``curve_of``.
    kind, i : int
        Kind of step; lane.
    up : bool
        Direction of the pulse.
    w : float32
        Where the device stands.

    Returns
    -------
    float32
        Not negative within the bounds.

    Notes
    -----
    Sources: T. Gokmen, Y. Vlasov, Front. Neurosci. 10:333, 2016 (constant and linear steps,
    eq:pulse-constant, eq:pulse-linear); S. Fusi, L. F. Abbott, Nat. Neurosci. 10:485, 2007 (soft
    bounds, eq:pulse-soft-bounds, and powers); the parametrisation follows M. J. Rasch et al., IEEE
    AICAS 2021. Oracle: ``oracles_pulsed.mean_step``. Test: ``tests/golden/test_pulsed_golden.py``.
    """
    rise, fall = cells[UP, i], cells[DOWN, i]  # both loaded: a load behind a branch is no vector's
    if kind == AFFINE:
        rise, fall = rise - cells[UP_SLOPE, i] * w, fall - cells[DOWN_SLOPE, i] * w
    step = rise if up else fall
    if kind == EXPONENTIAL:
        step = step * exponential(up, curve, w, per_range[i])
    elif kind == POWER:
        step = step * power(up, curve, cells[B_MAX, i] - w, per_range[i])
    return np.float32(step)


@kernel
def interpolate(
    low: Floats, per_range: Floats, w: Floats, ups: Words, bit: np.uint32, curve: Floats, width: int,
    out: Floats,
) -> None:  # fmt: skip
    """Write the value at w of a line through nodes spread over [b_min, b_max] (eq:pulse-piecewise).

    ``bit`` of ``ups`` says whether a lane takes ``curve[0]``, or ``curve[1]``. All lanes go through
    all pieces, and keep the last that begins below w: looking pieces up is no vector's.
    """
    last = np.float32(curve.shape[1] - 1)
    for k in range(curve.shape[1] - 1):
        begin, first = np.float32(k), k == 0
        up, up_next, down, down_next = curve[0, k], curve[0, k + 1], curve[1, k], curve[1, k + 1]
        for i in range(width):
            share = (w[i] - low[i]) * per_range[i] * last - begin
            rises = ((ups[i] >> bit) & np.uint32(1)) != 0
            left, right = up if rises else down, up_next if rises else down_next
            value = left * (ONE - share) + right * share
            out[i] = value if first | (share >= ZERO) else out[i]
