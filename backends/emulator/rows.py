"""In which order a probe reads: samples and passes as rows, one tick each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Probe

Array = NDArray[Any]


def in_reading_order(x: Array, probe: Probe) -> Array:
    """All rows of the batch ``x`` (samples, ...) in the order they are read: (rows, ...)."""
    if probe.passes == 1:
        return x
    if probe.order == "interleaved":
        return np.repeat(x, probe.passes, axis=0)
    return np.concatenate([x] * probe.passes)


def by_pass(rows: Array, probe: Probe) -> Array:
    """Rows in reading order, seen as [pass, sample, ...]; no copy."""
    samples = len(rows) // probe.passes
    if probe.order == "interleaved":
        return rows.reshape(samples, probe.passes, *rows.shape[1:]).swapaxes(0, 1)
    return rows.reshape(probe.passes, samples, *rows.shape[1:])


def pass_slices(block: slice, rows: int, probe: Probe, steps: int = 1) -> list[slice] | list[Array]:
    """The rows of each pass within ``block``, counted from its start, of ``rows`` in reading order.

    With time, a pass of a sample is ``steps`` rows. Where these are no slice they are indices.
    """
    first, stop, passes = block.start, block.stop, probe.passes
    if steps > 1 and passes > 1 and probe.order == "interleaved":
        which = np.arange(first, stop) // steps % passes
        return [np.flatnonzero(which == p) for p in range(passes)]
    if probe.order == "interleaved":
        return [slice((p - first) % passes, stop - first, passes) for p in range(passes)]
    samples = rows // passes
    bounds = [(max(first, p * samples), min(stop, (p + 1) * samples)) for p in range(passes)]
    return [slice(a - first, b - first) for a, b in bounds if a < b]


def quiet_rows(samples: int, probe: Probe) -> NDArray[np.bool_] | None:
    """Which rows, in reading order, are read quietly: (rows,), or None for none."""
    if not probe.quiet_passes:
        return None
    which = np.isin(np.arange(probe.passes), probe.quiet_passes)
    return np.tile(which, samples) if probe.order == "interleaved" else np.repeat(which, samples)
