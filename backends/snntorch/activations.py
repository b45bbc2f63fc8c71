"""Activations in torch, as the emulator computes them (eq:activations)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda a: a,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda a: torch.softmax(a, dim=-1),
}


def activate(name: str, a: Tensor) -> Tensor:
    """Apply the activation ``name`` to node values (rows, n)."""
    return ACTIVATIONS[name](a)
