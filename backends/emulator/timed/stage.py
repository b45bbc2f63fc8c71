"""What carries a block of rows and steps through one node of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.active import Active
from hwnoise.backends.emulator.read import aligned_empty

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
State = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Moment:
    """When and how a block is read.

    Attributes
    ----------
    tick : int
        Of the first step of the first row; step t of row r is read at ``tick + r steps + t``.
    probe : Probe
    quiet : (rows, steps) bool, optional
        Steps read without noise.
    observes : bool
        Whether membranes are wanted.
    listed : Active, optional
        The network's input as lists of what is active.
    """

    tick: int
    probe: Probe
    quiet: Mask | None = None
    observes: bool = False
    listed: Active | None = None


class Outcome(NamedTuple):
    """What a node gives: ``out`` (rows, steps, n), and what else was seen there.

    ``membranes`` (rows, steps, n) are those of neurons, where observed; ``known`` (rows, steps, n) is
    the noise on an array's nodes that the chip knows.
    """

    out: Floats
    membranes: Floats | None = None
    known: Floats | None = None


class Stage(Protocol):
    """One node on the chip. Rows are independent of each other; steps of a row follow each other."""

    def begin(self, rows: int) -> State:
        """Return the states (rows, ...) of ``rows`` sequences that start from rest."""

    def resume(self) -> State:
        """Return the state (1, ...) in which the last sequence ended."""

    def run(self, x: Floats, state: State, moment: Moment) -> Outcome:
        """Carry ``x`` (rows, steps, n) on from ``state``, which is overwritten."""

    def end(self, state: State) -> None:
        """Keep the state in which the last row of ``state`` ended."""


class Memoryless:
    """Base of stages without a state."""

    def begin(self, rows: int) -> State:
        """Nothing."""
        return {}

    def resume(self) -> State:
        """Nothing."""
        return {}

    def end(self, state: State) -> None:
        """Nothing to keep."""


class Remembering:
    """Base of stages with a state: named arrays of one row, kept between runs in ``held``."""

    def __init__(self, rest: State) -> None:
        self.held = rest
        self._rest = {key: value.copy() for key, value in rest.items()}

    def begin(self, rows: int) -> State:
        """Return ``rows`` copies of the state at rest."""
        return {key: _repeated(value, rows) for key, value in self._rest.items()}

    def resume(self) -> State:
        """Return the state in which the last sequence ended."""
        return {key: value[None].copy() for key, value in self.held.items()}

    def end(self, state: State) -> None:
        """Keep the state in which the last row of ``state`` ended."""
        self.held = {key: value[-1].copy() for key, value in state.items()}


def _repeated(value: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return ``rows`` copies of ``value``, floats from a cache line on: kernels are half as fast off it."""
    shape = rows, *value.shape
    found = aligned_empty(shape) if value.dtype == np.float32 else np.empty(shape, value.dtype)
    found[:] = value
    return found
