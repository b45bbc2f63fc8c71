"""Loihi's neuron noise: a random byte, an offset and a power of two, on the current or the membrane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.philox import words64


@kernel(inline=True)
def noise_of(byte: np.int64, mantissa: int, exponent: int) -> np.int32:
    """Return ``(byte - 128 + 64 mantissa) 2**(exponent - 7)`` (eq:loihi-noise)."""
    return np.int32((byte - np.int64(128) + np.int64(64) * mantissa) << np.int64(exponent - 7))


@kernel
def fill_loihi_noise(
    key: np.uint64, tick: np.uint64, mantissa: int, exponent: int, out: NDArray[np.int32]
) -> None:
    """Write the noise of neuron j in the step at tick ``tick + r`` to ``out[r, j]`` (eq:loihi-noise-layout).

    Parameters
    ----------
    key : uint64
        The population's stream.
    tick : uint64
        Of row 0; one tick a row, modulo 2**64.
    mantissa : int
        Offset in units of 64.
    exponent : int
        7 to 23.
    out : (rows, n) int32
        In units of the membrane. Overwritten.

    Notes
    -----
    Neuron ``256 c + 64 k + i`` takes byte k of word ``64 c + i`` of its tick: four neurons to a word.
    The byte comes from our counter generator: the sequence of the chip's shift register is not
    published, and with it neither its seed nor which neurons share it.
    Source: nengo-loihi 1.1 (Applied Brain Research, 2021), the open description of the formula.
    Test: ``tests/statistical/test_loihi_noise.py``.
    """
    words = np.empty(64, np.uint32)
    rows, n = out.shape
    for r in range(rows):
        for first in range(0, n, 256):
            words64(key, tick + np.uint64(r), np.uint64(first >> 8), words)
            part = out[r, first : first + 256]
            for j in range(len(part)):
                byte = np.int64(words[j & 63] >> np.uint32(8 * (j >> 6))) & np.int64(255)
                part[j] = noise_of(byte, mantissa, exponent)
