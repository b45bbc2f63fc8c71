"""Dense synapses and the neurons behind them, step by step: what arrives never leaves the nearest cache."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.loihi_lif import Integers, fill_pushes, step_lif
from hwnoise.kernels.loihi_synapses import ROOM, Weights, find_active, shift, sum_rows


@kernel
def run_layer(
    arriving: NDArray[np.int8],
    weight: Weights,
    exponent: int,
    columns: tuple[int, int],
    noise: NDArray[np.int32],
    on_membrane: bool,
    bias: Integers,
    rule: Integers,
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    wait: NDArray[np.int32],
    spikes: NDArray[np.int8],
    membranes: NDArray[np.int32],
) -> tuple[int, int, int]:
    """Run neurons behind dense synapses without delays: ``add_dense`` and ``run_lif``, bit for bit.

    Parameters
    ----------
    arriving : (samples, steps, n_in) int8
        Spikes without payloads.
    weight : (n_in, width) int8 or int16
    exponent : int
        As ``hwnoise.kernels.loihi_synapses.add_dense`` takes them.
    columns : (int, int)
        Which neurons to run, from the first to before the last; there may be more columns than neurons.
    noise, on_membrane, bias, rule, u, v, wait, spikes, membranes
        As ``hwnoise.kernels.loihi_lif.run_lif`` takes them, of all n neurons.

    Returns
    -------
    (int, int, int)
        Active inputs over all samples and steps, and the two numbers that ``run_lif`` returns.

    Notes
    -----
    Implements eq:loihi-sum, eq:loihi-current, eq:loihi-membrane, eq:loihi-spike and eq:loihi-wait.
    Test: ``tests/bit_exact/test_loihi_layer.py``.
    """
    samples, steps, n_in = arriving.shape
    n, width, (low, high) = len(bias), columns[1] - columns[0], columns
    active, current = np.empty(n_in + ROOM, np.int32), np.empty(width, np.int32)
    own = bias[low:high]
    push_u, push_v, unseen, lost = np.zeros_like(own), own.copy(), own.copy(), np.empty(len(own), np.int8)
    events, total, first = 0, 0, -1
    for s in range(samples):
        u_here, v_here, left = u[s, low:high], v[s, low:high], wait[s, low:high]
        for t in range(steps):
            count = find_active(arriving[s, t], active)
            sum_rows(weight, active[:count], low, current)
            shift(current, exponent)
            if noise.size:
                fill_pushes(noise[s, t, low:high], on_membrane, own, push_u, push_v)
            seen = membranes[s, t, low:high] if membranes.size else unseen
            sent = spikes[s, t, low:high]
            found = step_lif(current, push_u, push_v, rule, u_here, v_here, left, lost, sent, seen)
            if found and first < 0:
                first = (s * steps + t) * n + low + np.argmax(lost)
            total += found
            events += count
    return events, total, first
