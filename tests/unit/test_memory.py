"""Training keeps two passes' activations, one gradient, and little else beside the loaded chip."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from tiny import PCM, TELEGRAPH, WHITE, WHITE_PAIRS, batch, chip

from hwnoise import learners, losses, optimizers
from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.substrate import Substrate

SLACK = 1.10  # of two passes' activations and one gradient
DEEP, WIDE = "-".join(["1024"] * 11 + ["10"]), "-".join(["512"] * 11 + ["10"])


def step(program: EmulatorProgram, samples: int) -> None:
    """One step of training, as ``training.fit`` makes it."""
    layers = program.network.dense_layers()
    x = batch(samples, layers[0].weight.shape[1])
    learner, optimizer = learners.make("anp"), optimizers.make("sgd", learning_rate=0.1)
    learner.bind(program.network, program.capabilities)
    reading = program.run(x, learner.ask(0, samples))
    lost = losses.cross_entropy(reading.output, np.arange(samples) % 3)
    program.write(optimizer.update(learner.tell(reading, lost), 0, 1))


def growth(program: EmulatorProgram, samples: int) -> float:
    """Most memory that a step needs beside the chip, over what the limit is a multiple of."""
    layers = program.network.dense_layers()
    nodes = sum(len(layer.weight) for layer in layers)
    parameters = sum(layer.weight.size + layer.bias.size for layer in layers)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step(program, samples)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return (peak - before) / (4 * (2 * samples * nodes + parameters))


def test_a_deep_network_on_noisy_memory() -> None:
    """Ten layers of 1024, batch 256: 1.08 of 63 MB when this was written."""
    step(chip(WHITE), 256)  # compiled code and thread pools are no part of the step
    assert growth(chip(WHITE, DEEP), 256) < SLACK


@pytest.mark.parametrize("on", [PCM, WHITE_PAIRS, TELEGRAPH], ids=["pcm", "white pairs", "telegraph"])
def test_a_wide_network_on_devices(on: Substrate) -> None:
    step(chip(on, WIDE), 128)  # of the same size: a larger one may call kernels that a small one does not
    assert growth(chip(on, WIDE), 128) < SLACK
