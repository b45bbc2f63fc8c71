"""What one pulse does on average, for a block of devices side by side: the step models of pulsed devices.

A device is a column of constants, its rows named below.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import as_float, as_signed, as_word
from hwnoise.kernels.gaussian import LOG, MINUS_2_LN_2

Floats = NDArray[np.float32]
Signs = NDArray[np.int32]

LANES = 512  # of a block: all that is kept of it stays in a second-level cache
CONSTANT, AFFINE, EXPONENTIAL, POWER, PIECEWISE = range(5)  # kinds of step
UP, DOWN, B_MIN, B_MAX, UP_SLOPE, DOWN_SLOPE = range(6)  # rows of constants; the slopes of AFFINE only

ONE, ZERO = np.float32(1), np.float32(0)
LOG2_E = np.float32(1.4426950)
LN_2_HIGH, LN_2_LOW = np.float32(0.69314575), np.float32(1.4286068e-06)  # the high part has 9 zero bits
EXP = tuple(  # e**r on [-ln(2)/2, ln(2)/2], Taylor: the first term left out is below 2e-9
    np.float32(1 / f) for f in (1, 1, 2, 6, 24, 120, 720, 5040)
)
LARGEST = np.float32(80)  # e**80 is near the end of float32, and far beyond any step


@kernel(inline=True)
def exp32(x: np.float32) -> np.float32:
    """Return e**x within 2e-7, ``x`` clipped to ±80: sums and products alone, the same bits everywhere."""
    x = min(max(x, -LARGEST), LARGEST)
    power = np.floor(x * LOG2_E + np.float32(0.5))
    r = (x - power * LN_2_HIGH) - power * LN_2_LOW
    e = ((EXP[7] * r + EXP[6]) * r + EXP[5]) * r + EXP[4]
    e = (((e * r + EXP[3]) * r + EXP[2]) * r + EXP[1]) * r + EXP[0]
    exponent = np.uint32(np.uint32(np.int32(power)) << np.uint32(23))  # of 32 bits, as all else here
    return as_float(np.uint32(as_word(e) + exponent))


@kernel(inline=True)
def log32(x: np.float32) -> np.float32:
    """Return ln x within 2e-7 of the larger of 1 and its magnitude, for x >= 0; ln 0 is -88."""
    bits = as_word(x)
    f = as_float((bits & np.uint32(0x007FFFFF)) | np.uint32(0x3F000000)) - ONE  # in [-1/2, 0)
    exponent = np.float32(as_signed(bits >> np.uint32(23)) - np.int32(126))
    a = ((LOG[7] * f + LOG[6]) * f + LOG[5]) * f + LOG[4]
    a = (((a * f + LOG[3]) * f + LOG[2]) * f + LOG[1]) * f + LOG[0]
    return np.float32(-0.5) * (exponent * MINUS_2_LN_2 + a * f)


@kernel(inline=True)
def constant(cells: Floats, signs: Signs, width: int, out: Floats) -> None:
    """Write D+ or D- (eq:pulse-constant)."""
    for i in range(width):
        up, down = cells[UP, i], cells[DOWN, i]  # both loaded: a load behind a branch is no vector's
        out[i] = up if signs[i] > 0 else down


@kernel(inline=True)
def affine(cells: Floats, signs: Signs, w: Floats, width: int, out: Floats) -> None:
    """Write ``step - slope w``: linear steps and soft bounds (eq:pulse-linear, eq:pulse-soft-bounds)."""
    for i in range(width):
        up = cells[UP, i] - cells[UP_SLOPE, i] * w[i]
        down = cells[DOWN, i] - cells[DOWN_SLOPE, i] * w[i]
        out[i] = up if signs[i] > 0 else down


@kernel(inline=True)
def exponential(cells: Floats, curve: Floats, signs: Signs, w: Floats, width: int, out: Floats) -> None:
    """Write ``D pos(1 - A e**(c u))``, ``curve[direction] = (A, c, a, b)`` (eq:pulse-exponential)."""
    up_amplitude, up_rate, double_a, shift = curve[0, 0], curve[0, 1], curve[0, 2] + curve[0, 2], curve[0, 3]
    down_amplitude, down_rate = curve[1, 0], curve[1, 1]
    for i in range(width):
        rises, up, down = signs[i] > 0, cells[UP, i], cells[DOWN, i]
        u = double_a * w[i] / (cells[B_MAX, i] - cells[B_MIN, i]) + shift
        amplitude = up_amplitude if rises else down_amplitude
        growth = exp32(u * (up_rate if rises else down_rate))
        out[i] = (up if rises else down) * max(ONE - amplitude * growth, ZERO)


@kernel(inline=True)
def power(cells: Floats, curve: Floats, signs: Signs, w: Floats, width: int, out: Floats) -> None:
    """Write ``D+ q**c+`` or ``D- (1 - q)**c-``, q the share of the range above w (eq:pulse-power)."""
    up_exponent, down_exponent = curve[0, 0], curve[1, 0]
    for i in range(width):
        rises, up, down = signs[i] > 0, cells[UP, i], cells[DOWN, i]
        q = (cells[B_MAX, i] - w[i]) / (cells[B_MAX, i] - cells[B_MIN, i])
        q = min(max(q if rises else ONE - q, ZERO), ONE)
        out[i] = (up if rises else down) * exp32((up_exponent if rises else down_exponent) * log32(q))


@kernel(inline=True)
def piecewise(cells: Floats, curve: Floats, signs: Signs, w: Floats, width: int, out: Floats) -> None:
    """Write D times a line through nodes spread evenly over [b_min, b_max] (eq:pulse-piecewise)."""
    last = curve.shape[1] - 1
    for i in range(width):
        rises, up, down = signs[i] > 0, cells[UP, i], cells[DOWN, i]
        position = (w[i] - cells[B_MIN, i]) / (cells[B_MAX, i] - cells[B_MIN, i]) * np.float32(last)
        k = min(max(np.int32(position), 0), last - 1)
        share = position - np.float32(k)
        direction = 0 if rises else 1
        factor = curve[direction, k] * (ONE - share) + curve[direction, k + 1] * share
        out[i] = factor * (up if rises else down)


@kernel(inline=True)
def mean_steps(
    cells: Floats, curve: Floats, signs: Signs, w: Floats, kind: int, width: int, out: Floats
) -> None:
    """Write how far one noise-free pulse would move each device, whichever its direction.

    Parameters
    ----------
    cells : (4 or 6, lanes) float32
        Constants of the devices, in rows.
    curve : (2, k) float32
        What all devices share, up and down; ``(2, 1)`` and not read for CONSTANT and AFFINE.
    signs : (lanes,) int32
        1 for a pulse up, -1 for one down, 0 for none (its entry of ``out`` means nothing).
    w : (lanes,) float32
    kind, width : int
        Kind of step; lanes in use.
    out : (lanes,) float32, >= 0 within the bounds
        Overwritten.

    Notes
    -----
    Sources: T. Gokmen, Y. Vlasov, Front. Neurosci. 10:333, 2016 (constant and linear steps); S. Fusi,
    L. F. Abbott, Nat. Neurosci. 10:485, 2007 (soft bounds and powers); the parametrisation follows
    M. J. Rasch et al., IEEE AICAS 2021. Oracle: ``oracles_pulsed.mean_step``.
    Test: ``tests/golden/test_pulsed_golden.py``.
    """
    if kind == CONSTANT:
        constant(cells, signs, width, out)
    elif kind == AFFINE:
        affine(cells, signs, w, width, out)
    elif kind == EXPONENTIAL:
        exponential(cells, curve, signs, w, width, out)
    elif kind == POWER:
        power(cells, curve, signs, w, width, out)
    else:
        piecewise(cells, curve, signs, w, width, out)
