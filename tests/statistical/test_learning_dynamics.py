"""How fast the rules learn, that it is the noise that teaches, and what the forecast says about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles_learning import (
    KURTOSIS,
    ToyChip,
    bound,
    half_squared_error,
    per_sample,
    shows,
    unit_noise,
    weight_reading,
)

from hwnoise import learners, optimizers
from hwnoise.backends.base import Reading
from hwnoise.forecast import forecast
from hwnoise.oracle import alignment, effective_rank
from hwnoise.streams import Stream
from hwnoise.testing import assert_mean, assert_rejects

QUIET, NOISY = shows("paired", quiet="chip"), shows("paired")
READBACK = shows("readback", level="weight", time_scale="memory")
INPUTS, OUTPUTS = 8, 3
SETTLED = 4096


def near(samples: Any, expected: float) -> None:
    """The mean of independent ``samples`` is ``expected`` (z test, 1e-6)."""
    assert_mean(samples, expected, float(np.std(samples)))


def perceptron(draws: int, name: str) -> tuple[Any, Any, Any, Any]:
    """Weight error (m, n), inputs, node errors (= gradients at the nodes), and the stream's generator."""
    generator = Stream(13, name).generator()
    error = generator.standard_normal((OUTPUTS, INPUTS))
    x = generator.standard_normal((draws, INPUTS))
    return error, x, x @ error.T, generator


def step_factors(error: Any, updates: Any, rate: float) -> Any:
    """|error - rate * update|^2 / |error|^2 for every draw."""
    return np.square(error - rate * updates).sum(axis=(1, 2)) / np.sum(error**2)


@pytest.mark.parametrize("form", ["gaussian", "rademacher"])
def test_np_learns_a_perceptron_at_its_rate(form: str) -> None:
    """CF-14, Werfel et al. 2005: c* = 1 - 1/(D (n + 2)) with D = m + kurtosis - 1."""
    error, x, gradient, generator = perceptron(60_000, f"werfel/np/{form}")
    noise = 1e-3 * unit_noise(form, gradient.shape, generator)
    nodes = np.stack([noise, np.zeros_like(noise)])
    losses = np.stack([np.sum(gradient * noise, axis=1), np.zeros(len(x))])
    estimates = per_sample(bound(learners.make("np"), QUIET), nodes, losses)[SETTLED:]
    updates = estimates[:, :, None] * x[SETTLED:, None, :]
    d = OUTPUTS + KURTOSIS[form] - 1
    rate, best = 1 / (d * (INPUTS + 2)), 1 - 1 / (d * (INPUTS + 2))
    near(step_factors(error, updates, rate), best)
    assert_rejects(near, step_factors(error, updates, 2 * rate), best)
    assert_rejects(near, step_factors(error, updates / 2, rate), best)


def test_gradient_descent_learns_the_perceptron_at_its_rate() -> None:
    """CF-14 with D = 1: what the other two are measured against."""
    error, x, gradient, _ = perceptron(60_000, "werfel/gd")
    rate = 1 / (INPUTS + 2)
    near(step_factors(error, gradient[:, :, None] * x[:, None, :], rate), 1 - rate)


def test_wp_learns_a_perceptron_at_its_rate() -> None:
    """CF-14 with D = m n + kurtosis - 1: slower by about the number of inputs."""
    steps = 20_000
    error, x, gradient, generator = perceptron(steps, "werfel/wp")
    noise = 1e-3 * generator.standard_normal((steps, OUTPUTS, INPUTS))
    losses = np.einsum("so,soi,si->s", gradient, noise, x)
    learner = bound(learners.make("wp"), READBACK)
    still = np.zeros((OUTPUTS, INPUTS))
    pairs = zip(noise, losses, strict=True)
    updates = np.array(
        [learner.tell(weight_reading(w, still), np.array([[v], [0.0]]))["a.weight"] for w, v in pairs]
    )
    d = OUTPUTS * INPUTS + 2
    rate, best = 1 / (d * (INPUTS + 2)), 1 - 1 / (d * (INPUTS + 2))
    near(step_factors(error, updates[SETTLED:], rate), best)
    assert_rejects(near, step_factors(error, updates[SETTLED:], rate / 2), best)
    assert_rejects(near, step_factors(error, updates[SETTLED:], rate), 1 - 1 / (OUTPUTS + 2) / (INPUTS + 2))


