"""Reads of phase-change memory, whose 1/f noise draws every device anew every few reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from hwnoise import substrate
from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.backends.emulator.read import TILE, aligned_empty
from hwnoise.bench.reads import AGAINST, KEY, SHAPES, TICK, Shape, inputs_and_outputs
from hwnoise.bench.timing import Case, Parts, Work
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.network import Network
from hwnoise.streams import Stream

BATCHES = (TILE, 4 * TILE)
LIMIT = 1.25
FILLS = TILE // 4 + TILE // 16 + TILE // 64  # of W in TILE reads: bands that hold for 4, 16 and 64
PRODUCTS = ("x @ W", "x² @ S²", "fill of y", "fills of W")


def cases() -> Iterator[Case]:
    """Whole reads by a Program, converters and all, against their products and draws."""
    against = {"": PRODUCTS, **{k: v for k, v in AGAINST.items() if k}}
    for shape in SHAPES:
        for batch in BATCHES:
            name = f"pcm read {shape[0]}x{shape[1]} batch {batch}"
            note = f"2 products + fill of y + {FILLS} fills of W per {TILE} rows"
            yield Case(name, partial(prepare, shape, batch), against, LIMIT, note=note)


def chip(sizes: str, readout: str = "softmax") -> EmulatorProgram:
    """A network of random weights on a phase-change chip."""
    network = Network.mlp(sizes, Stream(0, "bench/network"), readout=readout)
    return EmulatorProgram(network, substrate.load("pcm"), Stream(0, "bench/chip"), 1.0)


def prepare(shape: Shape, batch: int) -> tuple[Work, Parts]:
    """A chip that starts at tick 0 and reads whole tiles, so that each lies within one holding time."""
    program = chip("-".join(map(str, shape)), readout="identity")
    x, y = inputs_and_outputs(shape, batch)
    squared, tiles = x**2, batch // TILE
    weight, variance = (np.ones(shape, np.float32) for _ in range(2))
    draws = aligned_empty((1, weight.size))  # one for all: fills are fastest in memory that caches hold

    def fills() -> None:
        for _ in range(tiles * FILLS):
            fill_gaussian(KEY, TICK, draws)

    return lambda: program.run(x), {
        "x @ W": lambda: np.matmul(x, weight, out=y),
        "x² @ S²": lambda: np.matmul(squared, variance, out=y),
        "fill of y": lambda: fill_gaussian(KEY, TICK, y),
        "fills of W": fills,
    }
