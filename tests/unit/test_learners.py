"""What learners ask for, what they refuse, and what they must never look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from oracles_learning import ToyChip, bound, shows, weight_reading

from hwnoise import learners
from hwnoise.backends.base import Capabilities, Noise, Reading
from hwnoise.errors import InputError, MismatchError
from hwnoise.learners.base import TIMED
from hwnoise.learners.variance import MEMORY, PRIOR, RunningVariance, divide
from hwnoise.learners.yardsticks import YARDSTICKS
from hwnoise.streams import Stream

FITTING = {
    "anp": shows("paired"),
    "np": shows("paired", quiet="chip"),
    "wp": shows("readback", level="weight", time_scale="memory"),
    "hedonistic": shows("local_event", level="event"),
}
BY_DERIVATIVES = {rule.name for rule in YARDSTICKS}
WITH_TIME = {name for name in learners.names() if learners.make(name).needs.networks == TIMED}
ON_CHIP = tuple(name for name in learners.names() if name not in BY_DERIVATIVES | WITH_TIME)
WEIGHTS_ONLY = ("wp", "hedonistic")  # biases are digital and have no noise of their own


@dataclass(frozen=True)
class Scores:
    """What the synapses of one layer remember: (passes, samples, n_out, n_in)."""

    values: Any

    def correlate(self, credit: Any) -> Any:
        return np.einsum("ps,psji->ji", credit, self.values).astype(np.float32)


def a_reading(passes: int = 2, moving: bool = True, samples: int = 8) -> tuple[Reading, Any]:
    generator = Stream(5, "reading").generator()

    def draw(*shape: int) -> Any:
        values = generator.standard_normal((passes, *shape)).astype(np.float32)
        return values if moving else np.repeat(values[:1], passes, axis=0)

    reading = Reading(
        output=draw(samples, 2),
        inputs={"h": draw(samples, 3), "o": draw(samples, 4)},
        nodes={"h": draw(samples, 4), "o": draw(samples, 2)},
        weights={"h": draw(4, 3), "o": draw(2, 4)},
        eligibility={"h": Scores(draw(samples, 4, 3)), "o": Scores(draw(samples, 2, 4))},
    )
    return reading, draw(samples)


def test_every_rule_has_a_source() -> None:
    assert set(ON_CHIP) == set(FITTING)
    for entry in learners.describe():
        assert entry["source"]
        assert entry["summary"]
        assert entry["needs"].startswith(("a ", "an "))


@pytest.mark.parametrize("name", learners.names())
def test_a_learner_has_the_seam(name: str) -> None:
    learner = learners.make(name)
    assert isinstance(learner, learners.Learner)
    assert learner.name == name


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("spsa", {}, ["'spsa'", "anp, np, wp, hedonistic"]),
        ("anp", {"sigma": 1}, ["'sigma'", "order, pairs, normalizer"]),
        ("anp", {"pairs": 0}, ["pairs", ">= 1", "0"]),
        ("anp", {"pairs": 1.5}, ["pairs", "whole number"]),
        ("anp", {"pairs": True}, ["pairs", "True"]),
        ("anp", {"order": "random"}, ["order", "auto, interleaved, batch", "'random'"]),
        ("anp", {"normalizer": "layer"}, ["normalizer", "sample, node"]),
        ("np", {"baseline_passes": 0}, ["baseline_passes", ">= 1"]),
        ("wp", {"calibration_reads": 1}, ["calibration_reads", ">= 2"]),
        ("hedonistic", {"passes": 0}, ["passes", ">= 1"]),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(
    name: str, options: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        learners.make(name, **options)
    sentence = str(caught.value)
    assert all(word in sentence for word in words)
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("name", "capabilities", "words"),
    [
        ("anp", Capabilities(), ["anp", "no noise", "would fit: none"]),
        ("wp", FITTING["anp"], ["wp", "readback", "test_noise (node: paired)", "would fit: anp, np"]),
        ("anp", FITTING["wp"], ["a node noise", "would fit: wp"]),
        ("wp", shows("readback", level="weight", time_scale="write"), ["outlives a pass"]),
        ("np", shows("none"), ["would fit: none"]),
        ("hedonistic", FITTING["anp"], ["an event noise", "local_event", "would fit: anp, np"]),
        ("anp", FITTING["hedonistic"], ["a node noise", "would fit: hedonistic"]),
    ],
)
def test_a_chip_that_does_not_show_enough_is_refused(
    name: str, capabilities: Capabilities, words: list[str]
) -> None:
    with pytest.raises(MismatchError) as caught:
        learners.make(name).bind(None, capabilities)
    assert all(word in str(caught.value) for word in words)


def test_anp_asks_for_pairs_in_the_order_that_decorrelates_them() -> None:
    assert bound(learners.make("anp", pairs=3), shows("paired")).ask(0, 4).passes == 6
    assert bound(learners.make("anp"), shows("paired")).ask(0, 4).order == "interleaved"
    slow = shows("paired", time_scale="memory")
    assert bound(learners.make("anp"), slow).ask(0, 4).order == "batch"
    assert bound(learners.make("anp", order="interleaved"), slow).ask(0, 4).order == "interleaved"


def test_np_takes_the_best_baseline_there_is() -> None:
    quiet = bound(learners.make("np"), FITTING["np"]).ask(0, 4)
    assert (quiet.passes, quiet.quiet_passes, quiet.observe) == (2, (1,), {"nodes"})
    noisy = bound(learners.make("np", baseline_passes=5), shows("paired")).ask(0, 4)
    assert (noisy.passes, noisy.quiet_passes) == (6, ())
    assert bound(learners.make("np"), shows("known")).ask(0, 4).observe == {"nodes", "noise"}
    mixed = Capabilities((*shows("known").noises, *shows("paired").noises))
    assert bound(learners.make("np"), mixed).ask(0, 4).observe == {"nodes"}


def test_wp_reads_the_weights_back_between_whole_batches() -> None:
    probe = bound(learners.make("wp"), FITTING["wp"]).ask(0, 4)
    assert (probe.passes, probe.order, probe.observe) == (2, "batch", {"weights"})


def test_hedonistic_asks_for_events_in_passes_that_are_all_noisy() -> None:
    probe = bound(learners.make("hedonistic", passes=3), FITTING["hedonistic"]).ask(0, 4)
    assert (probe.passes, probe.quiet_passes, probe.observe) == (3, (), {"events"})


def test_anp_is_the_published_formula() -> None:
    reading, losses = a_reading()
    estimate = bound(learners.make("anp"), FITTING["anp"]).tell(reading, losses)
    for layer in ("h", "o"):
        expected_weight, expected_bias = 0.0, 0.0
        for s in range(8):
            moved = {n: v[0, s] - v[1, s] for n, v in reading.nodes.items()}
            length = sum(np.sum(m**2) for m in moved.values())
            column = 6 * (losses[0, s] - losses[1, s]) * moved[layer] / length / 8
            expected_weight = expected_weight + np.outer(column, reading.inputs[layer][0, s])
            expected_bias = expected_bias + column
        np.testing.assert_allclose(estimate[f"{layer}.weight"], expected_weight, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(estimate[f"{layer}.bias"], expected_bias, rtol=1e-4, atol=1e-6)


def test_pairs_are_averaged() -> None:
    reading, losses = a_reading(passes=4)
    both = bound(learners.make("anp", pairs=2), FITTING["anp"]).tell(reading, losses)
    one = bound(learners.make("anp"), FITTING["anp"])
    parts = []
    for k in (0, 2):
        two = slice(k, k + 2)
        cut = {what: {n: v[two] for n, v in getattr(reading, what).items()} for what in ("inputs", "nodes")}
        parts.append(one.tell(Reading(reading.output[two], **cut), losses[two]))
    for name, values in both.items():
        np.testing.assert_allclose(values, (parts[0][name] + parts[1][name]) / 2, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [("anp", {}), ("anp", {"normalizer": "node"}), ("np", {"baseline_passes": 1}), ("wp", {})],
)
def test_without_noise_there_is_no_update(name: str, options: dict[str, Any]) -> None:
    reading, losses = a_reading(moving=False)
    learner = bound(learners.make(name, **options), FITTING[name])
    for losses_seen in (losses, losses + np.array([[1.0], [0.0]])):  # not even if the losses differ
        assert not any(values.any() for values in learner.tell(reading, losses_seen).values())


@pytest.mark.parametrize("name", ON_CHIP)
def test_the_numbers_of_the_substrate_do_not_enter(name: str) -> None:
    """Doubled sigma in the file, same chip: only capabilities reach a learner, and they hold no number."""
    reading, losses = a_reading()
    assert not {"sigma", "std", "variance"} & set(Noise.__dataclass_fields__)
    renamed = Capabilities(
        tuple(Noise("other", n.level, n.handles, n.time_scale) for n in FITTING[name].noises),
        FITTING[name].quiet,
    )
    first = bound(learners.make(name), FITTING[name]).tell(reading, losses)
    second = bound(learners.make(name), renamed).tell(reading, losses)
    assert all(np.array_equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("name", ON_CHIP)
def test_estimates_have_the_shape_of_their_parameters(name: str) -> None:
    reading, losses = a_reading()
    estimate = bound(learners.make(name), FITTING[name]).tell(reading, losses)
    shapes = {"h.weight": (4, 3), "h.bias": (4,), "o.weight": (2, 4), "o.bias": (2,)}
    wanted = {
        key: shape for key, shape in shapes.items() if name not in WEIGHTS_ONLY or key.endswith("weight")
    }
    assert {key: value.shape for key, value in estimate.items()} == wanted
    assert all(value.dtype == np.float32 for value in estimate.values())


@pytest.mark.parametrize(
    ("name", "options"), [("anp", {}), ("anp", {"normalizer": "node"}), ("np", {}), ("wp", {})]
)
def test_a_restored_learner_goes_on_bit_for_bit(name: str, options: dict[str, Any]) -> None:
    reading, losses = a_reading()
    first = bound(learners.make(name, **options), FITTING[name])
    first.tell(reading, losses)
    second = bound(learners.make(name, **options), FITTING[name])
    second.restore(first.state())
    for _ in range(2):
        one, two = first.tell(reading, losses), second.tell(reading, losses)
        assert all(np.array_equal(one[key], two[key]) for key in one)


def test_telling_does_not_touch_the_reading() -> None:
    for name in ON_CHIP:
        reading, losses = a_reading()
        bound(learners.make(name), FITTING[name]).tell(reading, losses)
        untouched, same = a_reading()
        assert np.array_equal(losses, same)
        for what in ("inputs", "nodes", "weights"):
            pairs = zip(getattr(reading, what).values(), getattr(untouched, what).values(), strict=True)
            assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", ON_CHIP)
def test_losses_of_the_wrong_shape_and_empty_readings_are_refused(name: str) -> None:
    reading, losses = a_reading()
    learner = bound(learners.make(name), FITTING[name])
    with pytest.raises(InputError, match="losses must have shape"):
        learner.tell(reading, losses[0])
    with pytest.raises(InputError, match="the chip showed none"):
        learner.tell(Reading(reading.output), losses)


def test_calibration_measures_the_read_error() -> None:
    chip = ToyChip.of_sizes(40, 30, capabilities=FITTING["wp"], read_error=0.3)
    learner = bound(learners.make("wp", calibration_reads=12), FITTING["wp"])
    learner.calibrate(chip)
    assert learner._error.variance("l0").mean() == pytest.approx(2 * 0.3**2, rel=0.05)
    drowned = weight_reading(np.full((30, 40), 0.01), np.zeros((30, 40)))
    silent = Reading(drowned.output, weights={"l0": drowned.weights["a"]})
    assert not learner.tell(silent, np.array([[1.0], [0.0]]))["l0.weight"].any()


def test_np_takes_the_mean_of_the_noise_off() -> None:
    """A junction's noise has an offset; against a quiet pass it must not count as a direction."""
    generator = Stream(5, "offset").generator()
    noise = 1.0 + 0.01 * generator.standard_normal((5000, 3))
    nodes = np.stack([noise, 0 * noise]).astype(np.float32)
    gradient = np.array([1.0, -1.0, 0.0])  # blind to the offset: taken as a direction it would teach nothing
    inputs = {"a": np.ones((2, 5000, 1), np.float32)}
    learner = bound(learners.make("np"), FITTING["np"])
    estimate = learner.tell(Reading(nodes[..., :1], inputs=inputs, nodes={"a": nodes}), nodes @ gradient)
    np.testing.assert_allclose(estimate["a.bias"], gradient, atol=0.2)


def test_running_variance_forgets_and_draws_towards_the_layer() -> None:
    running = RunningVariance()
    assert running.variance("a") == 0
    running.update("a", np.array([[1.0, 3.0]], np.float32))
    pull = PRIOR / (PRIOR + 1)
    np.testing.assert_allclose(running.variance("a"), [1 + pull * 4, 9 - pull * 4], rtol=1e-6)
    for _ in range(20):
        running.update("a", np.full((MEMORY, 2), 2.0, np.float32))
    np.testing.assert_allclose(running.variance("a"), 4.0, rtol=1e-4)


def test_divide_is_zero_where_nothing_moved() -> None:
    values = divide(np.ones((2, 2), np.float32), np.array([0.0, 2.0], np.float32))
    np.testing.assert_array_equal(values, [[0, 0.5], [0, 0.5]])
