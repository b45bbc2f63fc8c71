"""One dense layer of a chip, read in torch, with derivatives straight through its physics."""

from __future__ import annotations

import torch
from torch import Tensor

from hwnoise.backends.base import ONE_PASS, Probe
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.snntorch.device_reader import DeviceReader
from hwnoise.backends.snntorch.kernel_reader import KernelReader
from hwnoise.backends.snntorch.straight_through import smooth_read, straight_through
from hwnoise.errors import MismatchError


class TorchLayer:
    """Reads the devices of ``layer``; what they hold stays with the layer.

    On the CPU our kernels compute the read, elsewhere torch does, from the same draws.
    """

    def __init__(self, layer: Layer, device: torch.device, spikes: bool = False) -> None:
        self.layer = layer
        self._reader = KernelReader(layer, spikes) if device.type == "cpu" else DeviceReader(layer)

    def forward(
        self,
        x: Tensor,
        tick: int,
        quiet: Tensor | None = None,
        probe: Probe = ONE_PASS,
        steps: int = 1,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Read the layer once per row, at consecutive ticks from ``tick``.

        Parameters
        ----------
        x, tick, quiet, probe, steps
            See ``KernelReader.read``.
        weight : (n_out, n_in) float32, optional
            Takes the derivatives by what the devices hold, whatever its own value.
        bias : (n_out,) float32, optional
            Likewise; with ``weight`` only.

        Returns
        -------
        node : (rows, n_out) float32
        known : (rows, n_out) float32, or None
            That part of the node noise which the chip knows.
        """
        with torch.no_grad():
            node, known = self._reader.read(x.detach().contiguous(), tick, quiet, probe, steps)
        if weight is None:
            return node, known
        if probe.passes > 1 and len(self.layer.placements) > 1:
            raise MismatchError("two arrays take passes in turn: ask for derivatives in single passes")
        smooth = smooth_read(self.layer, x, tick, weight)
        return straight_through(node, smooth if bias is None else smooth + bias), known
