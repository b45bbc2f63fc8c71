"""Activations in torch: the emulator's values, and slopes that autograd can follow (eq:activations)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from hwnoise.backends.emulator import activations as emulator
from hwnoise.backends.snntorch.straight_through import straight_through

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda a: torch.softmax(a, dim=-1),
}


def activate(name: str, a: Tensor) -> Tensor:
    """Apply the activation ``name`` to node values (rows, n); on the CPU to the bits of the emulator."""
    if name == "identity":
        return a
    if a.device.type != "cpu":
        return ACTIVATIONS[name](a)
    value = torch.from_numpy(emulator.activate(name, a.detach().numpy()))
    return straight_through(value, ACTIVATIONS[name](a)) if a.requires_grad else value
