"""Writing by coincidences of pulse trains, for a few step models."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from hwnoise import substrate
from hwnoise.backends.emulator.pulsed_array import PulsedArray
from hwnoise.bench.timing import Case, Parts, Work
from hwnoise.kernels.uniform import fill_uniform
from hwnoise.streams import Stream

SIDE, SAMPLES = 512, 32
RATE = 2e-3  # learning rate: about a pulse for every second weight and sample
MODELS = {"constant step": "gokmen_vlasov", "soft bounds": "reram_sb", "exponential step": "reram_es"}


def cases() -> Iterator[Case]:
    """One outer product a sample, against one uniform number for each weight and sample."""
    note = f"a uniform draw for each weight and sample; ours / {SIDE**2 * SAMPLES:,} is the time of one"
    for model, preset in MODELS.items():
        name = f"pulsed update {SIDE}x{SIDE} {model} batch {SAMPLES}"
        yield Case(name, partial(prepare, preset), {"": ("uniform draws",)}, note=note)


def prepare(preset: str) -> tuple[Work, Parts]:
    """An array that is written again and again."""
    generator = Stream(0, "bench/pulses").generator()
    weight = generator.normal(0, 0.1, (SIDE, SIDE)).astype(np.float32)
    array = PulsedArray(substrate.load(preset), weight, Stream(0, "bench/array"), 2.0)
    x, d = (generator.uniform(low, 1, (SAMPLES, SIDE)).astype(np.float32) for low in (0, -1))
    draws = np.empty((SAMPLES, SIDE * SIDE), np.float32)
    return lambda: array.write_outer(x, d, RATE, 0), {
        "uniform draws": lambda: fill_uniform(np.uint64(1), np.uint64(0), draws)
    }
