"""What a call leaves behind on the devices it pulsed: its number, a count, and fresh write noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import halves
from hwnoise.kernels.gaussian import box_muller
from hwnoise.kernels.philox import philox

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
CHUNK = 64


@kernel
def mark_pulsed(
    pulses: NDArray[np.int32], first: int, last: int, call: int, key: np.uint64, noisy: bool,
    pulsed_at: Words, writes: Words, z: Floats,
) -> tuple[int, int]:  # fmt: skip
    """Note a call on the devices it pulsed, and redraw their write noise (eq:write-noise).

    Parameters
    ----------
    pulses : (size,) int32
        What the call delivered.
    first, last : int
        Devices ``first`` to ``last - 1`` are treated, a thread's share.
    call : int
    key : uint64
        The stream of the write noise.
    noisy : bool
        Whether there is any.
    pulsed_at, writes : (size,) uint32
        Set to ``call``, and raised by one, where there were pulses.
    z : (size,) float32
        Overwritten there, if noisy, with what ``write_noise`` draws.

    Returns
    -------
    int, int
        How many devices were pulsed, and how often in all.
    """
    devices = total = 0
    now, one = np.uint32(call), np.uint32(1)
    for start in range(first, last, CHUNK):
        stop = min(start + CHUNK, last)
        found = 0
        for i in range(start, stop):
            n = pulses[np.uint64(i)]
            found += n > 0
            total += n
        if found:
            devices += found
            for i in range(start, stop):
                e = np.uint64(i)
                pulsed_at[e] = now if pulses[e] > 0 else pulsed_at[e]
                writes[e] += one if pulses[e] > 0 else np.uint32(0)
            if noisy:
                _redraw(key, pulses, start, stop, now, z)
    return devices, total


@kernel
def _redraw(
    key: np.uint64, pulses: NDArray[np.int32], start: int, stop: int, call: np.uint32, z: Floats
) -> None:
    """Redraw the write noise of the pulsed ones of a chunk: draws of all of it are cheaper than choosing."""
    k0, k1 = halves(key)
    zero = np.uint32(0)
    for i in range(start, stop):
        e = np.uint64(i)
        a, b, _, _ = philox(np.uint32(e), call, zero, zero, k0, k1)
        fresh, _ = box_muller(a, b)
        z[e] = fresh if pulses[e] > 0 else z[e]


@kernel
def write_noise(key: np.uint64, elements: NDArray[np.int64], pulsed_at: Words, z: Floats) -> None:
    """Redraw the write noise of ``elements``: a normal of (key, element, call) each (eq:write-noise).

    Parameters
    ----------
    key : uint64
    elements : (n,) int64
        The devices that were pulsed or set.
    pulsed_at : (size,) uint32
        The call that did it.
    z : (size,) float32
        Overwritten at ``elements``, left alone elsewhere.
    """
    k0, k1 = halves(key)
    zero = np.uint32(0)
    for i in range(len(elements)):
        e = elements[i]
        a, b, _, _ = philox(np.uint32(e), pulsed_at[e], zero, zero, k0, k1)
        z[e], _ = box_muller(a, b)
