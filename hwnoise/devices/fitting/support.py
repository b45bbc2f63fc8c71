"""Which effects the reads support, and a sentence for each that they do not, or not without a caveat."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from hwnoise.devices.fitting.bootstrap import LEAST_DEVICES
from hwnoise.devices.fitting.estimate import Plan
from hwnoise.devices.fitting.tables import Reads
from hwnoise.devices.fitting.trails import LEAST_X, Trails
from hwnoise.devices.one_over_f import FAST_BANDS

LEAST_SPAN = 2.0  # latest over earliest time of a device, to see a power law at all
STRONG = 4.9  # standard errors, two-sided 1e-6: beyond it a mean deviation is no chance


def span(reads: Reads) -> float:
    """Typical ratio of a device's latest to its earliest time."""
    spans = [time[:, -1] / time[:, 0] for _, time, _ in reads.groups if time.shape[1] > 1]
    return float(np.median(np.concatenate(spans))) if spans else 1.0


def supported(trails: Trails) -> list[str]:
    """Effects with enough devices."""
    columns = {"noise": trails.scatter, "nu": trails.nu, "sigma": trails.first}
    return [name for name, column in columns.items() if int((~np.isnan(column)).sum()) >= LEAST_DEVICES]


def missing(reads: Reads, trails: Trails, wanted: list[str]) -> Iterator[str]:
    """Why an effect was left out."""
    n = len(trails.x)
    if "sigma" not in wanted:
        yield f"programming noise is left out: {n} devices were measured, {LEAST_DEVICES} are needed"
    if "nu" not in wanted:
        followed, factor = int((~np.isnan(trails.nu)).sum()), span(reads)
        why = f"{followed} devices could be followed over time, {LEAST_DEVICES} are needed"
        if not reads.has_several_times:
            why = "every device was read at one time only"
        elif factor < LEAST_SPAN:
            why = f"reads span a factor of {factor:.2g} in time, {LEAST_SPAN:g} is needed"
        yield f"drift is left out: {why}"
    if "noise" not in wanted:
        yield (
            "read noise is left out: fewer than three reads of each device at different times; "
            "what there is of it is contained in the spreads of programming and drift"
        )


def caveats(trails: Trails, plan: Plan, read_seconds: float | None) -> Iterator[str]:
    """What is in the substrate, but not without a word."""
    if plan.dependence is not None:
        yield "noise about the drift is taken as white, since read_seconds is not given; with it, as 1/f"
    if plan.noise is not None and plan.dependence is None and not has_bands(trails.t0, read_seconds):
        yield (
            f"1/f noise is left out of the substrate: the first read, {trails.t0:g} s after programming, "
            f"comes too soon for reads of {read_seconds:g} s"
        )
    if trails.dropped:
        yield (
            f"{trails.dropped} devices were not followed over time: targets below {LEAST_X:.0%} of g_max, "
            "or a read at or below 0"
        )
    deviation = (trails.first - trails.target)[trails.x >= LEAST_X]
    error = float(deviation.std() / math.sqrt(max(len(deviation), 1))) if len(deviation) > 1 else math.inf
    if len(deviation) > 1 and abs(deviation.mean()) > STRONG * error:
        yield (
            f"reads lie {deviation.mean():+.3g} µS beside their targets on average: "
            "programming noise has mean 0, and its spread contains this"
        )


def has_bands(t0: float, read_seconds: float | None) -> bool:
    """Whether ``OneOverF`` can represent the noise: its first moment must come long after one read."""
    return read_seconds is not None and t0 >= 4.0 ** (FAST_BANDS + 1) * read_seconds
