"""A converter whose codes lie off their places (eq:adc-nonlinearity)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Floats = NDArray[np.float32]


@kernel
def bend(y: Floats, full_scale: np.float32, deviation: Floats) -> None:
    """Move each output by as much as the code nearest to it lies off its place (eq:adc-nonlinearity).

    A conversion without deviation then gives the code that the bent converter would give.

    Parameters
    ----------
    y : (rows, n) float32
        Overwritten.
    full_scale : float32
        Of the converter, in the unit of ``y``.
    deviation : (n, levels + 1) float32
        Of the codes from 0 to the full scale, in levels; both signs share them.

    Notes
    -----
    Oracle: ``oracles_devices.bent``. Test: ``tests/statistical/test_adc_nonlinearity.py``.
    """
    levels = deviation.shape[1] - 1
    step = full_scale / np.float32(levels)
    inverse = np.float32(1) / step
    for r in range(y.shape[0]):
        for j in range(y.shape[1]):
            code = min(int(np.rint(abs(y[r, j]) * inverse)), levels)
            moved = deviation[j, code] * step
            y[r, j] -= moved if y[r, j] > 0 else -moved