@pytest.mark.parametrize("form", ["gaussian", "rademacher"])
def test_an_isotropic_quadratic_shrinks_by_the_known_factor(form: str) -> None:
    """CF-15: E L' = (1 - 2 r h + r^2 h^2 (P + kurtosis - 1)) L."""
    size, curvature = 10, 1.3
    generator = Stream(13, f"quadratic/{form}").generator()
    theta = generator.standard_normal(size)
    noise = 1e-4 * unit_noise(form, (60_000, size), generator)
    nodes = np.stack([theta + noise, np.broadcast_to(theta, noise.shape)])
    nodes = nodes.astype(np.float32).astype(np.float64)  # what the learner sees
    losses = 0.5 * curvature * np.square(nodes).sum(axis=-1)
    d = size + KURTOSIS[form] - 1
    rate = 0.5 / (curvature * d)
    estimates = per_sample(bound(learners.make("np"), QUIET), nodes, losses)[SETTLED:]
    factors = np.square(theta - rate * estimates).sum(axis=1) / np.sum(theta**2)
    near(factors, 1 - 2 * rate * curvature + rate**2 * curvature**2 * d)
    assert_rejects(near, factors, 1 - 2 * rate * curvature + rate**2 * curvature**2)


def rank_after_learning(shared: bool) -> float:
    """Effective rank of what anp accumulates, with independent nodes or with two halves that share noise."""
    generator = Stream(13, "rank").generator()
    learner, total = bound(learners.make("anp"), NOISY), np.zeros((128, 784), np.float32)
    for _ in range(40):
        nodes = generator.standard_normal((2, 100, 128)).astype(np.float32)
        if shared:
            nodes[..., 64:] = nodes[..., :64]
        x = generator.standard_normal((100, 784)).astype(np.float32)
        reading = Reading(nodes[..., :1], inputs={"a": np.stack([x, x])}, nodes={"a": nodes})
        total += learner.tell(reading, nodes.sum(axis=-1))["a.weight"]
    return effective_rank(total)


def test_shared_noise_halves_the_effective_rank_of_the_update() -> None:
    """CF-22: about 125 of 128 for independent noise, about 63 where two halves share it."""
    assert rank_after_learning(shared=False) == pytest.approx(125, abs=3)
    assert rank_after_learning(shared=True) == pytest.approx(63, abs=2)


def teacher(samples: int) -> tuple[Any, Any]:
    generator = Stream(13, "teacher").generator()
    x = generator.standard_normal((samples, 6)).astype(np.float32)
    return x, np.tanh(x @ generator.standard_normal((6, 2))).astype(np.float32)


def train(
    learner_name: str, shuffle: bool = False, sigma: float = 0.05, **options: Any
) -> tuple[float, float]:
    """Loss before and after training a small non-linear chip."""
    noise = {"weight_sigma": sigma} if learner_name == "wp" else {"node_sigma": {"l0": sigma, "l1": sigma}}
    chip = ToyChip.of_sizes(6, 12, 2, capabilities=READBACK if learner_name == "wp" else NOISY, **noise)
    learner, optimizer = learners.make(learner_name, **options), optimizers.make("adam", learning_rate=0.01)
    learner.bind(chip.network, chip.capabilities)
    x, y = teacher(64)
    generator, steps, curve = Stream(13, "shuffle").generator(), 250, []
    for step in range(steps):
        reading = chip.run(x, learner.ask(step, len(x)))
        losses = half_squared_error(reading.output, y)
        curve.append(losses.mean())
        losses = losses[:, generator.permutation(len(x))] if shuffle else losses
        chip.write(optimizer.update(learner.tell(reading, losses), step, steps))
    return float(np.mean(curve[:5])), float(np.mean(curve[-5:]))


@pytest.mark.parametrize("name", ["anp", "np", "wp"])
def test_every_rule_learns_from_the_noise_and_from_nothing_else(name: str) -> None:
    before, after = train(name)
    assert after < (0.6 if name == "wp" else 0.25) * before
    before, silent = train(name, sigma=0.0)
    assert silent == before


