"""A read by our own kernels, on the memory of CPU tensors: every effect, and the emulator's bits."""

from __future__ import annotations

import torch
from torch import Tensor

from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.active import Active
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.threads import one_blas_thread


class KernelReader:
    """Reads ``layer`` as the emulator does.

    Parameters
    ----------
    layer : Layer
    spikes : bool
        Whether inputs may be spikes, few of them, which are then added one by one: a sum in another
        order than that of the emulator's networks without time.
    """

    def __init__(self, layer: Layer, spikes: bool = False) -> None:
        self.layer, self.spikes = layer, spikes

    def read(
        self, x: Tensor, tick: int, quiet: Tensor | None, probe: Probe, steps: int = 1
    ) -> tuple[Tensor, Tensor | None]:
        """Read the layer once per row, at consecutive ticks from ``tick``.

        Parameters
        ----------
        x : (rows, n_in) float32
        tick : int
        quiet : (rows,) bool, optional
            Rows read with all noise switched off that moves within a block of reads.
        probe : Probe
            Says which rows belong to which pass.
        steps : int
            Rows that a pass of a sample has: 1 without time.

        Returns
        -------
        node : (rows, n_out) float32
        known : (rows, n_out) float32, or None
            That part of the node noise which the chip knows.
        """
        still = None if quiet is None else quiet.numpy()
        rows = x.numpy()
        with one_blas_thread():
            active = Active.sparse(rows)[0] if self.spikes else None
            node, known = self.layer.forward(rows, tick, still, probe, steps, active)
        return torch.from_numpy(node), None if known is None else torch.from_numpy(known)
