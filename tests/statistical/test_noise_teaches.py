"""It is the noise that teaches: without it, or with its consequences shuffled, nothing is learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from tiny import PCM, WHITE_PAIRS, Array, assert_same_bits, batch, chip

from hwnoise import Network, Stream, learners, losses, optimizers, substrate, tasks
from hwnoise.backends.base import Reading
from hwnoise.backends.emulator import activations
from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.learners import Learner
from hwnoise.substrate import Substrate
from hwnoise.tasks.base import Task

SMTJ = substrate.load("smtj")
KINDS = pytest.mark.parametrize("on", [PCM, WHITE_PAIRS, SMTJ], ids=["pcm", "white", "smtj"])
SIZES, BATCH, EPOCHS, CHIPS = "64-32-10", 32, 5, 3
CHANCE = (0.02, 0.20)  # ten classes; a network that says the same of every digit scores 0.08 to 0.11

# Every moving noise at zero. Drift moves too, though it is no noise: two passes differ by it.
SILENCED = {
    "pcm": substrate.load("pcm", {"one_over_f.scale": 0, "drift.scale": 0}),
    "white": substrate.load("ideal", {"conductance": {}, "read_noise.sigma": 0, "write.mode": "accumulate"}),
    "smtj": substrate.load("smtj", {"telegraph.amplitude": 0, "telegraph.sigma": 0}),
}

Mangle = Callable[[Array, np.random.Generator], Array]


@cache
def digits() -> Task:
    return tasks.load("digits")


@dataclass
class Student:
    """A chip, a rule, and what turns its estimates into updates."""

    program: EmulatorProgram
    learner: Learner
    optimizer: optimizers.Optimizer

    @classmethod
    def on(cls, kind: Substrate, seed: int, rule: str = "anp") -> Student:
        program = chip(kind, SIZES, seed=seed, headroom=2.0, activation="relu")
        learner = learners.make(rule)
        learner.bind(program.network, program.capabilities)
        return cls(program, learner, optimizers.make("adam", learning_rate=0.01))

    def step(self, rows: Array, number: int, mangle: Mangle | None, draws: np.random.Generator) -> Reading:
        samples = digits().train
        reading = self.program.run(samples.x[rows], self.learner.ask(number, len(rows)))
        lost = losses.cross_entropy(reading.output, samples.y[rows])
        lost = lost if mangle is None else mangle(lost, draws)
        steps = EPOCHS * len(samples) // BATCH
        estimate = self.learner.tell(reading, lost)
        self.program.write(self.optimizer.update(estimate, number, steps))
        return reading

    def train(self, steps: int, mangle: Mangle | None = None) -> None:
        draws = Stream(6, "order").generator()
        rows = np.concatenate([draws.permutation(len(digits().train)) for _ in range(EPOCHS)])
        for number in range(steps):
            self.step(rows[BATCH * number : BATCH * (number + 1)], number, mangle, draws)

    def accuracy(self) -> float:
        test = digits().test
        return float(np.mean(self.program.run(test.x).output[0].argmax(axis=1) == test.y))


def mean_accuracy(on: Substrate, mangle: Mangle | None = None) -> float:
    """Held-out accuracy after training, over some chips."""
    found = []
    for seed in range(1, 1 + CHIPS):
        student = Student.on(on, seed)
        student.train(EPOCHS * len(digits().train) // BATCH, mangle)
        found.append(student.accuracy())
    return float(np.mean(found))


def shuffled(lost: Array, draws: np.random.Generator) -> Array:
    """The same loss differences, given to other samples."""
    return np.stack([lost[1] + draws.permutation(lost[0] - lost[1]), lost[1]])


@KINDS
def test_a_chip_learns_from_its_noise(on: Substrate) -> None:
    assert mean_accuracy(on) > 0.6


@KINDS
def test_with_shuffled_consequences_it_stays_at_chance(on: Substrate) -> None:
    assert CHANCE[0] < mean_accuracy(on, shuffled) < CHANCE[1]


@pytest.mark.parametrize(
    ("name", "rule"),
    [("pcm", "anp"), ("pcm", "np"), ("pcm", "wp"), ("white", "anp"), ("white", "np"), ("smtj", "anp")],
)
def test_without_noise_nothing_moves(name: str, rule: str) -> None:
    student = Student.on(SILENCED[name], seed=1, rule=rule)
    before, accuracy = student.program.diagnostics(), student.accuracy()
    draws = Stream(6, "order").generator()
    for number in range(20):
        reading = student.step(np.arange(BATCH) + number, number, None, draws)
        for shown in (reading.output, *reading.nodes.values(), *reading.weights.values()):
            np.testing.assert_array_equal(shown, np.broadcast_to(shown[:1], shown.shape))
    assert_same_bits(student.program.diagnostics(), before)
    assert student.accuracy() == accuracy
    assert CHANCE[0] < accuracy < CHANCE[1]


def doubled(kind: Substrate) -> Substrate:
    """The substrate with every noise twice as strong."""
    table = kind.model_dump(mode="json", exclude_none=True)
    for effect, name in (
        ("one_over_f", "scale"),
        ("programming_noise", "scale"),
        ("read_noise", "sigma"),
        ("telegraph", "amplitude"),
        ("telegraph", "sigma"),
    ):
        if effect in table:
            table[effect][name] *= 2
    return substrate.parse(table)


def estimates(
    kind: Substrate, told: Substrate, network: Network | None, rule: str
) -> list[Mapping[str, Array]]:
    """What a rule makes of one chip of ``kind`` when it is told the chip was of the kind ``told``."""
    student, found = Student.on(kind, seed=1, rule=rule), []
    student.program.capabilities = told.capabilities()
    student.learner.bind(network or student.program.network, student.program.capabilities)
    student.learner.calibrate(student.program)
    x, y = digits().train.x[:BATCH], digits().train.y[:BATCH]
    for number in range(3):
        reading = student.program.run(x, student.learner.ask(number, BATCH))
        found.append(student.learner.tell(reading, losses.cross_entropy(reading.output, y)))
        student.program.write({name: -0.1 * estimate for name, estimate in found[-1].items()})
    return found


RULES = pytest.mark.parametrize(
    ("on", "rule"), [(PCM, "anp"), (PCM, "np"), (PCM, "wp"), (WHITE_PAIRS, "anp"), (SMTJ, "np")]
)


@RULES
def test_the_sigma_of_the_file_does_not_enter(on: Substrate, rule: str) -> None:
    """The file says twice the noise, the chip is the same: so is every update."""
    assert doubled(on) != on
    for told_once, told_twice in zip(
        estimates(on, on, None, rule), estimates(on, doubled(on), None, rule), strict=True
    ):
        assert any(values.any() for values in told_once.values())
        assert_same_bits(told_once, told_twice)


@RULES
def test_a_chip_that_is_twice_as_noisy_does_enter(on: Substrate, rule: str) -> None:
    """The negative control: where the noise is in the chip, the updates differ."""
    once, twice = estimates(on, on, None, rule)[0], estimates(doubled(on), on, None, rule)[0]
    assert any(not np.array_equal(values, twice[name]) for name, values in once.items())


@RULES
def test_a_rule_never_looks_at_the_weights(on: Substrate, rule: str) -> None:
    """Told of a network of quite other weights, it makes the same of what the chip shows."""
    other = Network.mlp(SIZES, Stream(99), "tanh", gain=50.0)
    for known, misled in zip(estimates(on, on, None, rule), estimates(on, on, other, rule), strict=True):
        assert_same_bits(known, misled)


def staircase(a: Array) -> Array:
    """Levels of a quarter from 0 to 2: its derivative is 0 wherever it has one."""
    return np.clip(np.floor(4 * a) / 4, 0, 2).astype(np.float32)


@pytest.mark.parametrize("on", [PCM, WHITE_PAIRS], ids=["pcm", "white"])
def test_no_derivative_is_needed(on: Substrate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(activations.ACTIVATIONS, "relu", staircase)
    program = chip(on, SIZES, activation="relu")
    hidden = program.run(batch(5, 64)).output
    assert np.isfinite(hidden).all()
    assert mean_accuracy(on) > 0.4
