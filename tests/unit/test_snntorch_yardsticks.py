"""Yardsticks on the torch backend: its derivatives against differences, and learning on a noisy chip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import EXACT, WHITE, batch

from hwnoise import Network, Stream, alignment, learners, losses
from hwnoise.backends.snntorch import backend
from hwnoise.learners.feedback import informed
from hwnoise.learners.yardsticks import YARDSTICKS
from hwnoise.oracle.truth import by_back_propagation, by_central_differences
from hwnoise.training import load_config, measure, run

NAMES = tuple(rule.name for rule in YARDSTICKS)


def program(on: Any = EXACT) -> Any:
    network = Network.mlp("6-5-3", Stream(3, "network"), "tanh")
    return backend.compile(network, on, Stream(1, "chip"))


def data(samples: int = 48) -> tuple[Any, Any, Any]:
    labels = Stream(9, "labels").generator().integers(0, 3, samples)
    return batch(samples), labels, losses.cross_entropy


def test_its_gradient_is_that_of_central_differences() -> None:
    chip = program()
    exact = by_back_propagation(chip, data(), 2)
    sampled = by_central_differences(chip, data(), 12, Stream(2, "sample"))
    for name, where in sampled.entries.items():
        np.testing.assert_allclose(exact.gradient[name][where], sampled.gradient[name], rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_every_yardstick_learns_on_a_noisy_chip(name: str) -> None:
    chip, learner, (x, y, loss) = program(WHITE), learners.make(name), data()
    learner.bind(chip.network, chip.capabilities)
    lost = []
    for step in range(12):
        probe = learner.ask(step, len(x))
        reading = chip.run(x, probe)
        lost.append(float(loss(reading.output, y).mean()))
        update = learner.tell(informed(reading, y, probe, loss), loss(reading.output, y))
        length = np.sqrt(sum(np.sum(values**2) for values in update.values()))
        chip.write({key: np.float32(-0.1 / length) * values for key, values in update.items()})
    assert lost[-1] < 0.97 * lost[0]


def test_a_run_says_that_it_took_derivatives(tmp_path: Path) -> None:
    """In what it prints, in its numbers and on its page; and it claims no energy."""
    config = load_config(
        task="xor", backend="snntorch", learner="bp", epochs=2, chips=1, seed=7, out=tmp_path / "run"
    )
    summary = run(config, progress="quiet")
    assert summary.flat()["work"] == 3 * summary.flat()["passes"]
    said = "\n".join(summary.lines())
    assert "with its derivatives, which no chip has: this is not on-chip learning" in said
    assert "energy" not in said
    page = (summary.folder / "report.html").read_text(encoding="utf-8")
    assert "a yardstick: it takes derivatives" in page
    assert "a yardstick takes derivatives instead" in page
    memory = measure.noise_memory(program(), learners.make("bp"), 4)
    assert "no two passes" in measure.memory_sentence(memory)


def test_a_rule_that_learns_from_noise_meets_the_exact_gradient() -> None:
    """Every weight is compared, and the chip is as it was."""
    chip, learner = program(WHITE), learners.make("anp")
    learner.bind(chip.network, chip.capabilities)
    before = {name: values.copy() for name, values in chip.state().items()}
    found = alignment(chip, learner, data(), directions=200)
    assert found.overall.weights == 45
    assert found.source == "back-propagation without noise"
    assert found.overall.cosine > 0.9
    assert all(np.array_equal(before[name], values) for name, values in chip.state().items())
