"""Programming an array of phase-change memory: every device with noise and a drift exponent of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from hwnoise import substrate
from hwnoise.backends.emulator.device_array import DeviceArray
from hwnoise.backends.emulator.threads import thread_count
from hwnoise.bench.timing import Case, Parts, Work
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.streams import Stream

SIDE = 1024  # 2 million devices; 60 ms is what the project aims at
DRAWS = 4  # of each weight: two devices, each with an error and an exponent


def cases() -> Iterator[Case]:
    """On one thread, and on all."""
    note = f"{DRAWS} fills of W; it may take 60 ms"
    for threads in sorted({1, thread_count()}):
        name = f"programming pcm {SIDE}x{SIDE}" + (f" on {threads} threads" if threads > 1 else "")
        yield Case(name, partial(prepare), {"": ("fills of W",)}, threads=threads, note=note)


def prepare() -> tuple[Work, Parts]:
    """A fresh array each time, against the draws it cannot do without."""
    kind, stream = substrate.load("pcm"), Stream(0, "bench/array")
    weight = stream.generator().uniform(-1, 1, (SIDE, SIDE)).astype(np.float32)
    draws = np.empty((DRAWS, 1, weight.size), np.float32)

    def fills() -> None:
        for plane in draws:
            fill_gaussian(stream.key, np.uint64(0), plane)

    return lambda: DeviceArray(kind, weight, stream, 1.0), {"fills of W": fills}
