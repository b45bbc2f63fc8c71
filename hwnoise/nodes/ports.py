"""Where data enters and leaves a network."""

from __future__ import annotations

from dataclasses import dataclass

from hwnoise.errors import InputError
from hwnoise.nodes.base import Node, Shape, as_shape, shape_text, store


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fixed(Node):
    """A node that passes on arrays of one shape.

    Parameters
    ----------
    shape : tuple of int
        Shape of one sample, without the batch.
    """

    shape: Shape

    def __post_init__(self) -> None:
        store(self, "shape", as_shape(self.shape, f"{self.kind}.shape"))

    def output_shape(self, shape: Shape) -> Shape:
        """Return ``shape``, which must be the node's own."""
        if shape != self.shape:
            raise InputError(f"{self.kind} takes {shape_text(self.shape)}, gets {shape_text(shape)}")
        return shape


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Input(Fixed):
    """The samples handed to the network, of the given ``shape``: y = x."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Output(Fixed):
    """What the network hands back, of the given ``shape``: y = x."""
