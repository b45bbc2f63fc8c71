"""Telegraph noise of single devices, rebuilt from counters at any tick (eq:trap-refresh).

A trap forgets its state at the points of a Poisson process, and draws a new one at each. The points of a
cell of time are a pure function of (device, cell), so that the state now is found by looking back for the
last point: 1.6 cells on average, however long nobody looked.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bernoulli import threshold_of
from hwnoise.kernels.bits import halves
from hwnoise.kernels.gaussian import box_muller
from hwnoise.kernels.philox import philox

Floats = NDArray[np.float32]
UNIT = 2.0**-32


@kernel
def fill_rates(
    key: np.uint64, plane: int, share: float, reads: float, spread: float, first: int, out: Floats
) -> None:
    """Write how often each device's trap forgets, per read; 0 for a device without one (eq:trap-times).

    Parameters
    ----------
    key : uint64
        The array's stream of traps.
    plane : int
        Which of a weight's devices, 0 to 255.
    share : float64
        Probability that a device has a trap, in [0, 1].
    reads : float64
        Median correlation time, in reads, > 0.
    spread : float64
        Standard deviation of its logarithm over devices, >= 0.
    first : int
        Device of element 0 of ``out``.
    out : (n,) float32
        Overwritten.

    Notes
    -----
    Philox counter (device, plane, 0, 0). Test: ``tests/statistical/test_device_telegraph.py``.
    """
    k0, k1 = halves(key)
    threshold = threshold_of(share)
    for i in range(len(out)):
        a, b, c, _ = philox(np.uint32(first + i), np.uint32(plane), np.uint32(0), np.uint32(0), k0, k1)
        z, _ = box_muller(b, c)
        out[i] = math.exp(-spread * z) / reads if np.uint64(a) < threshold else 0.0


@kernel
def advance(
    rates: Floats,
    high: float,
    key: np.uint64,
    plane: int,
    tick: np.uint64,
    first: int,
    states: NDArray[np.int8],
    until: NDArray[np.float64],
) -> None:
    """Bring the states of traps to ``tick`` (eq:trap-refresh).

    Parameters
    ----------
    rates : (n,) float32
        As ``fill_rates`` wrote them; a device of rate 0 is left alone.
    high : float64
        Probability of the high state.
    key : uint64
        The array's stream of refreshes.
    plane : int
        Which of a weight's devices, 0 to 255.
    tick : uint64
        Not before the tick of the last call, unless ``until`` was set to -1.
    first : int
        Device of element 0.
    states : (n,) int8
        1 for high; overwritten where a state is no longer sure.
    until : (n,) float64
        How long each state is sure, in cells; overwritten. -1 where nothing is known.

    Notes
    -----
    Oracle: ``oracles_devices.trap_state``. Test: ``tests/statistical/test_device_telegraph.py``.
    """
    for i in range(len(rates)):
        time = np.float64(tick) * rates[i]
        if rates[i] > 0 and time >= until[i]:
            states[i], until[i] = trap_state(key, first + i, plane, time, high)


@kernel
def add_jumps(states: NDArray[np.int8], steps: Floats, high: float, out: Floats) -> None:
    """Add ``step (b - high)`` to ``out``, b the state of each trap (eq:trap-step).

    Parameters
    ----------
    states : (n,) int8
    steps : (n,) float32
        What a jump from low to high adds; 0 for a device without a trap.
    high : float64
        Probability of the high state.
    out : (n,) float32
        Added to.
    """
    for i in range(len(out)):
        out[i] += steps[i] * np.float32(states[i] - high)


@kernel
def trap_state(key: np.uint64, device: int, plane: int, time: float, high: float) -> tuple[int, float]:
    """Return the state drawn at the last point up to ``time``, and how long it is sure (eq:trap-refresh).

    Both times are in cells; a state is sure until the next point, or the end of the cell.
    """
    cell = math.floor(time)
    state, until = _last_drawn(key, device, plane, cell, time - math.floor(time), high)
    until += cell
    while state < 0:
        cell -= 1
        state, _ = _last_drawn(key, device, plane, cell, 1.0, high)
    return state, until


@kernel
def _last_drawn(
    key: np.uint64, device: int, plane: int, cell: int, until: float, high: float
) -> tuple[int, float]:
    """Return what the last point of ``cell`` up to ``until`` drew, or -1, and where the next one is, or 1.

    Points are an exponential distance of mean 1 apart; a block of four words is two points.
    """
    k0, k1 = halves(key)
    c2, c3 = halves(np.uint64(cell))
    threshold = threshold_of(high)
    place, state, block = 0.0, -1, 0
    while True:
        a, b, c, d = philox(np.uint32(device), np.uint32(plane | block << 8), c2, c3, k0, k1)
        place -= math.log((a + 0.5) * UNIT)
        if place > until:
            return state, min(place, 1.0)
        state = 1 if np.uint64(b) < threshold else 0
        place -= math.log((c + 0.5) * UNIT)
        if place > until:
            return state, min(place, 1.0)
        state = 1 if np.uint64(d) < threshold else 0
        block += 1
