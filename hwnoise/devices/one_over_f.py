"""1/f read noise whose variance accumulates with the logarithm of time (eq:accumulated-variance)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hwnoise.devices.curve import Curve
from hwnoise.devices.effect import Effect, Handles

BAND_VARIANCE = math.log(4.0)  # each band holds four times as long as the one before
FAST_BANDS = 6  # bands that hold up to 4**5 reads do not restart when a device is written


class OneOverF(Effect):
    """Multiplicative noise ``g (1 + scale Q(x) n(t))`` with ``Var n(t) = ln((t + t_read) / (2 t_read))``.

    ``n`` is a sum of bands; band k keeps a normal draw for 4**k reads and carries the variance
    ``ln 4`` as far as the accumulated variance reaches it (eq:one-over-f-bands). Its spectrum is
    1/f with a ripple (docs/equations/one_over_f.md); its variance is the published one at every ``t``.

    Attributes
    ----------
    q : Curve
        Relative amplitude Q against ``x`` of the *programmed* conductance.
    t_read : float
        Duration of one read [s], 1e-12 to 1e6: the upper corner of the noise.
    t0 : float
        Time [s] from programming to the first moment the fit speaks of, up to 1e9.
    scale : float
        Multiplies Q, 0 to 100; 1 is the published device, 0 switches the noise off.
    relative : bool
        Whether Q is a share of the present conductance, or a conductance itself.
    """

    enters = "weight"
    time_scale: ClassVar[Literal["read", "memory", "write"]] = "memory"

    q: Curve
    t_read: float = Field(default=250e-9, ge=1e-12, le=1e6)
    t0: float = Field(default=20.0, gt=0, le=1e9)
    scale: float = Field(default=1.0, ge=0, le=100)
    relative: bool = True
    handles: Handles = ("paired", "mean_subtracted", "readback")

    def spread_at(self, x: NDArray[np.float64], g: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standard deviation per unit of ``n`` of devices programmed to ``x = g / g_max``, now at ``g``."""
        q = (self.scale * self.q.at(x)).astype(np.float32)
        return q * g if self.relative else q

    def accumulated_variance(self, seconds: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Variance of ``n``, ``seconds`` after the first moment of the fit (``t = seconds + t0``)."""
        t = np.asarray(seconds, float) + self.t0
        return np.asarray(np.log((t + self.t_read) / (2 * self.t_read)))

    def fresh_bands(self, read_period: float) -> int:
        """How many bands are redrawn at every read when reads are ``read_period`` seconds apart."""
        return 1 + max(0, math.floor(math.log(read_period / self.t_read, 4) + 1e-9))

    def band_variances(self, seconds: float, read_period: float) -> NDArray[np.float64]:
        """Variance of each band; entry k holds for 4**k reads, entry 0 is fresh at every read."""
        total = float(self.accumulated_variance(seconds))
        bands = np.arange(math.ceil(total / BAND_VARIANCE))
        each = np.clip(total - bands * BAND_VARIANCE, 0.0, BAND_VARIANCE)
        fresh = self.fresh_bands(read_period)
        return np.concatenate(([each[:fresh].sum()], each[fresh:]))

    def correlation(
        self, first: NDArray[np.uint64], second: NDArray[np.uint64], seconds: float, read_period: float
    ) -> float:
        """Correlation of ``n`` between reads at ticks ``first`` and at ticks ``second``."""
        variances = self.band_variances(seconds, read_period)
        shifts = [np.uint64(2 * k) for k in range(len(variances))]
        shared = [float(np.mean((first >> s) == (second >> s))) for s in shifts]
        return float(np.dot(variances, shared) / variances.sum())

    def problems(self, read_period: float) -> Iterator[str]:
        """Why the bands cannot represent the fit with reads ``read_period`` seconds apart, if they cannot."""
        if read_period < self.t_read:
            yield f"clock.read_period must be at least one_over_f.t_read = {self.t_read} s"
            return
        slowest = 4.0 ** (FAST_BANDS + self.fresh_bands(read_period)) * self.t_read
        if self.t0 < slowest:
            period = f"a clock.read_period of {read_period} s"
            yield f"one_over_f.t0 must be at least {slowest:.3g} s with {period}, not {self.t0}"
