"""Fresh Gaussian read noise, output-referred: exact, for the price of two products (eq:read-noise)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.kernels._jit import kernel
from hwnoise.kernels.cache_line import from_cache_line
from hwnoise.kernels.gaussian import gaussian64

Floats = NDArray[np.float32]


@kernel
def square(x: Floats, out: Floats) -> None:
    """Write ``x**2`` to ``out``; both (rows, n) float32."""
    for r in range(x.shape[0]):
        for i in range(x.shape[1]):
            out[r, i] = x[r, i] * x[r, i]


@kernel
def add_output_noise(key: np.uint64, tick: np.uint64, variance: Floats, y: Floats) -> None:
    """Add ``sqrt(variance) z`` to ``y`` (eq:read-noise-output).

    Parameters
    ----------
    key : uint64
        The array's read stream.
    tick : uint64
        Of the first row; row r uses tick + r, column j is element j.
    variance : (rows, n) float32, >= 0
        ``x**2 @ S**2``: the variance of the sum over independent devices.
    y : (rows, n) float32
        Added to.

    Notes
    -----
    Has exactly the law of a fresh Gaussian draw per device, and costs one draw per node.
    Test: ``tests/statistical/test_read_noise.py``.
    """
    words = np.empty(64, np.uint32)
    z = np.empty(64, np.float32)
    n = y.shape[1]
    for r in range(y.shape[0]):
        for chunk in range((n + 63) // 64):
            gaussian64(key, tick + np.uint64(r), np.uint64(chunk), words, z)
            first = 64 * chunk
            for i in range(min(64, n - first)):
                y[r, first + i] += math.sqrt(variance[r, first + i]) * z[i]


@kernel
def product_and_variance(x: Floats, weight: Floats, s2: Floats, y: Floats, variance: Floats) -> None:
    """One input vector, ``x @ W`` and ``x**2 @ S**2`` in one pass over the matrices (eq:read-noise-output).

    Parameters
    ----------
    x : (n_in,) float32
    weight, s2 : (n_in, n_out) float32
    y, variance : (n_out,) float32
        Overwritten.
    """
    y[:] = np.float32(0)
    variance[:] = np.float32(0)
    for i in range(len(x)):
        a = x[i]
        if a != 0.0:
            b = a * a
            for j in range(len(y)):  # two plain loops: each keeps to wide vectors and one stream
                y[j] += a * weight[i, j]
            for j in range(len(y)):
                variance[j] += b * s2[i, j]


@kernel
def read_vector(x: Floats, weight: Floats, s2: Floats, key: np.uint64, tick: np.uint64, y: Floats) -> None:
    """Read one input vector with fresh noise at the speed of streaming both matrices (eq:read-noise-output).

    Parameters
    ----------
    x : (1, n_in) float32
    weight, s2 : (n_in, n_out) float32
    key, tick : uint64
        As in ``add_output_noise``.
    y : (1, n_out) float32
        Overwritten with ``x @ weight + sqrt(x**2 @ s2) z``.
    """
    n = y.shape[1]
    mean, variance = from_cache_line(n), from_cache_line(n)
    product_and_variance(x[0], weight, s2, mean, variance)
    y[0] = mean
    add_output_noise(key, tick, variance.reshape(1, n), y)


@kernel
def read_per_device(x: Floats, weight: Floats, s: Floats, key: np.uint64, tick: np.uint64, y: Floats) -> None:
    """The same law drawn device by device, ``y_r = x_r @ (W + S xi_r)`` (eq:read-noise): the reference, slow.

    Parameters
    ----------
    x : (rows, n_in) float32
    weight, s : (n_in, n_out) float32
    key, tick : uint64
        Row r uses tick + r; device (i, j) is element ``i * n_out + j``.
    y : (rows, n_out) float32
        Overwritten.
    """
    words = np.empty(64, np.uint32)
    z = np.empty(64, np.float32)
    rows, n_in = x.shape
    n_out = weight.shape[1]
    y[:] = np.float32(0)
    for r in range(rows):
        current = np.uint64(0)
        gaussian64(key, tick + np.uint64(r), current, words, z)
        for i in range(n_in):
            for j in range(n_out):
                e = i * n_out + j
                if e >> 6 != current:
                    current = np.uint64(e >> 6)
                    gaussian64(key, tick + np.uint64(r), current, words, z)
                y[r, j] += x[r, i] * (weight[i, j] + s[i, j] * z[e & 63])
