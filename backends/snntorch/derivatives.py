"""Derivatives of one reading by the parameters, from torch's graph of the pass that was run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hwnoise.backends.snntorch.threads import one_torch_thread
from hwnoise.errors import InputError

Array = NDArray[Any]


class TorchDerivatives:
    """Implements ``hwnoise.backends.base.SecondDerivatives``.

    Parameters
    ----------
    output : Tensor
        With its graph; of any shape.
    parameters : mapping of str to Tensor
        The leaves of that graph.
    """

    def __init__(self, output: Tensor, parameters: Mapping[str, Tensor]) -> None:
        self._output, self._parameters = output, dict(parameters)

    @one_torch_thread()
    def backward(self, error: Array) -> dict[str, Array]:
        """Vector-Jacobian product with ``error`` (the shape of the output): one array per parameter."""
        return self._named(self._pull(self._like_output(error)))

    @one_torch_thread()
    def forward(self, direction: Mapping[str, Array]) -> Array:
        """Jacobian-vector product along ``direction`` in parameter space: the shape of the output.

        The vector-Jacobian product is linear in its vector: its own derivative by that vector is this.
        """
        error = torch.zeros_like(self._output, requires_grad=True)
        pulled = _inner(self._pull(error, keep=True), self._along(direction))
        if not pulled.requires_grad:
            return np.zeros(tuple(self._output.shape), np.float32)
        (found,) = torch.autograd.grad(pulled, error)
        return found.cpu().numpy()

    @one_torch_thread()
    def backward_change(self, error: Array, direction: Mapping[str, Array]) -> dict[str, Array]:
        """How ``backward(error)`` changes per unit step along ``direction``, with ``error`` held."""
        pulled = _inner(self._pull(self._like_output(error), keep=True), self._along(direction))
        if not pulled.requires_grad:
            return self._named([None] * len(self._parameters))
        leaves = list(self._parameters.values())
        return self._named(torch.autograd.grad(pulled, leaves, retain_graph=True, allow_unused=True))

    def at_step(self, step: int) -> TorchDerivatives:
        """Those of the output at one step, of outputs [pass, sample, step, ...]."""
        return TorchDerivatives(self._output[:, :, step], self._parameters)

    def _pull(self, error: Tensor, keep: bool = False) -> tuple[Tensor | None, ...]:
        """Vector-Jacobian products; None for a parameter that the output does not depend on."""
        found: tuple[Tensor | None, ...] = torch.autograd.grad(
            self._output, list(self._parameters.values()), error,
            retain_graph=True, create_graph=keep, allow_unused=True,
        )  # fmt: skip
        return found

    def _like_output(self, error: Array) -> Tensor:
        found = torch.tensor(np.asarray(error, np.float32), device=self._output.device)
        if found.shape != self._output.shape:
            shapes = tuple(found.shape), tuple(self._output.shape)
            raise InputError(f"an error of shape {shapes[0]} does not fit outputs of shape {shapes[1]}")
        return found

    def _along(self, direction: Mapping[str, Array]) -> list[Tensor | None]:
        """The direction, parameter by parameter; None where it stands still."""
        unknown = sorted(direction.keys() - self._parameters.keys())
        if unknown:
            raise InputError(f"the network on this chip has no parameter '{unknown[0]}'")
        return [
            torch.tensor(np.asarray(direction[name], np.float32), device=leaf.device)
            if name in direction
            else None
            for name, leaf in self._parameters.items()
        ]

    def _named(self, values: tuple[Tensor | None, ...] | list[None]) -> dict[str, Array]:
        return {
            name: np.zeros(tuple(leaf.shape), np.float32) if value is None else value.cpu().numpy()
            for (name, leaf), value in zip(self._parameters.items(), values, strict=True)
        }


def _inner(pulled: tuple[Tensor | None, ...], along: list[Tensor | None]) -> Tensor:
    """Sum of products over all parameters."""
    terms = [(p * d).sum() for p, d in zip(pulled, along, strict=True) if p is not None and d is not None]
    return torch.stack(terms).sum() if terms else torch.zeros(())
