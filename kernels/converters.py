"""Digital-to-analog and analog-to-digital conversion (eq:dac, eq:adc)."""

import numpy as np

from hwnoise.kernels._jit import kernel


@kernel
def dac_vector(x, levels, out, scale):
    """Convert each row relative to its own largest magnitude (eq:dac).

    Parameters
    ----------
    x : (rows, n) float32
    levels : int64
        Magnitudes above zero, ``2**(bits - 1) - 1``; 0 converts exactly.
    out : (rows, n) float32
        Overwritten: ``round(x / scale * levels) / levels`` in [-1, 1].
    scale : (rows,) float32
        Overwritten: the row's largest magnitude (1 for a row of zeros).
    """
    for r in range(x.shape[0]):
        largest = np.float32(0)
        for i in range(x.shape[1]):
            largest = max(largest, abs(x[r, i]))
        scale[r] = largest if largest > 0 else np.float32(1)
        _to_levels(x[r], scale[r], levels, out[r])


@kernel
def dac_fixed(x, full_scale, levels, out):
    """Convert against a fixed full scale, clipping beyond it (eq:dac); as ``dac_vector``."""
    for r in range(x.shape[0]):
        _to_levels(x[r], full_scale, levels, out[r])


@kernel
def _to_levels(x, full_scale, levels, out):
    one = np.float32(1)
    inverse = one / full_scale
    steps = np.float32(levels)
    back = one / steps if levels > 0 else one
    for i in range(len(x)):
        value = min(max(x[i] * inverse, -one), one)
        out[i] = np.rint(value * steps) * back if levels > 0 else value


@kernel
def adc(y, scale, levels, full_scale, gain, bias, out):
    """Convert the array's output and rescale it digitally to node values (eq:adc).

    Parameters
    ----------
    y : (rows, n) float32
        In units of (full-scale input) x (full-scale weight).
    scale : (rows,) float32
        Full-scale input of each row.
    levels : int64
        Magnitudes above zero; 0 converts exactly.
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
    for r in range(y.shape[0]):
        for j in range(y.shape[1]):
            value = y[r, j]
            if levels > 0:
                value = min(max(np.rint(value * inverse), -steps), steps) * q
            out[r, j] = value * scale[r] * gain[j] + bias[j]
