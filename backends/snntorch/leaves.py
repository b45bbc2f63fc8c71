"""What derivatives are taken by, and how a probe asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.layer import Layer
from hwnoise.errors import MismatchError
from hwnoise.network import Network

FROM_HOST = frozenset({"derivatives", "error", "curvature"})  # not seen by the chip itself


def without_derivatives(probe: Probe) -> Probe:
    """What is left of ``probe`` for a chip that knows no derivatives.

    Raises
    ------
    MismatchError
        If derivatives are asked for beside a read-back of the weights.
    """
    if {"weights", "derivatives"} <= probe.observe:
        raise MismatchError("weights are read back between passes: ask for derivatives in another probe")
    return replace(probe, observe=probe.observe - FROM_HOST)


def leaves_of(network: Network, layers: Mapping[str, Layer], device: torch.device) -> dict[str, Tensor]:
    """How far each parameter is moved from where it is: zeros, by which derivatives are taken.

    They have the shapes that ``Program.write`` takes; a node without a bias has one on its chip.
    """
    parameters, shapes = network.parameters(), {}
    for name, layer in layers.items():
        shapes[f"{name}.weight"] = parameters[f"{name}.weight"].shape
        shapes[f"{name}.bias"] = (layer.n_out,)
    return {name: torch.zeros(shape, device=device, requires_grad=True) for name, shape in shapes.items()}


def tensor_by_pass(rows: Tensor, probe: Probe) -> Tensor:
    """Rows in reading order, seen as [pass, sample, ...]."""
    samples, shape = len(rows) // probe.passes, rows.shape[1:]
    if probe.order == "interleaved":
        return rows.reshape(samples, probe.passes, *shape).swapaxes(0, 1)
    return rows.reshape(probe.passes, samples, *shape)
