"""The device equations the slow, obvious way: float64 NumPy, one formula each, no kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracles_random import philox
from scipy import special, stats

Floats = NDArray[Any]


@dataclass(frozen=True)
class Law:
    """Mean, variance and kurtosis of one draw: what the assertions on moments ask for."""

    mean: float
    variance: float
    kurtosis: float

    @property
    def std(self) -> float:
        return math.sqrt(self.variance)


def law(raw: list[float]) -> Law:
    """The law whose raw moments ``E g**k``, k = 0 to 4, are ``raw``."""
    _, m, m2, m3, m4 = raw
    variance = m2 - m**2
    return Law(m, variance, (m4 - 4 * m * m3 + 6 * m**2 * m2 - 3 * m**4) / variance**2)


def rectified(m: float, s: float) -> Law:
    """``max(m + s z, 0)``, z a standard normal (eq:programming-noise)."""
    above, density = stats.norm.cdf(m / s), stats.norm.pdf(m / s)
    raw = [1.0, m * above + s * density, (m**2 + s**2) * above + m * s * density]
    for k in (3, 4):
        raw.append(m * raw[-1] + (k - 1) * s**2 * raw[-2])
    return law(raw)


def folded(m: float, s: float) -> Law:
    """``abs(m + s z)``, z a standard normal (eq:drift-exponent)."""
    mean, variance, excess = stats.foldnorm(m / s, scale=s).stats("mvk")
    return Law(float(mean), float(variance), float(excess) + 3)


def drift_factor(nu: Floats, seconds: float, t0: float) -> Floats:
    """What is left of a conductance ``seconds`` after its verifying read (eq:drift)."""
    return ((seconds + t0) / t0) ** -np.asarray(nu, float)


def accumulated_variance(t: float, t_read: float) -> float:
    """Variance of 1/f noise, ``t`` seconds after programming (eq:accumulated-variance)."""
    return math.log((t + t_read) / (2 * t_read))


def band_variances(t: float, t_read: float) -> Floats:
    """``a_k**2`` of every band (eq:one-over-f-bands)."""
    left = accumulated_variance(t, t_read) - np.arange(40) * math.log(4)
    return np.clip(left, 0, math.log(4))


def shared_variance(first: int, second: int, t: float, t_read: float) -> float:
    """Covariance of 1/f noise between reads at two ticks (eq:one-over-f-bands)."""
    held = [first // 4**k == second // 4**k for k in range(40)]
    return float(band_variances(t, t_read) @ held)


def half_difference(lag: float) -> float:
    """Half the mean squared difference, ``lag`` reads apart, of 1/f noise cut at 1 / (2 t_read)."""
    x = math.pi * lag
    return float(np.euler_gamma + math.log(x) - special.sici(x)[1])


def read_moments(x: Floats, weight: Floats, s: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of a noisy product (eq:read-noise), device by device."""
    mean, variance = np.zeros(weight.shape[1]), np.zeros(weight.shape[1])
    for i, j in np.ndindex(weight.shape):
        mean[j] += float(x[i]) * float(weight[i, j])
        variance[j] += float(x[i]) ** 2 * float(s[i, j]) ** 2
    return mean, variance


def telegraph(amplitude: float, sigma: float) -> Law:
    """``amplitude s + sigma z``, s = ±1 with equal odds (eq:telegraph-variance)."""
    a, b = amplitude**2, sigma**2
    return Law(0.0, a + b, (a**2 + 6 * a * b + 3 * b**2) / (a + b) ** 2)


def telegraph_mean_variance(rho: float, n: int) -> float:
    """Variance of the mean over ``n`` successive states of correlation ``rho`` (eq:telegraph-flip)."""
    lags = np.arange(1, n)
    return float((1 + 2 * ((1 - lags / n) * rho**lags).sum()) / n)


def telegraph_product_variance(rho: float, lag: int, n: int) -> float:
    """Variance of the mean of ``n`` successive products ``s_t s_(t + lag)``.

    A product is that of the ``lag`` signs by which the state moves from read to read, which are
    independent; two products ``d < lag`` apart have ``lag - d`` of them in common.
    """
    d = np.arange(1, lag)
    common = (1 - d / n) * (rho ** (2 * d) - rho ** (2 * lag))
    return float((1 - rho ** (2 * lag) + 2 * common.sum()) / n)


