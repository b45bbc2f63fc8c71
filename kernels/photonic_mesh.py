"""Rotations of a triangular mesh of interferometers, from an orthogonal matrix and back (eq:mesh-rotations).

Rotation ``m`` mixes waveguides ``r - 1`` and ``r`` in step ``c``: ``m`` counts c from 0 up and, within c, r
from n - 1 down to c + 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel

Floats = NDArray[np.float64]
TURN = 2 * math.pi


@kernel
def decompose(matrices: Floats, phases: Floats, signs: Floats) -> None:
    """Find the phases of the mesh that is each orthogonal matrix (eq:mesh-rotations).

    Parameters
    ----------
    matrices : (blocks, n, n) float64
        Orthogonal; overwritten.
    phases : (blocks, n (n - 1) / 2) float64 [rad]
        Overwritten, in [0, 2 pi).
    signs : (blocks, n) float64
        Overwritten: what is left on the diagonal, ±1.

    Notes
    -----
    Source: M. Reck, A. Zeilinger, H. J. Bernstein, P. Bertani, Phys. Rev. Lett. 73:58, 1994.
    Oracle: ``oracles_devices.mesh``. Test: ``tests/statistical/test_photonic_mesh.py``.
    """
    n = matrices.shape[1]
    for b in range(matrices.shape[0]):
        a, m = matrices[b], 0
        for c in range(n - 1):
            for r in range(n - 1, c, -1):
                phase = math.atan2(a[r, c], a[r - 1, c]) % TURN
                phases[b, m] = phase
                _rotate(a, r, -phase)
                m += 1
        for i in range(n):
            signs[b, i] = 1.0 if a[i, i] > 0 else -1.0


@kernel
def compose(phases: Floats, signs: Floats, out: Floats) -> None:
    """Write the matrix that each mesh is (eq:mesh-rotations).

    Parameters
    ----------
    phases : (blocks, n (n - 1) / 2) float64 [rad]
    signs : (blocks, n) float64
    out : (blocks, n, n) float64
        Overwritten.
    """
    n = out.shape[1]
    for b in range(out.shape[0]):
        a, m = out[b], phases.shape[1]
        a[:] = 0.0
        for i in range(n):
            a[i, i] = signs[b, i]
        for c in range(n - 2, -1, -1):
            for r in range(c + 1, n):
                m -= 1
                _rotate(a, r, phases[b, m])


@kernel
def _rotate(a: Floats, r: int, phase: float) -> None:
    """Rotate rows r - 1 and r of ``a`` by ``phase``."""
    cosine, sine = math.cos(phase), math.sin(phase)
    for j in range(a.shape[1]):
        upper, lower = a[r - 1, j], a[r, j]
        a[r - 1, j] = cosine * upper - sine * lower
        a[r, j] = sine * upper + cosine * lower


@kernel
def disturb(
    phases: Floats, neighbours: NDArray[np.int64], crosstalk: float, gain: Floats, out: Floats
) -> None:
    """Write what phases become by uneven shifters and the heat of their neighbours (eq:mesh-phase).

    Parameters
    ----------
    phases : (blocks, m) float64 [rad]
    neighbours : (m, 2) int64
        Shifters beside each, -1 for none.
    crosstalk : float64
        Share of a neighbour's phase that is added.
    gain : (blocks, m) float64
        Of each shifter.
    out : (blocks, m) float64 [rad]
        Overwritten.
    """
    for b in range(phases.shape[0]):
        for i in range(phases.shape[1]):
            total = gain[b, i] * phases[b, i]
            for k in range(2):
                if neighbours[i, k] >= 0:
                    j = neighbours[i, k]
                    total += crosstalk * gain[b, j] * phases[b, j]
            out[b, i] = total
