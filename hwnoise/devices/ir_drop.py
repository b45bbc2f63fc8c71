"""IR drop: wires have resistance, so far devices see less voltage (eq:kirchhoff, eq:ir-drop)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.effect import Effect
from hwnoise.kernels import ir_drop as kernel

Floats = NDArray[np.float64]
MICRO = 1e-6


class IrDrop(Effect):
    """A crossbar with resistive wires acts as a crossbar without, of other conductances.

    The circuit is linear, so this holds for every input at once: no read pays for it. Inputs are
    driven beside column 0, outputs are sensed, at ground, below the last row.

    Attributes
    ----------
    row_resistance, column_resistance : float
        Of an input line, of an output line, from one cell to the next [ohm], 0 to 1e6.
    layout : str
        ``"separate"``: every plane of devices is an array of its own; ``"interleaved"``: the planes'
        columns alternate on common input lines.
    method : str
        ``"ladder"``: within a stated error (eq:ir-drop), 60 ns per device; ``"circuit"``: exact, and as
        costly as ``rows`` solutions of a dense system of ``columns``. Paid when devices change only.
    """

    row_resistance: float = Field(ge=0, le=1e6)
    column_resistance: float = Field(ge=0, le=1e6)
    layout: Literal["separate", "interleaved"] = "separate"
    method: Literal["ladder", "circuit"] = "ladder"

    def effective(self, g: NDArray[np.float32]) -> NDArray[np.float32]:
        """Conductances that the devices of one tile seem to have, ``I = V @ effective(g)``.

        Parameters
        ----------
        g : (planes, rows, columns) float32 [µS]

        Returns
        -------
        (planes, rows, columns) float32 [µS]
        """
        planes, rows, columns = g.shape
        siemens = g.astype(np.float64) * MICRO
        find = ladder if self.method == "ladder" else circuit
        if self.layout == "separate":
            found = np.stack([find(a, self.row_resistance, self.column_resistance) for a in siemens])
        else:
            common = siemens.transpose(1, 2, 0).reshape(rows, columns * planes)
            found = find(common, self.row_resistance, self.column_resistance)
            found = found.reshape(rows, columns, planes).transpose(2, 0, 1)
        return np.ascontiguousarray(found / MICRO, np.float32)


def ladder(g: Floats, row_resistance: float, column_resistance: float) -> Floats:
    """Effective conductances from each wire alone, and what wires exchange on average (eq:ir-drop).

    The error is of second order in the loss at the far corner (eq:ir-drop-loss), and 0 where one kind
    of wire is ideal.

    Parameters
    ----------
    g : (rows, columns) float64 [S]
    row_resistance, column_resistance : float [ohm], >= 0
    """
    left, right = np.empty((g.shape[1], g.shape[0])), np.empty(g.shape)
    kernel.follow_wires(np.ascontiguousarray(g.T), row_resistance, left)
    kernel.follow_wires(np.ascontiguousarray(g[::-1]), column_resistance, right)
    p, q = left.T, right[::-1]
    return np.asarray(p * q * (g + g.mean() * (1.0 - p) * (1.0 - q)))


def circuit(g: Floats, row_resistance: float, column_resistance: float) -> Floats:
    """Effective conductances of the whole circuit, exactly (eq:kirchhoff, eq:elimination); as ``ladder``.

    Row by row, all above is replaced by what the output lines see of it: an admittance between them,
    and the current that a unit of each input drives into them.
    """
    rows, columns = g.shape
    upstream = np.minimum.outer(np.arange(columns), np.arange(columns)) + 1.0  # segments that two cells share
    identity = np.eye(columns)
    admittance, current = np.zeros((columns, columns)), np.zeros((columns, rows))
    for i, row in enumerate(g):
        coupling = row_resistance * upstream * row
        line = np.linalg.solve(identity + coupling, np.column_stack((np.ones(columns), coupling)))
        current[:, i] = row * line[:, 0]
        admittance += row[:, None] * (identity - line[:, 1:])
        both = np.column_stack((admittance, current[:, : i + 1]))
        below = np.linalg.solve(identity + column_resistance * admittance, both)
        admittance[:], current[:, : i + 1] = below[:, :columns], below[:, columns:]
    return current.T
