"""Small networks with time, chips for them, and spikes to feed them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tiny import EXACT

from hwnoise import Network, Stream
from hwnoise.backends.base import Probe, Reading
from hwnoise.backends.emulator import backend
from hwnoise.backends.emulator.timed.program import TimedProgram
from hwnoise.nodes import Affine, Input, Linear, Node, Output
from hwnoise.substrate import Substrate

Array = NDArray[Any]
DT = 1e-3
WATCH = Probe(observe=frozenset({"spikes", "membranes", "nodes"}))


def chain(nodes: Mapping[str, Node], *, reset: str | None = "zero", **metadata: Any) -> Network:
    """A network of ``nodes`` one after the other, between the Input and Output that fit."""
    first, last = next(iter(nodes.values())), next(reversed(nodes.values()))
    n_in = first.weight.shape[1:] if isinstance(first, (Affine, Linear)) else first.shape  # type: ignore[attr-defined]
    n_out = last.weight.shape[:1] if isinstance(last, (Affine, Linear)) else last.shape  # type: ignore[attr-defined]
    whole = {"input": Input(n_in), **nodes, "output": Output(n_out)}
    return Network(whole, tuple(pairwise(whole)), dt=DT, reset=reset, metadata=metadata)


def on_chip(network: Network, on: Substrate = EXACT, *, seed: int = 1, headroom: float = 1.0) -> TimedProgram:
    """A chip of the kind ``on`` with ``network``."""
    program = backend.compile(network, on, Stream(seed, "chip"), headroom=headroom)
    assert isinstance(program, TimedProgram)
    return program


def watched(network: Network, x: Array, on: Substrate = EXACT) -> Reading:
    """What a fresh chip shows of one pass over ``x``."""
    return on_chip(network, on).run(x, WATCH)


def spikes(samples: int, steps: int, n_in: int, activity: float = 0.3, seed: int = 4) -> Array:
    """Inputs (samples, steps, n_in) of 0 and 1."""
    drawn = Stream(seed, "spikes").generator().random((samples, steps, n_in))
    return (drawn < activity).astype(np.float32)
