"""Convolutions on arrays against the same noisy read of patches that are there already."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from hwnoise import substrate
from hwnoise.backends.base import ONE_PASS
from hwnoise.backends.emulator.timed.convolution import convolution_on
from hwnoise.backends.emulator.timed.stage import Moment
from hwnoise.bench.timing import Case, Parts, Work
from hwnoise.network import Network
from hwnoise.nodes import Conv2d
from hwnoise.streams import Stream

SIZES = {"digits": "1x28x28-c8k5-10", "maps": "16x14x14-c32k3-10"}
SAMPLES = 32
LIMIT = 1.5
AGAINST = {"": ("read of its patches",), ", to one product": ("patches @ W",)}


def cases() -> Iterator[Case]:
    """A layer of few filters on large images, and one of many on small maps, with white read noise."""
    for name, sizes in SIZES.items():
        image = sizes.rpartition("-")[0]
        note = "the same read of as many rows, patches ready"
        yield Case(
            f"convolution of {name}, {image}, batch {SAMPLES}",
            partial(prepare, sizes),
            AGAINST,
            LIMIT,
            note=note,
        )


def prepare(sizes: str) -> tuple[Work, Parts]:
    """The first layer of a network on white, noisy pairs of devices."""
    kind = substrate.parse(
        {"name": "bench", "kind": "pairs", "conductance": {}, "read_noise": {"sigma": 0.02}}, "bench"
    )
    network = Network.cnn(sizes, Stream(0, "bench/network"))
    node, shape = network.nodes["conv1"], network.input_shapes["conv1"]
    assert isinstance(node, Conv2d)
    stage = convolution_on("conv1", node, shape, kind, Stream(0, "bench/chip"), 1.0)
    layer, moment = stage.layer, Moment(0, ONE_PASS)
    x = Stream(0, "bench/x").generator().uniform(0.1, 1, (SAMPLES, network.n_inputs)).astype(np.float32)
    ready = stage.patches.taken(x)
    weight = np.ascontiguousarray(layer.true_weights(0).T)
    out = np.empty((len(ready), layer.n_out), np.float32)
    return lambda: stage.run(x[:, None], {}, moment), {
        "read of its patches": lambda: layer.forward(ready, 0),
        "patches @ W": lambda: np.matmul(ready, weight, out=out),
    }
