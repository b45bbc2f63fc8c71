"""The random bytes that Loihi adds to its neurons: how often which value (eq:loihi-noise)."""

from __future__ import annotations

import numpy as np

from hwnoise.datasheet.panel import Axis, Panel, curve, origin
from hwnoise.kernels.loihi_noise import fill_loihi_noise, noise_of
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

NEURONS, STEPS = 256, 256
BINS = 32  # of 8 values each


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """Distribution of the noise of a neuron; nothing where there is none."""
    noise = kind.loihi_noise
    if noise is None:
        return []
    drawn = np.empty((STEPS, NEURONS), np.int32)
    fill_loihi_noise(stream.key, np.uint64(0), noise.mantissa, noise.exponent, drawn)
    low, high = (int(noise_of(np.int64(byte), noise.mantissa, noise.exponent)) for byte in (0, 256))
    count, edges = np.histogram(drawn, BINS, (low, high))
    middle = (edges[1:] + edges[:-1]) / 2
    return [
        Panel(
            "neuron_noise",
            f"Noise on the {noise.target} of a neuron",
            f"{NEURONS} neurons, {STEPS} steps: what one step adds, all values being equally likely"
            + origin(kind, noise),
            Axis(f"added to the {noise.target} [its units]"),
            Axis("share of steps [%]", zero=True),
            formula=(curve(np.array([low, high]), np.full(2, 100 / BINS)),),
            simulated=(curve(middle, 100 * count / drawn.size),),
        )
    ]
