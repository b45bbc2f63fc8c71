"""A photonic mesh: weights as blocks of interferometers, set by phases (eq:mesh-rotations, eq:mesh-phase)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.effect import Effect
from hwnoise.kernels import photonic_mesh as kernel

Floats = NDArray[np.float64]
TURN = 2 * math.pi


class PhotonicMesh(Effect):
    """Each block of weights is ``U diag(s) V``: two triangular meshes of rotations, attenuators between them.

    What is modelled is the matrix that light sees: real amplitudes, no loss, exact couplers and
    detectors. Every phase is off by a factor of its shifter, fixed per chip, and by a share of
    the phases of the shifters beside it.

    Attributes
    ----------
    block : int
        Waveguides of a mesh, 2 to 64; larger matrices are cut into blocks.
    phase_spread : float
        Standard deviation of a shifter's gain, relative, 0 to 1.
    crosstalk : float
        Share of the phase of each neighbour in the same column of a mesh that is added, 0 to 1.
    phase_bits : int, optional
        Bits of a phase over a full turn, 1 to 24; exact if not given.
    """

    block: int = Field(default=8, ge=2, le=64)
    phase_spread: float = Field(default=0.0, ge=0, le=1)
    crosstalk: float = Field(default=0.0, ge=0, le=1)
    phase_bits: int | None = Field(default=None, ge=1, le=24)

    @property
    def shifters(self) -> int:
        """Phase shifters of one mesh."""
        return self.block * (self.block - 1) // 2

    def neighbours(self) -> NDArray[np.int64]:
        """Shifters (shifters, 2) beside each in the same column of the mesh, -1 for none."""
        places = [(c, r) for c in range(self.block - 1) for r in range(self.block - 1, c, -1)]
        number = {place: m for m, place in enumerate(places)}
        beside = [(number.get((c - 1, r - 2), -1), number.get((c + 1, r + 2), -1)) for c, r in places]
        return np.array(beside, np.int64)

    def realised(self, matrices: Floats, gains: tuple[Floats, Floats, Floats]) -> Floats:
        """What a chip makes of ``matrices`` (blocks, n, n), whose singular values are at most 1.

        Parameters
        ----------
        matrices : (blocks, n, n) float64
        gains : tuple of (blocks, shifters), (blocks, n), (blocks, shifters) float64
            Of the shifters of the left mesh, of the attenuators, and of the right mesh.
        """
        left, values, right = np.linalg.svd(matrices)
        phases = self._quantized(np.arccos(np.clip(values, 0.0, 1.0)))
        seen = np.cos(gains[1] * phases)
        return np.asarray(self._mesh(left, gains[0]) * seen[:, None, :] @ self._mesh(right, gains[2]))

    def _mesh(self, orthogonal: Floats, gain: Floats) -> Floats:
        blocks, n, _ = orthogonal.shape
        phases, signs = np.empty((blocks, self.shifters)), np.empty((blocks, n))
        kernel.decompose(np.ascontiguousarray(orthogonal), phases, signs)
        seen, out = np.empty_like(phases), np.empty((blocks, n, n))
        kernel.disturb(self._quantized(phases), self.neighbours(), self.crosstalk, gain, seen)
        kernel.compose(seen, signs, out)
        return out

    def _quantized(self, phases: Floats) -> Floats:
        if self.phase_bits is None:
            return phases
        step = TURN / 2**self.phase_bits
        return np.asarray(np.rint(phases / step) * step)
