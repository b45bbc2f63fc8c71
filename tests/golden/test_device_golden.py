"""The presets give the published numbers: every row of device_values.txt."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles_devices import telegraph
from scipy import stats

from hwnoise import substrate
from hwnoise.kernels.drift import decay
from hwnoise.kernels.programming_noise import program

Floats = NDArray[Any]
LINES = (Path(__file__).parent / "device_values.txt").read_text(encoding="utf-8").splitlines()
ROWS = [line.split() for line in LINES if line and not line.startswith("#")]
VALUES = {name: np.array(numbers, float) for name, *numbers in ROWS}
TOLERANCE = 5e-5  # half of the last decimal shown
NORMAL = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)  # draws without chance: a quantile each

PCM = substrate.load("pcm")
SMTJ = substrate.load("smtj")
AGES = [0, 1, 3600, 86400, 31_536_000]


def assert_golden(name: str, found: Any) -> None:
    np.testing.assert_allclose(found, VALUES[name], rtol=0, atol=TOLERANCE, err_msg=name)


def test_programming_noise() -> None:
    """Check eq:programming-noise: sigma, in µS."""
    assert PCM.programming_noise is not None
    assert_golden("sigma_P", PCM.programming_noise.sigma_at(VALUES["x"], 25.0))
    assert_golden("sigma_P", 2.5 * PCM.programming_noise.sigma_at(VALUES["x"], 10.0))


def test_drift_exponent() -> None:
    """Check eq:drift-exponent: mean and spread before folding, and the folded mean of an idle device."""
    assert PCM.drift is not None
    assert_golden("mu_nu", PCM.drift.mean.at(VALUES["x"]))
    assert_golden("s_nu", PCM.drift.std.at(VALUES["x"]))
    assert_golden("idle_exponent_mean", [PCM.drift.exponent(np.zeros_like(NORMAL), NORMAL).mean()])


def test_idle_device() -> None:
    """Check eq:programming-noise with its clip: mean and spread of a device that should be at 0."""
    assert PCM.programming_noise is not None
    idle, g = np.zeros_like(NORMAL), np.empty(NORMAL.size, np.float32)
    program(idle, PCM.programming_noise.sigma_at(idle, 25.0), NORMAL.astype(np.float32), g)
    assert_golden("idle_conductance", [g.mean(dtype=float), g.std(dtype=float)])


@pytest.mark.parametrize("seconds", AGES)
def test_flicker(seconds: int) -> None:
    """Check eq:accumulated-variance: Q, the logarithm, and their product."""
    noise = PCM.one_over_f
    assert noise is not None
    q, root = noise.q.at(VALUES["x"]), np.sqrt(noise.accumulated_variance(seconds))
    assert_golden("Q", q)
    assert VALUES["root_log"][VALUES["seconds"] == seconds] == pytest.approx(root, abs=TOLERANCE)
    assert_golden(f"flicker_{seconds}s", q * root)
    bands = noise.band_variances(seconds, PCM.clock.read_period)
    assert_golden(f"flicker_{seconds}s", q * math.sqrt(bands.sum()))


@pytest.mark.parametrize("seconds", AGES[2:])
@pytest.mark.parametrize("x", [0.5, 0.75, 1.0])
def test_what_drift_leaves(seconds: int, x: float) -> None:
    """Check eq:drift through the kernel, over all exponents: t0, and the natural logarithm."""
    assert PCM.drift is not None
    n = NORMAL.size
    nu = PCM.drift.exponent(np.full(n, x), NORMAL).astype(np.float32)
    left = np.ones((1, n), np.float32)
    decay(left, nu[None], np.full(n, float(seconds)), PCM.drift.t0)
    assert_golden(f"left_{seconds}s", [left.mean(dtype=float), left.std(dtype=float)])


def test_telegraph() -> None:
    """Check eq:telegraph-flip and eq:telegraph-variance: moments, correlations and runs of a junction."""
    noise = SMTJ.telegraph
    assert noise is not None
    law, ticks = telegraph(noise.amplitude, noise.sigma), np.arange(2, dtype=np.uint64)
    assert noise.offset == VALUES["telegraph_mean"][0]
    assert math.sqrt(noise.variance) == pytest.approx(law.std, rel=1e-12)
    assert law.std == pytest.approx(VALUES["telegraph_std"][0], abs=5e-8)
    assert_golden("telegraph_kurtosis", [law.kurtosis])
    assert_golden("state_correlation", [1 - 2 * noise.flip_over(1)])
    assert_golden("noise_correlation", [noise.correlation(ticks[:1], ticks[1:])])
    assert noise.amplitude**2 / noise.variance == pytest.approx(VALUES["state_share"][0], abs=5e-6)
    assert 1 / noise.flip == pytest.approx(VALUES["mean_run"][0], abs=5e-4)


def test_every_value_is_checked() -> None:
    named = Path(__file__).read_text(encoding="utf-8")
    families = {name for name in VALUES if f'"{name}"' not in named}
    assert families == {f"flicker_{s}s" for s in AGES} | {f"left_{s}s" for s in AGES[2:]}
