"""Intensities to spikes: one Bernoulli draw for every input at every step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.bernoulli import threshold_of
from hwnoise.kernels.philox import words64


@kernel
def fill_rate_spikes(
    intensity: NDArray[np.float32], key: np.uint64, tick: np.uint64, out: NDArray[Any]
) -> None:
    """Write 1 where ``word < floor(p 2**32)``, with the intensity as p, else 0 (eq:rate-coding).

    Parameters
    ----------
    intensity : (samples, inputs) float32
        Probability of a spike in one step, in [0, 1]; 0 and 1 are exact.
    key : uint64
        The stream.
    tick : uint64
        Of step 0 of sample 0. Step ``t`` of sample ``s`` uses tick ``tick + s * steps + t``, so that
        a sample has the same spikes in whatever batch it comes.
    out : (samples, steps, inputs) float32
        Overwritten.

    Notes
    -----
    Source: Adrian and Zotterman, Journal of Physiology 61, 1926 (rates carry intensity).
    Test: ``tests/statistical/test_spike_coding.py``.
    """
    words = np.empty(64, np.uint32)
    samples, steps, inputs = out.shape
    for s in range(samples):
        for t in range(steps):
            now = tick + np.uint64(s * steps + t)
            for start in range(0, inputs, 64):
                words64(key, now, np.uint64(start >> 6), words)
                part = out[s, t, start : start + 64]  # also the ragged end of a row
                share = intensity[s, start : start + 64]
                for i in range(len(part)):
                    part[i] = np.uint64(words[i]) < threshold_of(share[i])
