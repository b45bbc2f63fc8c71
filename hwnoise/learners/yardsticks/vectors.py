"""Parameters by name as one flat vector, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hwnoise.backends.base import Array


@dataclass(frozen=True)
class Layout:
    """Names and shapes in the order in which they lie in a vector."""

    shapes: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, values: Mapping[str, Array]) -> Layout:
        """The layout of these parameters."""
        return cls({name: array.shape for name, array in values.items()})

    def pack(self, values: Mapping[str, Array]) -> Array:
        """One float64 vector; solvers need the digits."""
        return np.concatenate([np.asarray(values[name], np.float64).reshape(-1) for name in self.shapes])

    def unpack(self, vector: Array) -> dict[str, Array]:
        """Fresh float32 arrays by name."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes.values()])
        parts = np.split(vector, ends[:-1])
        return {
            name: part.reshape(shape).astype(np.float32)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }
