"""Learners that need derivatives: what they ask for, refuse, remember and cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gradient_chip import CHIP, NOISES, GradientChip, gradient_chip, one_step

from hwnoise import Network, learners, losses, optimizers, tasks
from hwnoise.backends.base import Capabilities, Reading
from hwnoise.errors import InputError, MismatchError
from hwnoise.learners.base import work
from hwnoise.learners.feedback import informed
from hwnoise.learners.yardsticks import YARDSTICKS
from hwnoise.nodes import LIF, Affine, Flatten, Input, Output
from hwnoise.streams import Stream
from hwnoise.training import RunConfig, fit
from hwnoise.training.by_learner import BY_LEARNER
from hwnoise.training.load import resolve
from hwnoise.training.setup import make_optimizer

NAMES = tuple(rule.name for rule in YARDSTICKS)
SECOND_ORDER = ("gauss-newton", "natural-gradient", "lbfgs", "cubic")
SHAPES = {"hidden1.weight": (5, 6), "hidden1.bias": (5,), "readout.weight": (3, 5), "readout.bias": (3,)}


def data(samples: int = 8) -> tuple[Any, Any]:
    generator = Stream(5, "data").generator()
    return generator.standard_normal((samples, 6)).astype(np.float32), generator.integers(0, 3, samples)


def estimate(learner: Any, chip: GradientChip, key: int = 1) -> dict[str, Any]:
    return one_step(chip, learner, *data(), losses.cross_entropy, key)


@pytest.mark.parametrize("name", NAMES)
def test_a_yardstick_has_the_seam_and_a_source(name: str) -> None:
    learner = learners.make(name)
    assert isinstance(learner, learners.Learner)
    described = next(row for row in learners.describe() if row["name"] == name)
    assert described["needs"].startswith("a gradient, which no chip has")
    assert described["summary"].startswith("yardstick")
    assert described["source"]


@pytest.mark.parametrize("name", NAMES)
def test_a_chip_is_never_offered_a_yardstick(name: str) -> None:
    chip = Capabilities(NOISES)
    assert not set(learners.fitting(chip)) & set(NAMES)
    assert set(NAMES) <= set(learners.fitting(CHIP))
    with pytest.raises(MismatchError) as caught:
        learners.make(name).bind(gradient_chip("6-5-3").network, chip)
    sentence = str(caught.value)
    assert f"learner {name} needs a gradient, which no chip has" in sentence
    assert "would fit: anp, np" in sentence


@pytest.mark.parametrize("name", NAMES)
def test_estimates_have_the_shape_of_their_parameters(name: str) -> None:
    found = estimate(learners.make(name), gradient_chip("6-5-3", sigma=0.1))
    assert {key: values.shape for key, values in found.items()} == SHAPES
    assert all(np.isfinite(values).all() and values.any() for values in found.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_step_lowers_the_loss(name: str) -> None:
    """Downhill on a quiet chip, and uphill if the sign is wrong."""
    x, y = data(64)
    found = {}
    for sign in (-0.05, 0.05):
        chip = gradient_chip("6-5-3")
        first = float(losses.cross_entropy(chip.run(x, learners.make("bp").ask(0, 64)).output, y).mean())
        update = one_step(chip, learners.make(name), x, y, losses.cross_entropy)
        length = np.sqrt(sum(np.sum(np.square(values)) for values in update.values()))
        chip.write({key: sign * values / length for key, values in update.items()})
        last = float(losses.cross_entropy(chip.run(x, learners.make("bp").ask(0, 64)).output, y).mean())
        found[sign] = last - first
    assert found[-0.05] < 0 < found[0.05]


@pytest.mark.parametrize("name", NAMES)
def test_a_restored_yardstick_goes_on_bit_for_bit(name: str) -> None:
    first, second = learners.make(name), learners.make(name)
    for key in range(3):
        estimate(first, gradient_chip("6-5-3"), key)
    second.restore({what: np.array(values) for what, values in first.state().items()})
    one, two = (estimate(learner, gradient_chip("6-5-3"), key=9) for learner in (first, second))
    assert all(np.array_equal(one[what], two[what]) for what in one)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_chip_or_the_host_does_not_show_is_missed(name: str) -> None:
    learner, chip = learners.make(name), gradient_chip("6-5-3")
    learner.bind(chip.network, chip.capabilities)
    x, y = data()
    reading = chip.run(x, learner.ask(0, 8))
    lost = losses.cross_entropy(reading.output, y)
    with pytest.raises(MismatchError, match=f"learner {name} asked for"):
        learner.tell(reading, lost)  # nobody filled in the error
    with pytest.raises(InputError, match="losses must have shape"):
        learner.tell(informed(reading, y, learner.ask(0, 8), losses.cross_entropy), lost[0])
    with pytest.raises(MismatchError, match=f"learner {name} asked for"):
        learner.tell(Reading(reading.output), lost)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("bp", {"passes": 0}, ["passes", ">= 1"]),
        ("bp", {"quiet": "yes"}, ["quiet", "true or false"]),
        ("bp", {"momentum": 1}, ["momentum", "passes, quiet"]),
        ("forward-gradient", {"samples": 0}, ["samples", ">= 1"]),
        ("forward-gradient", {"form": "uniform"}, ["form", "gaussian, rademacher"]),
        ("dfa", {"seed": -1}, ["seed", ">= 0"]),
        ("gauss-newton", {"damping": -1}, ["damping", ">= 0"]),
        ("gauss-newton", {"iterations": 0}, ["iterations", ">= 1"]),
        ("natural-gradient", {"fisher": "true"}, ["fisher", "model, empirical"]),
        ("natural-gradient", {"divergence": 0}, ["divergence", "above 0"]),
        ("lbfgs", {"memory": 0}, ["memory", ">= 1"]),
        ("lbfgs", {"damping": float("nan")}, ["damping", "nan"]),
        ("cubic", {"bound": 0.0}, ["bound", "above 0"]),
        ("cubic", {"subspace": True}, ["subspace", "True"]),
    ],
)
def test_options_out_of_range_are_refused_in_one_sentence(
    name: str, options: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        learners.make(name, **options)
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)


def test_quiet_derivatives_need_a_chip_that_can_be_quiet() -> None:
    chip = gradient_chip("6-5-3", sigma=0.5)
    assert learners.make("bp", quiet=True, passes=2).ask(0, 8).quiet_passes == (0, 1)
    clean, noisy = (estimate(learners.make("bp", quiet=quiet), chip) for quiet in (True, False))
    exact = estimate(learners.make("bp"), gradient_chip("6-5-3"))
    assert all(np.array_equal(clean[name], exact[name]) for name in exact)
    assert not np.allclose(noisy["readout.weight"], exact["readout.weight"], rtol=1e-2)
    loud = replace(CHIP, quiet="none")
    with pytest.raises(MismatchError, match="can be made quiet"):
        learners.make("bp", quiet=True).bind(chip.network, loud)


def test_rules_without_time_refuse_a_network_with_time() -> None:
    neuron = LIF(*(np.full(3, value, np.float32) for value in (0.01, 1.0, 0.0, 1.0)))
    affine = Affine(np.ones((3, 6), np.float32), np.zeros(3, np.float32))
    nodes = {"input": Input((6,)), "a": affine, "n": neuron, "output": Output((3,))}
    timed = Network(nodes, (("input", "a"), ("a", "n"), ("n", "output")), dt=1e-3, reset="zero")
    for name in NAMES:
        if name not in ("dfa", "cubic"):
            learners.make(name).bind(timed, CHIP)
        else:
            why = "a spike has none" if name == "cubic" else "for networks with no time axis"
            with pytest.raises(MismatchError, match=why):
                learners.make(name).bind(timed, CHIP)
    bare = Network(
        {"input": Input((3,)), "f": Flatten(), "output": Output((3,))}, (("input", "f"), ("f", "output"))
    )
    with pytest.raises(MismatchError, match="at least one"):
        learners.make("dfa").bind(bare, CHIP)


def test_cubic_needs_second_derivatives() -> None:
    class First:
        """Derivatives that can be taken once."""

        def __init__(self, taken: Any) -> None:
            self.backward, self.forward = taken.backward, taken.forward

    chip, learner = gradient_chip("6-5-3"), learners.make("cubic")
    learner.bind(chip.network, chip.capabilities)
    probe, (x, y) = learner.ask(0, 8), data()
    reading = chip.run(x, probe)
    shown = informed(reading, y, probe, losses.cross_entropy)
    with pytest.raises(MismatchError, match="gauss-newton does without"):
        learner.tell(
            replace(shown, derivatives=First(reading.derivatives)), losses.cross_entropy(reading.output, y)
        )


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_without_a_gradient_there_is_no_step(name: str) -> None:
    chip = gradient_chip("6-5-3", readout="identity")
    x, _ = data()
    target = chip.run(x, learners.make("bp").ask(0, 8)).output[0]
    found = one_step(chip, learners.make(name), x, target, losses.squared_error)
    assert not any(values.any() for values in found.values())


def test_work_is_counted_in_forward_passes() -> None:
    works = {name: learners.make(name).work() for name in NAMES}
    assert works == {
        "bp": 3, "forward-gradient": 2, "dfa": 2, "gauss-newton": 36, "natural-gradient": 39, "lbfgs": 6,
        "cubic": 73,
    }  # fmt: skip
    assert learners.make("bp", passes=4).work() == 12
    assert learners.make("forward-gradient", samples=8).work() == 9


def test_training_tells_a_yardstick_the_error() -> None:
    """The loop fills in what only the host knows: without it the first step would raise."""
    task = tasks.load("xor")
    chip = GradientChip(Network.mlp("2-8-2", Stream(3, "network"), "tanh"))
    optimizer = optimizers.make("adam", learning_rate=0.05)
    history = fit(chip, task, learners.make("bp"), optimizer, epochs=40, batch_size=4)
    assert history.epochs[-1].loss < 0.2 * history.epochs[0].loss


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_valid_and_give_way_to_the_user(name: str) -> None:
    free = resolve(RunConfig(task="digits", learner=name))
    assert learners.make(name, **free.learner_options).name == name
    assert make_optimizer(free.optimizer).learning_rate == BY_LEARNER[name]["optimizer"]["learning_rate"]
    chosen = resolve(RunConfig(task="digits", learner=name, epochs=3, optimizer={"learning_rate": 0.5}))
    assert (chosen.epochs, chosen.optimizer.learning_rate) == (3, 0.5)
    assert resolve(RunConfig(task="digits")).optimizer.name == "adam"


def test_work_of_any_learner_is_its_passes_and_what_derivatives_cost() -> None:
    assert work(learners.make("anp", pairs=3), 8) == 6
    assert work(learners.make("bp"), 8) == 3
