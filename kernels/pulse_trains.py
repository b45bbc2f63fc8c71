"""Stochastic pulse trains: coincidences of two random bit trains make an outer product."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bernoulli import threshold_of
from hwnoise.kernels.bits import as_signed, halves
from hwnoise.kernels.philox import philox
from hwnoise.kernels.pulse_lanes import Lanes, count, make_lanes
from hwnoise.kernels.pulse_steps import LANES
from hwnoise.kernels.pulsed_update import pulse_block

Words = NDArray[np.uint32]
Floats = NDArray[np.float32]
Counts = NDArray[np.int32]

SLOTS = np.uint32(0x7FFFFFFF)  # 31 slots; bit 31 is the sign
SIGN = np.uint32(0x80000000)


@kernel(inline=True)
def ones(word: np.uint32) -> np.uint32:
    """Return how many bits of ``word`` are 1."""
    v = np.uint32(word - np.uint32(np.uint32(word >> np.uint32(1)) & np.uint32(0x55555555)))
    v = np.uint32(
        (v & np.uint32(0x33333333)) + np.uint32(np.uint32(v >> np.uint32(2)) & np.uint32(0x33333333))
    )
    v = np.uint32(np.uint32(v + np.uint32(v >> np.uint32(4))) & np.uint32(0x0F0F0F0F))
    return np.uint32(np.uint32(v * np.uint32(0x01010101)) >> np.uint32(24))


@kernel(inline=True)
def coincidences(a: np.uint32, b: np.uint32) -> np.int32:
    """Return in how many slots both trains pulse, negative if their signs differ (eq:pulse-coincidence)."""
    n = np.int32(ones(np.uint32(a & b) & SLOTS))
    mask = as_signed(np.uint32(a ^ b)) >> np.int32(31)  # 0 or -1
    return np.int32((n ^ mask) - mask)


@kernel
def fill_trains(p: Floats, slots: int, key: np.uint64, call: np.uint64, out: Words) -> None:
    """Draw a train for every entry: each slot pulses with probability ``min(abs(p), 1)`` (eq:pulse-train).

    Parameters
    ----------
    p : (rows, n) float32
        The sign goes to bit 31.
    slots : int
        1 to 31.
    key, call : uint64
    out : (rows, n) uint32
        Overwritten.

    Notes
    -----
    All slots of a train at once: starting from the lowest of the 32 binary digits of p, each digit
    1 ORs a random word to the train, each 0 ANDs one; every slot then pulses with probability p,
    within 2**-32. Entry e uses Philox counters (e, 0 to 7, call).
    """
    k0, k1 = halves(key)
    c2, c3 = halves(call)
    used = np.uint32((np.uint64(1) << np.uint64(slots)) - np.uint64(1))
    rows, columns = p.shape
    for r in range(rows):
        for j in range(columns):
            digits = threshold_of(min(abs(p[r, j]), np.float32(1)))
            train = np.uint32(0xFFFFFFFF) if digits >> np.uint64(32) else np.uint32(0)
            low = np.uint32(digits & np.uint64(0xFFFFFFFF))
            if low:
                for block in range(8):
                    words = philox(np.uint32(r * columns + j), np.uint32(block), c2, c3, k0, k1)
                    for word in words:
                        train = np.uint32(train | word) if low & np.uint32(1) else np.uint32(train & word)
                        low = np.uint32(low >> np.uint32(1))
            out[r, j] = np.uint32(train & used) | (SIGN if p[r, j] < 0 else np.uint32(0))


@kernel
def count_pulses(trains: Words, out: Counts) -> None:
    """Write the number of pulses in each of ``trains`` (n,), negative where bit 31 is set."""
    for i in range(len(trains)):
        out[i] = coincidences(trains[i], SLOTS)


@kernel(inline=True)
def coincide(lanes: Lanes, x: Words, d: Words, side: int, row: int, start: int, width: int) -> None:
    """Count the coincidences of row ``row`` with ``width`` columns from ``start``, sample by sample."""
    for b in range(len(x)):
        train = x[b, row]
        for j in range(width):
            lanes.counts[b, j] = coincidences(train, d[b, np.uint64(start + j)])
    if side != 0:
        for b in range(len(x)):
            for j in range(width):
                lanes.counts[b, j] = max(np.int32(side) * lanes.counts[b, j], np.int32(0))
    count(lanes, width)


@kernel
def apply_trains(
    x: Words, d: Words, devices: Floats, curve: Floats, noise: Floats, kind: int, side: int, first: int,
    last: int, key: np.uint64, call: np.uint64, w: Floats, pulses: Counts,
) -> None:  # fmt: skip
    """Pulse device (i, j) wherever the trains of row i and column j coincide (eq:pulse-coincidence).

    Parameters
    ----------
    x : (samples, n_in) uint32
        Trains of the rows, one per sample; the samples follow each other.
    d : (samples, n_out) uint32
        Trains of the columns.
    devices, curve, noise, kind
        See ``pulsed_update.apply_pulses``; device (i, j) is element ``i n_out + j``.
    side : int
        0: both directions. 1 or -1: only coincidences of that sign, as up pulses, for a device
        of a pair.
    first, last : int
        Rows ``first`` to ``last - 1`` are treated, a thread's share.
    key, call : uint64
        The array's cycle-noise stream; how many calls came before.
    w : (n_in * n_out,) float32
        Weights [1]; updated.
    pulses : (n_in * n_out,) int32
        Increased by the number of pulses.

    Notes
    -----
    Source: T. Gokmen, Y. Vlasov, Front. Neurosci. 10:333, 2016. Oracle: ``oracles_pulsed.coincidences``.
    Test: ``tests/statistical/test_pulsed_update.py``.
    """
    samples, n_out = d.shape
    lanes = make_lanes(samples, 1 + (31 * samples + 63) // 64, len(devices))
    for i in range(first, last):
        for start in range(0, n_out, LANES):
            width = min(LANES, n_out - start)
            coincide(lanes, x, d, side, i, start, width)
            pulse_block(
                lanes, devices, curve, noise, kind, i * n_out + start, width, key, call, w, pulses
            )  # fmt: skip
