"""A chip of ten million devices: how long it takes to make, and what each of them keeps."""

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

SHAPE = (2000, 2500)  # pairs
DEVICES = 2 * SHAPE[0] * SHAPE[1]
BYTES = 16  # a device, that must survive: what the project promises
DRAWS = 4  # of each weight, as in ``programming``


def cases() -> Iterator[Case]:
    """Phase-change memory, whose 1/f noise has a memory that is rebuilt from counters."""
    kept: list[float] = []
    name = f"programming pcm, {DEVICES:,} devices"
    yield Case(
        name, partial(prepare, kept), {"": ("fills of W",)}, threads=thread_count(), note=partial(note, kept)
    )


def note(kept: list[float]) -> str:
    """Say what the devices keep."""
    return f"{DRAWS} fills of W on one thread; a device keeps {kept[-1]:.2f} bytes of at most {BYTES}"


def prepare(kept: list[float]) -> tuple[Work, Parts]:
    """A fresh chip each time; ``kept`` gets the bytes of its state over its devices."""
    kind, stream = substrate.load("pcm"), Stream(0, "bench/array")
    weight = stream.generator().uniform(-1, 1, SHAPE).astype(np.float32)
    draws = np.empty((1, weight.size), np.float32)

    def fills() -> None:
        for _ in range(DRAWS):
            fill_gaussian(stream.key, np.uint64(0), draws)

    array = DeviceArray(kind, weight, stream, 1.0)
    kept.append(sum(values.nbytes for values in array.state().values()) / DEVICES)
    return lambda: DeviceArray(kind, weight, stream, 1.0), {"fills of W": fills}