def test_losses_that_belong_to_other_samples_teach_nothing() -> None:
    before, after = train("anp", shuffle=True)
    assert after > 0.8 * before


@pytest.mark.parametrize("normalizer", ["sample", "node"])
def test_shuffled_loss_differences_give_estimates_of_zero_mean(normalizer: str) -> None:
    generator = Stream(13, "shuffled").generator()
    nodes, gradient = generator.standard_normal((2, 40_000, 5)), np.array([1.0, -2.0, 0.5, 3.0, 1.0])
    losses = nodes @ gradient
    honest = per_sample(bound(learners.make("anp", normalizer=normalizer), NOISY), nodes, losses)
    mixed = losses[:, generator.permutation(losses.shape[1])]
    shuffled = per_sample(bound(learners.make("anp", normalizer=normalizer), NOISY), nodes, mixed)
    for node in range(5):
        near(shuffled[:, node], 0.0)
    assert_rejects(near, honest[:, 3], 0.0)


def test_alignment_finds_the_gradient_and_leaves_the_chip_alone() -> None:
    chip = ToyChip.of_sizes(6, 12, 2, capabilities=NOISY, node_sigma={"l0": 0.02, "l1": 0.02})
    learner = bound(learners.make("np", baseline_passes=1), NOISY)
    before, memory = chip.state(), learner.state()
    found = alignment(chip, learner, (*teacher(64), half_squared_error), weights=24, directions=400)
    assert [layer.name for layer in found.layers] == ["l0", "l1"]
    assert found.overall.weights == 48
    first = found.layers[0]
    assert first.cosine > 0.95
    assert first.cosine == pytest.approx(first.ceiling, abs=0.05)
    assert first.gain == pytest.approx(1.0, abs=0.15)
    assert first.bias < 0.3
    assert all(np.array_equal(before[name], value) for name, value in chip.state().items())
    assert learner.state().keys() == memory.keys()


def chip_with(sigma: float, step: float = 0.0) -> ToyChip:
    return ToyChip.of_sizes(6, 12, 2, capabilities=NOISY, node_sigma={"l0": sigma, "l1": sigma}, step=step)


@pytest.mark.parametrize(
    ("sigma", "step", "verdict"),
    [
        (0.0, 0.0, "too weak"),
        (1e-4, 0.1, "too weak"),
        (0.05, 0.01, "fine"),
        (0.1, 0.0, "fine"),
        (50.0, 0.0, "too strong"),
    ],
)
def test_forecast_tells_weak_fine_and_strong_noise_apart(sigma: float, step: float, verdict: str) -> None:
    learner, batch = bound(learners.make("anp"), NOISY), (*teacher(64), half_squared_error)
    found = forecast(chip_with(sigma, step), batch, learner)
    assert found.verdict == verdict
    assert verdict.split()[-1] in found.sentence()
    assert found.as_dict()["cosine"] == found.cosine


def test_forecast_counts_its_reads_and_measures_noise_against_signal() -> None:
    chip = chip_with(0.1)
    learner, batch = bound(learners.make("anp"), NOISY), (*teacher(256), half_squared_error)
    found = forecast(chip, batch, learner, probes=4)
    assert chip.events["reads"] == 4 * 2 * 256
    x = batch[0]
    signal = np.std(x @ chip.layers[0].weight.T)
    assert found.layers[0].noise_to_signal == pytest.approx(0.1 / signal, rel=0.03)
    assert found.layers[0].kurtosis == pytest.approx(3.0, abs=0.3)
    assert found.snr == pytest.approx(256 / (14 + 3 - 2), rel=0.05)


def test_forecast_predicts_the_cosine_of_samples_that_share_their_gradient() -> None:
    """CF-2 as eq:forecast: one sample, read many times, has the predicted cosine."""
    chip = chip_with(1e-3)
    x, y = teacher(1)
    batch = (np.repeat(x, 8, axis=0), np.repeat(y, 8, axis=0), half_squared_error)
    learner = bound(learners.make("np", baseline_passes=1), NOISY)
    predicted = forecast(chip, batch, learner, probes=50).cosine
    measured = alignment(chip, learner, batch, weights=100, directions=500).overall.snr
    assert np.sqrt(measured / (1 + measured)) == pytest.approx(predicted, rel=0.25)
