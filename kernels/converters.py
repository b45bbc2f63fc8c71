"""Digital-to-analog and analog-to-digital conversion (eq:dac, eq:adc)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bernoulli import threshold_of
from hwnoise.kernels.bits import as_float, as_word
from hwnoise.kernels.philox import words64

Floats = NDArray[np.float32]
MAGNITUDE = np.uint32(0x7FFFFFFF)  # all bits of a float32 but its sign


@kernel
def dac_vector(x: Floats, levels: int, out: Floats, scale: Floats) -> None:
    """Convert each row relative to its own largest magnitude (eq:dac).

    Parameters
    ----------
    x : (rows, n) float32
    levels : int64
        Magnitudes above zero, ``2**(bits - 1) - 1``; 0 scales and does not round.
    out : (rows, n) float32
        Overwritten: ``round(x / scale * levels) / levels`` in [-1, 1].
    scale : (rows,) float32
        Overwritten: the row's largest magnitude (1 for a row of zeros).

    Notes
    -----
    Oracle: ``oracles_devices.to_levels``. Test: ``tests/statistical/test_converters.py``.
    """
    for r in range(x.shape[0]):
        largest = np.uint32(0)  # bits of magnitudes are in their order, and integers become wide instructions
        for i in range(x.shape[1]):
            largest = max(largest, as_word(x[r, i]) & MAGNITUDE)
        scale[r] = as_float(largest) if largest > 0 else np.float32(1)
        _to_levels(x[r], scale[r], levels, out[r])


@kernel
def dac_fixed(x: Floats, full_scale: np.float32, levels: int, out: Floats) -> None:
    """Convert against a fixed full scale, clipping beyond it (eq:dac); as ``dac_vector``."""
    for r in range(x.shape[0]):
        _to_levels(x[r], full_scale, levels, out[r])


@kernel
def _to_levels(x: Floats, full_scale: np.float32, levels: int, out: Floats) -> None:
    one = np.float32(1)
    inverse = one / full_scale
    steps = np.float32(levels)
    back = one / steps if levels > 0 else one
    for i in range(len(x)):
        value = min(max(x[i] * inverse, -one), one)
        out[i] = np.rint(value * steps) * back if levels > 0 else value


@kernel
def dac_slice(q: Floats, levels: int, base: int, place: int, out: Floats) -> None:
    """Write one digit of each converted input, relative to the largest digit (eq:dac-slice).

    Parameters
    ----------
    q : (rows, n) float32
        Multiples of ``1 / levels`` in [-1, 1].
    levels : int64
        Magnitudes above zero, >= 1.
    base : int64
        What a digit counts to, >= 2.
    place : int64
        Of the digit; 0 is the least significant.
    out : (rows, n) float32
        Overwritten: ``sign(q) digit / (base - 1)``.

    Notes
    -----
    Oracle: ``oracles_devices.digit``. Test: ``tests/statistical/test_converters.py``.
    """
    shift, largest = base**place, np.float32(base - 1)
    for r in range(q.shape[0]):
        for i in range(q.shape[1]):
            code = np.int64(np.rint(abs(q[r, i]) * np.float32(levels)))
            digit = np.float32(code // shift % base) / largest
            out[r, i] = digit if q[r, i] >= 0 else -digit


@kernel
def round_stochastically(
    y: Floats,
    full_scale: np.float32,
    levels: int,
    nearest: NDArray[np.bool_],
    key: np.uint64,
    tick: np.uint64,
) -> None:
    """Move each value to one of the two levels beside it, unbiased (eq:stochastic-rounding).

    Parameters
    ----------
    y : (rows, n) float32
        Overwritten with multiples of ``full_scale / levels``; beyond the full scale it clips.
    full_scale : float32
    levels : int64
        Magnitudes above zero, >= 1.
    nearest : (rows,) bool
        Rows that are rounded to the nearest level instead.
    key : uint64
        The converter's stream.
    tick : uint64
        Of the first row; row r uses tick + r, column j is element j.

    Notes
    -----
    Up with the probability of the fraction, which is ``floor(v + u)`` in law, and exact where a sum
    in float32 would round. Test: ``tests/statistical/test_converters.py``.
    """
    words = np.empty(64, np.uint32)
    one, steps = np.float32(1), np.float32(levels)
    inverse, back = one / full_scale, full_scale / steps
    n = y.shape[1]
    for r in range(y.shape[0]):
        for first in range(0, n, 64):
            words64(key, tick + np.uint64(r), np.uint64(first >> 6), words)
            for i in range(min(64, n - first)):
                value = min(max(y[r, first + i] * inverse, -one), one) * steps
                level = np.floor(value)
                if np.uint64(words[i]) < threshold_of(value - level):
                    level += one
                y[r, first + i] = (np.rint(value) if nearest[r] else level) * back


@kernel
def adc(
    y: Floats, scale: Floats, levels: int, full_scale: np.float32, gain: Floats, bias: Floats, out: Floats
) -> None:
    """Convert the array's output and rescale it digitally to node values (eq:adc).

    Parameters
    ----------
    y : (rows, n) float32
        In units of (full-scale input) x (full-scale weight).
    scale : (rows,) float32
        Full-scale input of each row.
    levels : int64
        Magnitudes above zero; 0 rescales and does not round.
    full_scale : float32
        Output beyond it clips.
    gain : (n,) float32
        The weight a full-scale device of each column stands for.
    bias : (n,) float32
        Added digitally.
    out : (rows, n) float32
        Overwritten: ``clip(round(y / q), -levels, levels) q scale gain + bias``; may be ``y``.
    """
    steps = np.float32(levels)
    q = full_scale / steps if levels > 0 else np.float32(1)
    inverse = np.float32(1) / q
    if out.ctypes.data != y.ctypes.data:
        out[:] = y
    for r in range(out.shape[0]):
        row, unit = out[r], scale[r]  # one array alone is seen not to overlap, and vectorises
        for j in range(len(row) if levels > 0 else 0):
            row[j] = min(max(np.rint(row[j] * inverse), -steps), steps) * q
        for j in range(len(row)):
            row[j] = row[j] * unit * gain[j] + bias[j]


@kernel
def round_down(y: Floats, full_scale: np.float32, levels: int) -> None:
    """Move each value to the level below it, within the codes of two's complement (eq:adc-floor).

    Parameters
    ----------
    y : (rows, n) float32
        Overwritten with multiples of ``full_scale / levels`` from ``-(levels + 1)`` to ``levels``.
    full_scale : float32
    levels : int64
        Magnitudes above zero, >= 1.

    Notes
    -----
    Oracle: ``oracles_devices.rounded_down``. Test: ``tests/statistical/test_converters.py``.
    """
    steps = np.float32(levels)
    step = full_scale / steps
    inverse = np.float32(1) / step
    for r in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[r, j] = min(max(np.floor(y[r, j] * inverse), -steps - np.float32(1)), steps) * step
