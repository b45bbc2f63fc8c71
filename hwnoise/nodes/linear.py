"""Linear maps: what a crossbar computes."""

from __future__ import annotations

from dataclasses import dataclass

from hwnoise.errors import InputError
from hwnoise.nodes.base import Array, Node, Shape, shape_text, store_array


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Linear(Node):
    """y = W x.

    Parameters
    ----------
    weight : (n_out, n_in) float32 or float64
        W.
    """

    weight: Array

    def __post_init__(self) -> None:
        store_array(self, "weight", ndim=2)

    def output_shape(self, shape: Shape) -> Shape:
        """Return ``(n_out,)`` for ``(n_in,)``."""
        return _dense_shape(self.kind, self.weight, shape)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Affine(Node):
    """y = W x + b.

    Parameters
    ----------
    weight : (n_out, n_in) float32 or float64
        W.
    bias : (n_out,) float32 or float64
        b.
    """

    weight: Array
    bias: Array

    def __post_init__(self) -> None:
        weight = store_array(self, "weight", ndim=2)
        bias = store_array(self, "bias")
        if bias.shape != weight.shape[:1]:
            raise InputError(f"Affine.bias must have shape {weight.shape[:1]}, got {bias.shape}")

    def output_shape(self, shape: Shape) -> Shape:
        """Return ``(n_out,)`` for ``(n_in,)``."""
        return _dense_shape(self.kind, self.weight, shape)


def _dense_shape(kind: str, weight: Array, shape: Shape) -> Shape:
    n_out, n_in = weight.shape
    if shape != (n_in,):
        hint = " (put a Flatten before it)" if len(shape) > 1 else ""
        raise InputError(f"{kind} takes {n_in} inputs, gets {shape_text(shape)}{hint}")
    return (n_out,)
