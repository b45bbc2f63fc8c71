"""What comes out of the whole pipeline for what goes in: converters, devices and noise together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator import backend
from hwnoise.datasheet.panel import Axis, Panel, curve
from hwnoise.network import Network
from hwnoise.nodes import Affine, Input, Output
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float64]
INPUTS = 21
NODES, READS = 32, 8  # of each input: a spread known to 4 %
_OF_THE_PIPELINE = ("dac", "adc", "output_noise", "photonic_mesh", "node_noise")
_EDGES = (("input", "nodes"), ("nodes", "output"))


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """Output against input at a weight of full range; nothing on chips that compute with whole numbers."""
    present = kind.effects()
    if "fixed_point" in present or not any(name in present for name in _OF_THE_PIPELINE):
        return []
    x = np.linspace(0, 1, INPUTS)
    y = outputs(kind, x, stream)
    return [
        Panel(
            "transfer",
            "Output against input",
            f"a weight of full range behind all converters: {NODES} nodes, {READS} reads, mean and standard "
            "deviation; the line is the exact product",
            Axis("input [share of full scale]"),
            Axis("output [share of full scale]"),
            formula=(curve(x, x),),
            simulated=(curve(x, y.mean(axis=1), y.std(axis=1)),),
        )
    ]


def outputs(kind: Substrate, x: Floats, stream: Stream) -> Floats:
    """Node values (inputs, nodes * reads) for inputs ``x``; a second line, without weight, is always full."""
    weight = np.zeros((NODES, 2), np.float32)
    weight[:, 0] = 1
    nodes = {
        "input": Input((2,)),
        "nodes": Affine(weight, np.zeros(NODES, np.float32)),
        "output": Output((NODES,)),
    }
    chip = backend.compile(Network(nodes, _EDGES), kind, stream)
    rows = np.stack([np.repeat(x, READS), np.ones(len(x) * READS)], axis=1)
    return np.asarray(chip.run(rows).output[0], np.float64).reshape(len(x), -1)
