"""Voltage along a wire that loses current at every cell (eq:ladder); a published estimate of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Floats = NDArray[np.float64]


@kernel
def follow_wires(g: Floats, resistance: float, out: Floats) -> None:
    """Write the voltage at every cell of wires fed with 1 before cell 0, their devices grounded (eq:ladder).

    Parameters
    ----------
    g : (n, wires) float64 [S]
        Conductance from cell i of a wire to ground, >= 0.
    resistance : float64 [ohm]
        Of one segment of wire, >= 0; the first one leads to cell 0.
    out : (n, wires) float64
        Overwritten with values in (0, 1].

    Notes
    -----
    From the far end, what a cell and all beyond it conduct; from the near end, the voltage that is
    left. Exact, without a linear system. Oracle: ``oracles_array.wire_voltage``.
    Test: ``tests/unit/test_ir_drop.py``.
    """
    n, wires = g.shape
    for i in range(n - 1, -1, -1):
        for j in range(wires):
            beyond = out[i + 1, j] if i < n - 1 else 0.0
            out[i, j] = g[i, j] + beyond / (1.0 + resistance * beyond)
    for i in range(n):
        for j in range(wires):
            before = out[i - 1, j] if i > 0 else 1.0
            out[i, j] = before / (1.0 + resistance * out[i, j])


@kernel(inline=True)
def analytic_strength(a: float) -> float:
    """Return ``a (.05 a**2 - .2 a + .5)`` (eq:ir-drop-analytic)."""
    return a * (0.05 * a * a - 0.2 * a + 0.5)


@kernel
def subtract_analytic_drop(
    x: NDArray[np.float32], weight: NDArray[np.float32], ratio: float, scale: float, y: NDArray[np.float32]
) -> None:
    """Subtract the published estimate of the drop along the output lines (eq:ir-drop-analytic).

    Parameters
    ----------
    x : (rows, n) float32
        In units of the full-scale input; input 0 lies next to the converter.
    weight : (n, n_out) float32
        In units of a fully programmed device.
    ratio : float64
        Conductance of a segment of wire over that of a fully programmed device, > 0.
    scale : float64
        1 is the estimate as published.
    y : (rows, n_out) float32
        The product ``x @ weight``; subtracted from.

    Notes
    -----
    For comparison with published results; ``follow_wires`` is closer to the circuit and costs nothing
    per read. Source: the toolkit of M. J. Rasch et al., IEEE AICAS 2021, version 1.2.0.
    """
    n, n_out = weight.shape
    for r in range(x.shape[0]):
        for j in range(n_out):
            load, lost = 0.0, 0.0
            for i in range(n):
                near = 1.0 - i / n
                load += abs(weight[i, j]) * abs(x[r, i])
                lost += weight[i, j] * x[r, i] * (1.0 - near * near)
            y[r, j] -= scale * analytic_strength(load * n / ratio) * lost
