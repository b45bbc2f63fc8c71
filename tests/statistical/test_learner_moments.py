"""Closed forms of the estimators, through the learners themselves; each with a mutant that fails.

Labels: eq:anp, eq:anp-depth, eq:np, eq:wp, eq:wp-attenuation, eq:running-variance.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from oracles_learning import (
    KURTOSIS,
    ToyChip,
    bound,
    per_sample,
    shows,
    unit_noise,
    weight_reading,
)

from hwnoise import learners
from hwnoise.backends.base import Reading
from hwnoise.learners.variance import MEMORY
from hwnoise.streams import Stream
from hwnoise.testing import assert_mean, assert_rejects

SETTLED = 4096  # samples after which the running variances hardly move any more
QUIET = shows("paired", quiet="chip")
NOISY = shows("paired")


def near(samples: Any, expected: float) -> None:
    """The mean of independent ``samples`` is ``expected`` (z test, 1e-6)."""
    assert_mean(samples, expected, float(np.std(samples)))


def gain(estimates: Any, gradient: Any) -> Any:
    return estimates @ gradient / (gradient @ gradient)


def second_moment(estimates: Any, gradient: Any) -> Any:
    return np.square(estimates).sum(axis=1) / (gradient @ gradient)


def clean_and_noisy(name: str, form: str, nodes: int, draws: int, sigma: float = 0.1) -> tuple[Any, Any]:
    """Gradient, and node values [noisy, quiet] of ``draws`` samples."""
    generator = Stream(11, name).generator()
    noise = sigma * unit_noise(form, (draws, nodes), generator)
    return generator.standard_normal(nodes), np.stack([noise, np.zeros_like(noise)])


def settled_np(nodes: Any, gradient: Any) -> Any:
    learner = bound(learners.make("np"), QUIET)
    return per_sample(learner, nodes, nodes @ gradient)[SETTLED:]


@pytest.mark.parametrize("form", ["gaussian", "rademacher", "uniform"])
@pytest.mark.parametrize("size", [5, 20])
def test_np_has_the_mean_of_the_gradient_and_the_known_second_moment(form: str, size: int) -> None:
    """CF-1: E g_hat = g and E|g_hat|^2 = (P + kurtosis - 1)|g|^2."""
    gradient, nodes = clean_and_noisy(f"cf1/{form}", form, size, 60_000)
    estimates = settled_np(nodes, gradient)
    near(gain(estimates, gradient), 1.0)
    near(second_moment(estimates, gradient), size + KURTOSIS[form] - 1)
    assert_rejects(near, gain(estimates / 2, gradient), 1.0)
    assert_rejects(near, second_moment(estimates, gradient), size + KURTOSIS[form] + 0.5)


def test_dividing_by_sigma_instead_of_the_variance_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """CF-1, mutant of the divisor (eq:running-variance)."""
    gradient, nodes = clean_and_noisy("cf1/mutant", "gaussian", 5, 20_000)
    learner = bound(learners.make("np"), QUIET)
    variance = learner._noise.variance
    monkeypatch.setattr(learner._noise, "variance", lambda name: np.sqrt(variance(name)))
    assert_rejects(near, gain(per_sample(learner, nodes, nodes @ gradient), gradient), 1.0)


@pytest.mark.parametrize("directions", [1, 5, 50])
def test_averaging_directions_lowers_the_variance_as_one_over_their_number(directions: int) -> None:
    """CF-2: E|mean of q|^2 = (q + P + kurtosis - 2)/q |g|^2; mutant: one noise for the whole batch."""
    size = 50
    gradient, nodes = clean_and_noisy("cf2", "gaussian", size, 64_000)
    estimates = settled_np(nodes, gradient)
    estimates = estimates[: len(estimates) // 50 * 50].reshape(-1, directions, size)
    near(second_moment(estimates.mean(axis=1), gradient), (directions + size + 1) / directions)
    if directions > 1:
        shared = estimates[:, :1].repeat(directions, axis=1)
        assert_rejects(
            near, second_moment(shared.mean(axis=1), gradient), (directions + size + 1) / directions
        )


@pytest.mark.parametrize("size", [5, 20, 100])
def test_one_direction_has_the_expected_cosine(size: int) -> None:
    """CF-3: E cos^2 = 1/P, and E|cos| = Gamma(P/2) / (sqrt(pi) Gamma((P+1)/2)) if isotropic."""
    gradient, nodes = clean_and_noisy("cf3", "gaussian", size, 20_000)
    estimates = per_sample(bound(learners.make("anp"), NOISY), nodes, nodes @ gradient)
    cosine = gain(estimates, gradient) * np.linalg.norm(gradient) / np.linalg.norm(estimates, axis=1)
    near(cosine**2, 1 / size)
    near(np.abs(cosine), math.exp(math.lgamma(size / 2) - math.lgamma((size + 1) / 2)) / math.sqrt(math.pi))
    skewed = unit_noise("gaussian", nodes.shape, Stream(11, "cf3/skew").generator()) ** 2 - 1
    skewed[1] = 0
    wrong = per_sample(bound(learners.make("anp"), NOISY), skewed, skewed @ np.abs(gradient))
    cosine = gain(wrong, np.abs(gradient)) * np.linalg.norm(gradient) / np.linalg.norm(wrong, axis=1)
    assert_rejects(near, cosine**2, 1 / size)


@pytest.mark.parametrize(("passes", "factor"), [("quiet", 2.0), ("noisy", 1.0)])
def test_noise_of_the_loss_reading_adds_its_known_share(passes: str, factor: float) -> None:
    """CF-5: forward 2 P s^2 / sigma^2, two noisy passes P s^2 / sigma^2; mutant: the other one."""
    size, sigma, error, draws = 8, 0.1, 0.2, 60_000
    gradient, nodes = clean_and_noisy("cf5", "gaussian", size, draws, sigma)
    generator = Stream(11, "cf5/loss").generator()
    if passes == "noisy":
        nodes = sigma * generator.standard_normal(nodes.shape)
    losses = nodes @ gradient + error * generator.standard_normal((2, draws))
    learner = bound(learners.make("np", baseline_passes=1), QUIET if passes == "quiet" else NOISY)
    squares = second_moment(per_sample(learner, nodes, losses)[SETTLED:], gradient)
    extra = size * error**2 / sigma**2 / (gradient @ gradient)
    near(squares, size + 2 + factor * extra)
    assert_rejects(near, squares, size + 2 + (3 - factor) * extra)


@pytest.mark.parametrize("form", ["gaussian", "rademacher", "uniform"])
def test_two_noisy_passes_have_the_moments_of_their_difference(form: str) -> None:
    """CF-7: second moment P + (kurtosis + 3)/2 - 1; mutant: the kurtosis of a single pass."""
    size = 6
    generator = Stream(11, f"cf7/{form}").generator()
    gradient, nodes = generator.standard_normal(size), unit_noise(form, (2, 90_000, size), generator)
    learner = bound(learners.make("np", baseline_passes=1), NOISY)
    estimates = per_sample(learner, nodes, nodes @ gradient)[SETTLED:]
    near(gain(estimates, gradient), 1.0)
    near(second_moment(estimates, gradient), size + (KURTOSIS[form] + 3) / 2 - 1)
    if form != "gaussian":
        assert_rejects(near, second_moment(estimates, gradient), size + KURTOSIS[form] - 1)


def test_curvature_costs_less_between_two_noisy_passes_than_against_a_clean_one() -> None:
    """CF-4 and CF-7: extra (s^2/4)(P+4)(tr^2 H + 2 tr H^2), against (s^2/2)(P+2) tr H^2."""
    size, sigma, draws = 6, 0.5, 120_000
    generator = Stream(11, "cf7/curved").generator()
    gradient, root = generator.standard_normal(size), generator.standard_normal((size, size))
    hessian = root @ root.T / size
    nodes = sigma * generator.standard_normal((2, draws, size))
    trace, square = np.trace(hessian), np.sum(hessian**2)
    extra = {
        "noisy": sigma**2 / 2 * (size + 2) * square,
        "quiet": sigma**2 / 4 * (size + 4) * (trace**2 + 2 * square),
    }
    for passes, capabilities in (("noisy", NOISY), ("quiet", QUIET)):
        nodes[1] *= passes == "noisy"
        losses = nodes @ gradient + 0.5 * np.einsum("psi,ij,psj->ps", nodes, hessian, nodes, optimize=True)
        learner = bound(learners.make("np", baseline_passes=1), capabilities)
        squares = second_moment(per_sample(learner, nodes, losses)[SETTLED:], gradient)
        for which, added in extra.items():
            claim = near if which == passes else assert_rejects_near
            claim(squares, size + 2 + added / (gradient @ gradient))


def assert_rejects_near(samples: Any, expected: float) -> None:
    assert_rejects(near, samples, expected)


@pytest.mark.parametrize("passes", [1, 2, 5, 10])
def test_a_baseline_of_m_passes_shows_the_variance_of_its_difference(passes: int) -> None:
    """CF-8: Var = sigma^2 (1 + 1/m), which the learner observes and divides by: gain 1."""
    size, sigma = 5, 0.3
    generator = Stream(11, f"cf8/{passes}").generator()
    gradient, nodes = (
        generator.standard_normal(size),
        sigma * generator.standard_normal((passes + 1, 40_000, size)),
    )
    learner = bound(learners.make("np", baseline_passes=passes), NOISY)
    estimates = per_sample(learner, nodes, nodes @ gradient)[SETTLED:]
    expected = sigma**2 * (1 + 1 / passes)
    assert learner._noise.variance("a").mean() == pytest.approx(
        expected, rel=5 * math.sqrt(2 / MEMORY / size)
    )
    near(gain(estimates, gradient), 1.0)
    assert_rejects(near, gain(estimates, gradient) * (1 + 1 / passes), 1.0)


def test_node_rule_on_weight_noise_is_the_rao_blackwell_form() -> None:
    """CF-9: second moment m + 2 instead of mn + 2, and no bias for unequal devices."""
    outputs, inputs, draws = 4, 30, 60_000
    generator = Stream(11, "cf9").generator()
    x, gradient = generator.standard_normal(inputs), generator.standard_normal(outputs)
    sigma = generator.uniform(0.2, 2.0, (outputs, inputs))
    for spread, even in ((np.ones_like(sigma), True), (sigma, False)):
        strength = np.sqrt(spread**2 @ x**2)  # u = noise @ x is Gaussian with this deviation
        u = strength * generator.standard_normal((draws, outputs))
        nodes = np.stack([u, np.zeros_like(u)])
        estimates = settled_np(nodes, gradient)
        near(gain(estimates, gradient), 1.0)
        if even:
            near(second_moment(estimates, gradient), outputs + 2)
            assert_rejects(near, second_moment(estimates, gradient), outputs * inputs + 2)
        else:
            pooled = estimates * strength**2 / np.mean(strength**2)  # mutant: one variance for all nodes
            assert_rejects(near, gain(pooled, gradient), 1.0)


def wp_estimates(size: int, error: float, calibrated: bool, steps: int) -> tuple[Any, Any]:
    """Gradient, and the estimates of many steps of wp under noise of unit variance."""
    generator = Stream(11, f"wp/{size}/{error}/{calibrated}").generator()
    gradient = generator.standard_normal(size)
    chip = ToyChip.of_sizes(size, 1, capabilities=shows("readback", level="weight"), read_error=error)
    learner = bound(
        learners.make("wp", calibration_reads=300), shows("readback", level="weight", time_scale="memory")
    )
    if calibrated:
        learner.calibrate(chip)
    error_name = {k.replace("l0", "a"): v for k, v in learner.state().items()}
    learner.restore(error_name)
    found = []
    for _ in range(steps + SETTLED):
        pair = generator.standard_normal((2, 1, size))
        back = pair + error * generator.standard_normal(pair.shape)
        found.append(learner.tell(weight_reading(*back), pair @ gradient)["a.weight"][0])
    return gradient, np.array(found[SETTLED:], np.float64)


def test_wp_has_the_second_moment_of_as_many_directions_as_weights() -> None:
    """CF-1 for eq:wp: P + 2, unbiased."""
    gradient, estimates = wp_estimates(24, 0.0, False, 12_000)
    near(gain(estimates, gradient), 1.0)
    near(second_moment(estimates, gradient), 26.0)
    assert_rejects(near, gain(estimates * 2, gradient), 1.0)


def test_read_error_attenuates_unless_it_was_calibrated() -> None:
    """CF-10 (eq:wp-attenuation): gain 1/(1 + r^2); calibrated 1, with P r^2 more second moment."""
    size, error = 20, 0.7
    gradient, raw = wp_estimates(size, error, False, 8_000)
    near(gain(raw, gradient), 1 / (1 + error**2))
    gradient, estimates = wp_estimates(size, error, True, 8_000)
    assert np.mean(gain(estimates, gradient)) == pytest.approx(1.0, abs=0.05)
    assert np.mean(second_moment(estimates, gradient)) == pytest.approx(size + 2 + size * error**2, rel=0.08)
    assert_rejects(near, gain(raw, gradient), 1.0)


def test_anp_lies_on_the_sphere() -> None:
    """CF-11: gain 1, second moment N; mutant: the mean over nodes forgotten."""
    size = 20
    gradient, nodes = clean_and_noisy("cf11", "gaussian", size, 60_000)
    estimates = per_sample(bound(learners.make("anp"), NOISY), nodes, nodes @ gradient)
    near(gain(estimates, gradient), 1.0)
    near(second_moment(estimates, gradient), size)
    assert_rejects(near, gain(estimates * (size + 1) / size, gradient), 1.0)
    assert_rejects(near, second_moment(estimates, gradient), size + 2)


def test_anp_per_node_is_unbiased_under_unequal_noise_and_the_published_rule_is_not() -> None:
    size = 12
    generator = Stream(11, "anp/node").generator()
    gradient, sigma = np.ones(size), np.linspace(0.2, 2.0, size)
    nodes = sigma * generator.standard_normal((2, 40_000, size))
    for normalizer, unbiased in (("node", True), ("sample", False)):
        learner = bound(learners.make("anp", normalizer=normalizer), NOISY)
        estimates = per_sample(learner, nodes, nodes @ gradient)[SETTLED:]
        claim = near if unbiased else assert_rejects_near
        for node in (0, -1):  # the quietest and the noisiest
            claim(estimates[:, node], gradient[node])


def linear_depth() -> tuple[ToyChip, Any, list[Any], list[Any]]:
    """A linear 6-5-4-3 chip, its loss weights, the gradient g_l and its preconditioned form (CF-12)."""
    chip = ToyChip.of_sizes(
        6, 5, 4, 3, activation="identity", capabilities=QUIET, node_sigma={f"l{k}": 0.1 for k in range(3)}
    )
    slope = Stream(11, "cf12").generator().standard_normal(3)
    second, third = chip.layers[1].weight, chip.layers[2].weight
    exact = [second.T @ third.T @ slope, third.T @ slope, slope]
    jacobians = [[], [second], [third, third @ second]]
    seen = [
        g + sum((j @ j.T @ g for j in js), np.zeros_like(g)) for g, js in zip(exact, jacobians, strict=True)
    ]
    return chip, slope, exact, seen


def depth_means(learner: Any, chip: ToyChip, slope: Any) -> list[Any]:
    """Mean bias estimate of every layer."""
    x = np.tile(Stream(11, "cf12/x").generator().standard_normal(6), (20_000, 1))
    reading = chip.run(x, learner.ask(0, len(x)))
    slope = slope.astype(np.float64)
    estimate = learner.tell(reading, reading.output.astype(np.float64) @ slope)
    return [estimate[f"l{k}.bias"].astype(np.float64) for k in range(3)]


def cosine(a: Any, b: Any) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_differences_of_activities_are_preconditioned_in_depth_and_known_noise_is_not() -> None:
    """CF-12 (eq:anp-depth): E = (1 + sum J J^T) g up to scale; the first layer and NP are exact."""
    chip, slope, exact, seen = linear_depth()
    known = depth_means(bound(learners.make("np"), shows("known", quiet="chip")), chip, slope)
    for estimate, gradient in zip(known, exact, strict=True):
        assert cosine(estimate, gradient) > 0.995
        assert np.linalg.norm(estimate - gradient) < 0.1 * np.linalg.norm(gradient)
    activity = depth_means(bound(learners.make("anp"), NOISY), chip, slope)
    for estimate, expected in zip(activity, seen, strict=True):
        assert cosine(estimate, expected) > 0.99
    assert min(cosine(e, g) for e, g in zip(activity, exact, strict=True)) < 0.99  # mutant: no bias claimed


def test_a_pair_of_telegraph_passes_keeps_its_gain() -> None:
    """Correlation between passes cancels in eq:anp; a fixed divisor 2 sigma^2 loses the factor 1 - rho."""
    size, draws, flip = 6, 40_000, 0.2
    generator = Stream(11, "telegraph").generator()
    first = unit_noise("rademacher", (draws, size), generator)
    second = np.where(generator.random((draws, size)) < flip, -first, first)
    nodes, gradient = np.stack([first, second]), generator.standard_normal(size)
    moving = np.any(first != second, axis=1)
    estimates = per_sample(bound(learners.make("anp"), NOISY), nodes, nodes @ gradient)
    assert not estimates[~moving].any()
    near(gain(estimates[moving], gradient), 1.0)
    fixed = ((first - second) @ gradient)[:, None] * (first - second) / 2
    assert_rejects(near, gain(fixed, gradient), 1.0)
    near(gain(fixed, gradient), 2 * flip)


def test_running_variance_is_drawn_to_the_layer_while_little_is_known() -> None:
    """eq:running-variance: one observation per element never divides by itself alone."""
    learner = bound(learners.make("wp"), shows("readback", level="weight", time_scale="memory"))
    moved = np.array([[1e-6, 1.0, -1.0]])
    estimate = learner.tell(weight_reading(moved, 0 * moved), np.array([[1.0], [0.0]]))["a.weight"]
    assert np.abs(estimate).max() < 2.0
    assert isinstance(weight_reading(moved, moved), Reading)
