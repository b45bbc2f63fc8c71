"""Small chips of every kind, batches for them, and comparison bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise import Network, Stream, substrate
from hwnoise.backends.emulator import backend
from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.graph import Edge
from hwnoise.nodes import Affine, Input, Node, Output
from hwnoise.substrate import Substrate

Array = NDArray[Any]
PERIOD = 1e-6  # s between two reads of the chips made here


def kind(**tables: Any) -> Substrate:
    """A substrate of these tables and nothing else; reads are a microsecond apart."""
    clock = {"clock": {"read_period": PERIOD}}
    return substrate.parse({"name": "tiny", "kind": "test chip", **clock, **tables})


EXACT = kind()
PAIRS = kind(conductance={}, write={"step": 0.04})  # analog devices, and not one imperfection
WHITE = kind(read_noise={"sigma": 0.02}, quiet="chip")
WHITE_PAIRS = kind(conductance={}, read_noise={"sigma": 0.02, "dependence": "sqrt"}, quiet="chip")
KNOWN = kind(node_noise={"sigma": 0.1, "handles": ["known", "paired"]}, quiet="chip")
TELEGRAPH = kind(telegraph={"amplitude": 0.3, "offset": 0.05, "sigma": 0.02, "flip": 0.1})
PCM = substrate.load("pcm")
ALL = {"pcm": PCM, "white": WHITE, "white pairs": WHITE_PAIRS, "known": KNOWN, "telegraph": TELEGRAPH}


def chip(
    on: Substrate,
    sizes: str = "6-5-3",
    *,
    seed: int = 1,
    headroom: float = 1.0,
    activation: str = "tanh",
    readout: str = "softmax",
) -> EmulatorProgram:
    """A chip of the kind ``on`` with a random network, which depends on ``sizes`` alone."""
    network = Network.mlp(sizes, Stream(3, "network"), activation, readout)
    return backend.compile(network, on, Stream(seed, "chip"), headroom=headroom)


def layers(*weights: Array) -> Network:
    """A network of dense layers "a", "b", ... with these weights (n_out, n_in) and nothing between."""
    nodes: dict[str, Node] = {"input": Input((weights[0].shape[1],))}
    for name, weight in zip("abcdef", weights, strict=False):
        nodes[name] = Affine(np.asarray(weight, np.float32), np.zeros(len(weight), np.float32))
    nodes["output"] = Output((len(weights[-1]),))
    names = list(nodes)
    edges: tuple[Edge, ...] = tuple(pairwise(names))
    return Network(nodes, edges)


def on_chip(network: Network, on: Substrate, *, seed: int = 1, headroom: float = 1.0) -> EmulatorProgram:
    """A chip of the kind ``on`` with ``network``."""
    return backend.compile(network, on, Stream(seed, "chip"), headroom=headroom)


def batch(samples: int, n_in: int = 6, seed: int = 4) -> Array:
    """Inputs (samples, n_in) in [-1, 1]."""
    return Stream(seed, "batch").generator().uniform(-1, 1, (samples, n_in)).astype(np.float32)


def assert_same_bits(first: Mapping[str, Array], second: Mapping[str, Array]) -> None:
    """Check that two records have the same names, and arrays equal bit for bit."""
    assert first.keys() == second.keys()
    for name, values in first.items():
        assert values.dtype == second[name].dtype, name
        assert values.tobytes() == second[name].tobytes(), name
