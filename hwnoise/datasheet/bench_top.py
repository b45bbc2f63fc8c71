"""A chip on the bench: single devices, set to known values, behind exact converters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwnoise.backends.base import Program
from hwnoise.backends.emulator import backend
from hwnoise.network import Network
from hwnoise.nodes import Affine, Input, Output
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float64]
_PERIPHERY = ("dac", "adc", "converter_mismatch", "tile", "ir_drop", "conduction")
_EDGES = (("input", "devices"), ("devices", "output"))


def without(kind: Substrate, *effects: str) -> Substrate:
    """``kind`` without converters, tiles, wires, curves and ``effects``; one range for all weights."""
    gone: dict[str, Any] = dict.fromkeys((*_PERIPHERY, *effects))
    if kind.conductance is not None:
        gone["conductance"] = kind.conductance.model_copy(update={"scaling": "layer"})
    return kind.model_copy(update=gone)


def on_bench(kind: Substrate, weights: ArrayLike, stream: Stream) -> Program:
    """Put ``weights`` (n,), shares of the range, on devices that share one input line."""
    column = np.asarray(weights, np.float32).reshape(-1, 1)
    bias = np.zeros(len(column), np.float32)
    nodes = {"input": Input((1,)), "devices": Affine(column, bias), "output": Output((len(column),))}
    return backend.compile(Network(nodes, _EDGES), kind, stream)


def read(program: Program, times: int, drive: float = 1.0) -> Floats:
    """Read all devices ``times`` times in a row with an input of ``drive``: (times, n)."""
    x = np.full((times, 1), drive, np.float32)
    return np.asarray(program.run(x).output[0], np.float64)


def state_of(program: Program, name: str) -> NDArray[np.float32]:
    """One array of the devices' state, such as ``"g"`` (planes, n)."""
    return np.asarray(program.state()[f"layers/devices/{name}"])
