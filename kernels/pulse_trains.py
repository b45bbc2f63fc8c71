"""Stochastic pulse trains: coincidences of two random bit trains make an outer product."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bernoulli import threshold_of
from hwnoise.kernels.bits import LOW, as_signed, halves
from hwnoise.kernels.philox import philox
from hwnoise.kernels.pulse_lanes import Lanes, count
from hwnoise.kernels.pulse_steps import LANES
from hwnoise.kernels.pulsed_update import make_block, pulse_block

Words = NDArray[np.uint32]
Floats = NDArray[np.float32]
Counts = NDArray[np.int32]

SLOTS = np.uint32(0x7FFFFFFF)  # 31 slots; bit 31 is the sign
SIGN = np.uint32(0x80000000)
CHUNK = 512  # trains drawn side by side


@kernel(inline=True)
def ones(word: np.uint32) -> np.int32:
    """Return how many bits of ``word`` are 1: 64 bits wide, as compilers know to be one instruction."""
    v = np.uint64(word)
    v = v - ((v >> np.uint64(1)) & np.uint64(0x5555555555555555))
    v = (v & np.uint64(0x3333333333333333)) + ((v >> np.uint64(2)) & np.uint64(0x3333333333333333))
    v = (v + (v >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int32((v * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel(inline=True)
def coincidences(a: np.uint32, b: np.uint32) -> np.int32:
    """Return in how many slots both trains pulse, negative if their signs differ (eq:pulse-coincidence)."""
    n = ones(np.uint32(a & b) & SLOTS)
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
    used = np.uint32((np.uint64(1) << np.uint64(slots)) - np.uint64(1))
    digits, train = np.empty(CHUNK, np.uint32), np.empty(CHUNK, np.uint32)
    rows, columns = p.shape
    for r in range(rows):
        for start in range(0, columns, CHUNK):
            part, trains = p[r, start : start + CHUNK], out[r, start : start + CHUNK]
            draw_slots(part, np.uint32(r * columns + start), key, call, digits, train)
            for j in range(len(part)):
                trains[j] = np.uint32(train[j] & used) | (SIGN if part[j] < 0 else np.uint32(0))


@kernel
def draw_slots(
    p: Floats, first: np.uint32, key: np.uint64, call: np.uint64, digits: Words, train: Words
) -> None:
    """Write 32 slots for each of ``p``, entries ``first`` and on; entries side by side, digit by digit."""
    k0, k1 = halves(key)
    c2, c3 = halves(call)
    for j in range(len(p)):
        digits[j], train[j] = np.uint32(threshold_of(min(abs(p[j]), np.float32(1))) & LOW), np.uint32(0)
    for block in range(8):
        for j in range(len(p)):
            low, slots = np.uint32(digits[j] >> np.uint32(4 * block)), train[j]
            for word in philox(np.uint32(first + np.uint32(j)), np.uint32(block), c2, c3, k0, k1):
                slots = np.uint32(slots | word) if low & np.uint32(1) else np.uint32(slots & word)
                low = np.uint32(low >> np.uint32(1))
            train[j] = slots
    for j in range(len(p)):
        train[j] = np.uint32(0xFFFFFFFF) if abs(p[j]) >= np.float32(1) else train[j]


@kernel
def count_pulses(trains: Words, out: Counts) -> None:
    """Write the number of pulses in each of ``trains`` (n,), negative where bit 31 is set."""
    for i in range(len(trains)):
        out[i] = coincidences(trains[i], SLOTS)


@kernel(inline=True)
def coincide(lanes: Lanes, x: Words, d: Words, side: int, first: int, width: int) -> None:
    """Count the coincidences of ``width`` devices from device ``first`` on, sample by sample."""
    n_out, at = d.shape[1], 0
    lanes.busy[:] = False
    while at < width:
        row, column = divmod(first + at, n_out)
        stop = min(width, at + n_out - column)
        for b in range(len(x)):
            train = np.uint32(x[b, row])
            if train & SLOTS:
                lanes.busy[b] = True
                coincide_row(train, d[b, column : column + stop - at], side, lanes.counts[b, at:stop])
            else:
                lanes.counts[b, at:stop] = np.int8(0)
        at = stop
    count(lanes, width)


@kernel
def coincide_row(train: np.uint32, d: Words, side: int, out: NDArray[np.int8]) -> None:
    """Write how often ``train`` coincides with each of ``d``, on one side or both."""
    for j in range(len(d)):
        out[j] = np.int8(coincidences(train, d[j]))
    if side != 0:
        for j in range(len(d)):
            out[j] = np.int8(max(np.int32(side) * np.int32(out[j]), np.int32(0)))


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
    block = make_block(samples, 1 + (31 * samples + 31) // 32, len(devices))
    for start in range(first * n_out, last * n_out, LANES):
        width = min(LANES, last * n_out - start)
        coincide(block.lanes, x, d, side, start, width)
        pulse_block(block, devices, curve, noise, kind, start, width, key, call, w, pulses)
