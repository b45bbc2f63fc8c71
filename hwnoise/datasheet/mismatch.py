"""How unlike the devices of one chip are (eq:mismatch-normal, eq:mismatch-lognormal)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.datasheet.panel import Axis, Panel, curve, origin
from hwnoise.devices.mismatch import Mismatch
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float64]
DEVICES = 20_000
BINS = 30
WIDEST = 4.0  # standard deviations shown


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """Distribution of the frozen factors of the devices; nothing where all are alike."""
    mismatch = kind.mismatch
    if mismatch is None or mismatch.refresh != "frozen" or mismatch.sigma == 0:
        return []
    factors = mismatch.factors(stream.key, (1, DEVICES)).ravel()
    low, high = _range(mismatch)
    share, edges = np.histogram(factors, BINS, (low, high))
    centres, width = (edges[1:] + edges[:-1]) / 2, (high - low) / BINS
    fine = np.linspace(low, high, 201)
    return [
        Panel(
            "mismatch",
            "Factors of the devices of a chip",
            f"{DEVICES:,} devices{origin(kind, mismatch)}",
            Axis("factor"),
            Axis("density"),
            formula=(curve(fine, density(mismatch, fine)),),
            simulated=(curve(centres, share / (DEVICES * width)),),
        )
    ]


def density(mismatch: Mismatch, factor: Floats) -> Floats:
    """Probability density of the factor, above 0."""
    if mismatch.distribution == "normal":
        return _normal((factor - 1) / mismatch.sigma) / mismatch.sigma
    spread = np.sqrt(np.log1p(mismatch.sigma**2))
    z = (np.log(np.maximum(factor, 1e-9)) + spread**2 / 2) / spread
    return np.asarray(np.where(factor > 0, _normal(z) / (spread * np.maximum(factor, 1e-9)), 0.0))


def _range(mismatch: Mismatch) -> tuple[float, float]:
    if mismatch.distribution == "normal":
        return max(0.0, 1 - WIDEST * mismatch.sigma), 1 + WIDEST * mismatch.sigma
    spread = float(np.sqrt(np.log1p(mismatch.sigma**2)))
    return 0.0, float(np.exp(WIDEST * min(spread, 1.0) - spread**2 / 2))


def _normal(z: Floats) -> Floats:
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
