"""Imperfections of an array the slow, obvious way: textbook formulas in float64."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csc_matrix, diags
from scipy.sparse.linalg import splu

Floats = NDArray[np.float64]


def fate(u: float, p_low: float, p_high: float, p_between: float) -> int:
    """What becomes of a device with uniform draw ``u`` (eq:stuck): 0 good, 1 low, 2 high, 3 between."""
    if u < p_low:
        return 1
    if u < p_low + p_high:
        return 2
    return 3 if u < p_low + p_high + p_between else 0


def mismatch_factor(z: Floats, sigma: float, distribution: str) -> Floats:
    """Factor of a device with normal draw ``z`` (eq:mismatch-normal, eq:mismatch-lognormal)."""
    if distribution == "normal":
        return np.maximum(1 + sigma * z, 0)
    return np.exp(math.sqrt(math.log(1 + sigma**2)) * z) / math.sqrt(1 + sigma**2)


def nearest_level(x: float, levels: Floats) -> float:
    """Level nearest to ``x``, the upper one half-way (eq:nearest-level)."""
    distance = np.abs(levels - x)
    return float(levels[distance == distance.min()].max())


def wire_voltage(g: Floats, resistance: float) -> Floats:
    """Voltages on a wire fed with 1 whose devices ``g`` (n,) are grounded, by a dense solve (eq:ladder)."""
    n, s = len(g), 1 / resistance
    nodal = np.diag(g + s) + np.diag(np.r_[np.full(n - 1, s), 0.0])
    nodal -= s * (np.eye(n, k=1) + np.eye(n, k=-1))
    return np.linalg.solve(nodal, np.r_[s, np.zeros(n - 1)])


def crossbar(voltage: Floats, g: Floats, row_resistance: float, column_resistance: float) -> Floats:
    """Output currents (samples, columns) of voltages (samples, rows), from Kirchhoff's law (eq:kirchhoff).

    One equation per node (input or output line, row, column), as a sparse matrix.
    """
    node = np.arange(2 * g.size).reshape(2, *g.shape)
    into, out = node[0], node[1]
    along, down = 1 / row_resistance, 1 / column_resistance
    branches = [  # from, to, conductance
        (into[:, :-1], into[:, 1:], along),
        (out[:-1], out[1:], down),
        (into, out, g),
    ]
    nodal = coo_matrix((node.size, node.size)).tocsc()
    for a, b, siemens in branches:
        nodal += _laplacian(a.ravel(), b.ravel(), siemens, node.size)
    ends = np.zeros(node.size)
    ends[into[:, 0]] += along
    ends[out[-1]] += down
    source = np.zeros((node.size, len(voltage)))
    source[into[:, 0]] = along * voltage.T
    return np.asarray(down * splu((nodal + diags(ends)).tocsc()).solve(source)[out[-1]].T)


def _laplacian(a: Floats, b: Floats, siemens: Floats | float, nodes: int) -> csc_matrix:
    s = np.broadcast_to(np.ravel(siemens), a.shape)
    entries = np.concatenate((s, s, -s, -s))
    where = np.concatenate((a, b, a, b)), np.concatenate((a, b, b, a))
    return coo_matrix((entries, where), shape=(nodes, nodes)).tocsc()
