"""The gradient oracle: estimates with a known bias, variance and rank, held against a known gradient."""

from __future__ import annotations

import doctest
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from gradient_chip import CHIP, GradientChip, gradient_chip, one_step

import hwnoise
from hwnoise import learners, losses
from hwnoise.backends.base import Probe
from hwnoise.forecast import forecast
from hwnoise.learners.moments import Moments
from hwnoise.oracle import alignment, effective_rank, rank
from hwnoise.streams import Stream

BLIND = replace(CHIP, gradient=False)  # the same chip, for a learner without derivatives


def batch(samples: int = 32) -> tuple[Any, Any, Any]:
    generator = Stream(5, "oracle").generator()
    x = generator.standard_normal((samples, 6)).astype(np.float32)
    return x, generator.integers(0, 3, samples), losses.cross_entropy


@dataclass
class Known:
    """A learner whose estimate is ``gain`` times the gradient, plus white noise of ``sigma`` a weight."""

    truth: Mapping[str, Any]
    gain: float = 1.0
    sigma: float = 0.0
    generator: Any = field(default_factory=lambda: Stream(6, "known").generator())
    needs = learners.make("anp").needs

    def ask(self, key: int, batch: int) -> Probe:
        """One pass."""
        return Probe()

    def tell(self, reading: Any, lost: Any) -> dict[str, Any]:
        """See above."""
        return {
            name: self.gain * values + self.sigma * self.generator.standard_normal(values.shape)
            for name, values in self.truth.items()
        }

    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def restore(self, state: Any) -> None:
        """Nothing."""


def known(gain: float = 1.0, sigma: float = 0.0, **options: Any) -> tuple[GradientChip, Known]:
    chip = gradient_chip("6-5-3", **options)
    return chip, Known(one_step(gradient_chip("6-5-3"), learners.make("bp"), *batch()), gain, sigma)


@pytest.mark.parametrize(("capabilities", "weights"), [(CHIP, 45), (BLIND, 10)])
def test_gain_bias_and_variance_are_found(capabilities: Any, weights: int) -> None:
    """eq:alignment, eq:estimate-moments: by back-propagation for every weight, or for a sample of them."""
    chip, learner = known(gain=1.5, sigma=0.05, capabilities=capabilities)
    found = alignment(chip, learner, batch(), weights=5, directions=600)
    assert found.source.startswith("back-propagation" if capabilities.gradient else "central differences")
    assert found.overall.weights == weights
    square = sum(np.sum(learner.truth[f"{n}.weight"] ** 2) for n in ("hidden1", "readout"))
    assert found.overall.gain == pytest.approx(1.5, abs=0.05)
    assert found.overall.bias == pytest.approx(0.5, abs=0.05)
    assert found.overall.cosine > 0.99
    if capabilities.gradient:
        assert found.overall.variance == pytest.approx(45 * 0.05**2 / square, rel=0.05)
        assert found.overall.snr == pytest.approx(2.25 * square / (45 * 0.05**2), rel=0.1)
    assert [layer.name for layer in found.layers] == ["hidden1", "readout"]


def test_without_noise_bp_is_the_gradient_itself() -> None:
    chip, learner = gradient_chip("6-5-3"), learners.make("bp")
    learner.bind(chip.network, chip.capabilities)
    found = alignment(chip, learner, batch(), directions=3).overall
    assert (found.cosine, found.gain, found.bias) == pytest.approx((1.0, 1.0, 0.0), abs=1e-6)
    assert found.variance == 0
    assert found.snr == np.inf
    differences = alignment(replace(chip, capabilities=BLIND), learner, batch(), directions=3)
    assert differences.overall.cosine > 0.999


def test_the_noise_of_the_gradient_itself_is_no_bias() -> None:
    """eq:alignment, V_g: on a chip that is never quiet, the gradient is a mean over noisy passes."""
    loud = replace(CHIP, quiet="none")
    chip, learner = gradient_chip("6-5-3", sigma=0.5, capabilities=loud), learners.make("bp")
    learner.bind(chip.network, chip.capabilities)
    found = alignment(chip, learner, batch(), directions=50)
    assert found.source == "back-propagation, mean over noisy passes"
    assert found.overall.bias < 0.1
    assert found.overall.variance > 0.01


def test_chip_and_learner_are_left_as_they_were() -> None:
    chip, learner = gradient_chip("6-5-3", sigma=0.1), learners.make("lbfgs")
    learner.bind(chip.network, chip.capabilities)
    before = chip.state()
    alignment(chip, learner, batch(), directions=3)
    assert learner.state() == {}
    assert all(np.array_equal(before[name], values) for name, values in chip.state().items())


def test_correlated_noise_halves_the_rank() -> None:
    """eq:effective-rank: as long as any other update, but its columns repeat."""
    generator = Stream(7, "rank").generator()
    free = generator.standard_normal((40, 200))
    shared = np.hstack([free[:20, :100]] * 2).repeat(2, axis=0)
    assert effective_rank(free) > 35
    assert effective_rank(shared) < 21
    assert effective_rank(np.zeros((3, 4))) == 0
    assert effective_rank(free.reshape(40, 10, 20)) == pytest.approx(effective_rank(free))
    assert doctest.testmod(rank).failed == 0


def test_running_moments_are_those_of_numpy() -> None:
    """eq:estimate-moments: the variance over chosen entries, the mean in full."""
    values = 100 + Stream(8, "moments").generator().standard_normal((9, 4, 3))
    found = Moments({"a": np.array([0, 5])})
    for one in values:
        found.add({"a": one, "b": one})
    np.testing.assert_allclose(found.mean["a"], values.mean(axis=0))
    spread = values.var(axis=0, ddof=1)
    assert found.variance("b") == pytest.approx(spread.sum())
    assert found.variance("a") == pytest.approx(spread[0, 0] + spread[1, 2])


def test_the_package_offers_it() -> None:
    """Also where the modules behind it were imported first."""
    assert hwnoise.alignment is alignment
    code = "import hwnoise.oracle.compare, hwnoise; assert callable(hwnoise.alignment)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_yardstick_is_forecast_by_what_it_shows() -> None:
    chip, learner = gradient_chip("6-5-3", sigma=0.2), learners.make("bp")
    learner.bind(chip.network, chip.capabilities)
    found = forecast(chip, batch(64), learner, probes=20)
    assert found.verdict == "fine"
    truth = alignment(chip, learner, batch(64), directions=200).overall
    assert found.snr == pytest.approx(truth.snr, rel=0.5)
    assert found.as_dict()["cosine"] > 0.9
    exact = forecast(gradient_chip("6-5-3"), batch(64), learner)
    assert exact.cosine == pytest.approx(1.0, abs=1e-5)
