"""Pulses on devices: each with fresh cycle noise, each clipped to the device's own bounds.

The noise of a pulse is addressed by (key, call, device, pulse): the same bits for any split of the
devices over threads, blocks and lanes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bits import halves
from hwnoise.kernels.gaussian import box_muller
from hwnoise.kernels.philox import philox
from hwnoise.kernels.pulse_lanes import make_lanes, pulse_block
from hwnoise.kernels.pulse_steps import LANES

Floats = NDArray[np.float32]
Counts = NDArray[np.int32]


@kernel
def apply_pulses(
    counts: Counts, devices: Floats, curve: Floats, noise: Floats, kind: int, first: int, last: int,
    key: np.uint64, call: np.uint64, w: Floats, pulses: Counts,
) -> None:  # fmt: skip
    """Give each device its number of pulses, one after the other (eq:pulse, eq:pulse-noise, eq:pulse-jump).

    Parameters
    ----------
    counts : (size,) int32
        Pulses, negative ones down.
    devices : (4 or 6, size) float32
        Constants of the devices, in the rows of ``pulse_steps``.
    curve : (2, k) float32
        See ``pulse_steps.mean_steps``.
    noise : (4,) float32
        Standard deviation of a pulse per D±, 1, mean step, and magnitude of w.
    kind : int
        Kind of step, of ``pulse_steps``.
    first, last : int
        Devices ``first`` to ``last - 1`` are treated, a thread's share.
    key, call : uint64
        The array's cycle-noise stream; how many calls came before.
    w : (size,) float32
        Weights [1]; updated.
    pulses : (size,) int32
        Increased by the number of pulses.

    Notes
    -----
    Pulse p of device e uses the normal (key, call, e, p). Devices with linear steps and additive noise
    that cannot reach a bound make one jump of the same law, with the normal of pulse 0.
    Source: M. J. Rasch et al., IEEE AICAS 2021. Oracle: ``oracles_pulsed.apply_pulses``.
    Test: ``tests/statistical/test_pulsed_update.py``.
    """
    lanes = make_lanes(1, 1, len(devices))
    for start in range(first, last, LANES):
        width = min(LANES, last - start)
        for i in range(width):
            n = counts[start + i]
            lanes.ups[i], lanes.downs[i] = max(n, np.int32(0)), max(-n, np.int32(0))
        pulse_block(lanes, devices, curve, noise, kind, start, width, key, call, w, pulses)


@kernel
def write_noise(
    key: np.uint64, elements: NDArray[np.int64], pulsed_at: NDArray[np.uint32], z: Floats
) -> None:
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
