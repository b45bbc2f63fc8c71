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
PULSES = 1 / 3  # of a weight and sample
MODELS = {
    "constant step": "gokmen_vlasov",
    "soft bounds": "reram_sb",
    "linear step": "ecram",
    "exponential step": "reram_es",
}


def cases() -> Iterator[Case]:
    """One outer product a sample, against one uniform number for each weight and sample."""
    for model, preset in MODELS.items():
        name = f"pulsed update {SIDE}x{SIDE} {model} batch {SAMPLES}"
        realised: list[float] = []
        work = partial(prepare, preset, realised)
        yield Case(name, work, {"": ("uniform draws",)}, note=partial(note, realised))


def note(realised: list[float]) -> str:
    """Say what the figure stands for."""
    count = f"{SIDE**2 * SAMPLES:,}"
    return f"{np.mean(realised):.2f} pulses a weight and sample; ours / {count} is the time of one"


def prepare(preset: str, realised: list[float]) -> tuple[Work, Parts]:
    """An array that is written again and again; ``realised`` gets the pulses a weight and sample."""
    generator = Stream(0, "bench/pulses").generator()
    weight = generator.normal(0, 0.1, (SIDE, SIDE)).astype(np.float32)
    array = PulsedArray(substrate.load(preset), weight, Stream(0, "bench/array"), 2.0)
    x, d = (generator.uniform(low, 1, (SAMPLES, SIDE)).astype(np.float32) for low in (0, -1))
    update = array.update
    on_devices = np.abs(d * update.full_scale / array.weight_range).mean()
    rate = PULSES * update.expected_pulse / (np.abs(x).mean() * on_devices)
    draws = np.empty((SAMPLES, SIDE * SIDE), np.float32)

    def write() -> None:
        before = array.pulses
        array.write_outer(x, d, float(rate), 0)
        realised.append((array.pulses - before) / (SIDE**2 * SAMPLES))

    return write, {"uniform draws": lambda: fill_uniform(np.uint64(1), np.uint64(0), draws)}