def to_levels(v: Floats, levels: int) -> Floats:
    """Nearest of the levels ``k / levels``, ties to even, clipped to ±1 (eq:dac)."""
    codes: Floats = np.clip(np.rint(np.asarray(v, float) * levels), -levels, levels)
    return codes / levels


def adc(y: Floats, levels: int, full_scale: float, scale: Floats, gain: Floats, bias: Floats) -> Floats:
    """Node values of the array output ``y`` (eq:adc)."""
    return full_scale * to_levels(y / full_scale, levels) * scale[:, None] * gain + bias


def trap_state(key: int, device: int, plane: int, time: float, high: float) -> int:
    """State of a trap at ``time``, in cells: what the last point up to then drew (eq:trap-refresh)."""
    cell, until = math.floor(time), time - math.floor(time)
    while True:
        place, state, block = 0.0, None, 0
        while place <= until:
            counter = [device, plane + 256 * block, cell % 2**32, cell // 2**32 % 2**32]
            words = philox(counter, [key % 2**32, key >> 32])
            for gap, draw in (words[:2], words[2:]):
                place -= math.log((gap + 0.5) / 2**32)
                if place > until:
                    break
                state = int(draw < math.floor(high * 2**32))
            block += 1
        if state is not None:
            return state
        cell, until = cell - 1, 1.0


def digit(q: Floats, levels: int, base: int, place: int) -> Floats:
    """One digit of each converted input, relative to the largest (eq:dac-slice)."""
    codes = np.rint(np.abs(q.astype(float)) * levels).astype(int)
    return np.where(q < 0, -1, 1) * (codes // base**place % base) / (base - 1)


def rounded_down(y: Floats, levels: int, full_scale: float) -> Floats:
    """Two's complement, rounded down (eq:adc-floor)."""
    step = full_scale / levels
    return np.clip(np.floor(y.astype(float) / step), -levels - 1, levels) * step


def bent(y: Floats, full_scale: float, deviation: Floats) -> Floats:
    """Outputs moved by what their code lies off (eq:adc-nonlinearity)."""
    levels = deviation.shape[1] - 1
    step = full_scale / levels
    codes = np.minimum(np.rint(np.abs(y) / step).astype(int), levels)
    moved = np.stack([deviation[j, codes[:, j]] for j in range(y.shape[1])], axis=1)
    return y - np.where(y > 0, 1, -1) * moved * step


def mesh(phases: Floats, signs: Floats) -> Floats:
    """The matrix of a triangular mesh, rotation by rotation (eq:mesh-rotations)."""
    n, total, m = len(signs), np.eye(len(signs)), 0
    for c in range(n - 1):
        for r in range(n - 1, c, -1):
            rotation = np.eye(n)
            rotation[r - 1 : r + 1, r - 1 : r + 1] = [
                [math.cos(phases[m]), -math.sin(phases[m])],
                [math.sin(phases[m]), math.cos(phases[m])],
            ]
            total, m = total @ rotation, m + 1
    return total @ np.diag(signs)


def cut_off(s: float, limit: float) -> Law:
    """A normal draw of spread ``s``, given that it is within ± ``limit`` (eq:write-verify)."""
    mean, variance, excess = stats.truncnorm(-limit / s, limit / s, scale=s).stats("mvk")
    return Law(float(mean), float(variance), float(excess) + 3)


def current(voltage: float, siemens: float, n2: list[float], n3: list[float]) -> float:
    """Current [A] of one device that is not linear (eq:conduction, eq:conduction-polynomial)."""
    decades = math.log10(siemens)
    square = sum(n * decades**k for k, n in enumerate(n2))
    cube = sum(n * decades**k for k, n in enumerate(n3))
    return siemens * voltage + square * voltage**2 + cube * voltage**3


def curved_sum(
    q: Floats, g: Floats, factors: Floats, offset: float, v_read: float, n2: list[float], n3: list[float]
) -> Floats:
    """Outputs (rows, n) of inputs ``q`` (rows, lines), device by device (eq:conduction-sum).

    Devices conduct ``g`` (planes, lines, n) [µS]; ``offset`` is added digitally to what each weight counts.
    """
    y = np.zeros((len(q), g.shape[2]))
    for row, line, output in np.ndindex(len(q), g.shape[1], g.shape[2]):
        for factor, plane in zip(factors, g, strict=True):
            carried = current(q[row, line] * v_read, 1e-6 * plane[line, output], n2, n3)
            y[row, output] += factor * 1e6 * carried / v_read
        y[row, output] += offset * q[row, line]
    return y
