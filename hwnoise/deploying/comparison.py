"""Two recordings of the same network, compared at every step of every neuron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Comparison:
    """How far two recordings agree.

    Attributes
    ----------
    values : int
        Spikes and membranes that were compared.
    spikes, membranes : int
        How many of them differ.
    first : str
        Where the first difference is; empty if there is none.
    """

    values: int
    spikes: int
    membranes: int
    first: str = ""

    @property
    def mismatches(self) -> int:
        """All differences."""
        return self.spikes + self.membranes


def compare(
    spikes: tuple[Mapping[str, Array], Mapping[str, Array]],
    membranes: tuple[Mapping[str, Array], Mapping[str, Array]],
) -> Comparison:
    """Compare what both members of each pair have recorded.

    Parameters
    ----------
    spikes, membranes : pair of mappings of str to (samples, steps, n) integers
        By population; membranes after the reset of what spiked. A population that the second
        member lacks was not observable there.

    Returns
    -------
    Comparison
    """
    counts = {"spike": 0, "membrane": 0}
    values, first = 0, ""
    for what, (ours, theirs) in zip(counts, (spikes, membranes), strict=True):
        for name in theirs:
            differs = np.asarray(ours[name]).reshape(theirs[name].shape) != theirs[name]
            values += differs.size
            counts[what] += int(np.count_nonzero(differs))
            if differs.any() and not first:
                first = _place(what, name, differs, ours[name], theirs[name])
    return Comparison(values, counts["spike"], counts["membrane"], first)


def _place(what: str, name: str, differs: Array, ours: Array, theirs: Array) -> str:
    """Say where the first difference is, and what either has there."""
    flat = differs.reshape(*differs.shape[:2], -1)
    sample, step, neuron = np.argwhere(flat)[0].tolist()
    pair = (int(array.reshape(flat.shape)[sample, step, neuron]) for array in (ours, theirs))
    return f"{what} of {name} neuron {neuron} in sample {sample}, step {step}: {next(pair)} and {next(pair)}"
