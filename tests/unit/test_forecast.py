"""The forecast's arithmetic and its sentences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from oracles_learning import ToyChip, bound, half_squared_error, shows

from hwnoise import learners
from hwnoise.forecast import Forecast, LayerForecast, as_batch, forecast
from hwnoise.oracle import effective_rank, forward
from hwnoise.streams import Stream
from hwnoise.tasks.base import Split, Task

READBACK = shows("readback", level="weight", time_scale="memory")


def a_forecast(snr: float = 1.0, noise: float = 0.1, moved: float = 0.9) -> Forecast:
    layer = LayerForecast("hidden1", 64, moved, noise, 3.0)
    return Forecast("anp", (layer,), 32, 1.0, 0.1, snr, attainable=1.0)


def a_batch() -> tuple[Any, Any, Any]:
    x = Stream(4, "forecast").generator().standard_normal((32, 5)).astype(np.float32)
    return x, x[:, :2], half_squared_error


@pytest.mark.parametrize(
    ("given", "verdict", "words"),
    [
        (a_forecast(), "fine", ["90%", "0.1 of the signal", "hidden1", "cosine of at most 0.71"]),
        (a_forecast(snr=0.1), "too weak", ["too weak", "noisier device"]),
        (a_forecast(snr=0.0, noise=0.0, moved=0.0), "too weak", ["0% of the readings"]),
        (a_forecast(noise=2.0), "too strong", ["too strong", "quieter device"]),
        (a_forecast(noise=math.inf), "too strong", ["layer hidden1 shows noise and no signal"]),
    ],
)
def test_the_sentence_says_what_to_change(given: Forecast, verdict: str, words: list[str]) -> None:
    assert given.verdict == verdict
    assert all(word in given.sentence() for word in words)
    assert "\n" not in given.sentence()


def test_cosine_follows_from_the_signal_to_noise_ratio() -> None:
    assert a_forecast(snr=1.0).cosine == pytest.approx(math.sqrt(0.5))
    assert a_forecast(snr=0.0).cosine == 0.0


def test_wp_is_forecast_from_its_weights_and_one_direction() -> None:
    chip = ToyChip.of_sizes(5, 7, 2, capabilities=READBACK, weight_sigma=0.05)
    found = forecast(chip, a_batch(), bound(learners.make("wp"), READBACK), probes=20)
    assert sum(layer.size for layer in found.layers) == 5 * 7 + 7 * 2
    assert found.directions == 1
    assert found.verdict == "fine"
    assert found.snr == pytest.approx(1 / 50, rel=0.1)


def test_a_quiet_pass_shows_the_noise_of_one_read_only() -> None:
    capabilities = shows("paired", quiet="chip")
    chip = ToyChip.of_sizes(5, 7, 2, capabilities=capabilities, node_sigma={"l0": 0.1})
    found = forecast(chip, a_batch(), bound(learners.make("np"), capabilities), probes=20)
    signal = np.std(a_batch()[0] @ chip.layers[0].weight.T)
    assert found.layers[0].noise_to_signal == pytest.approx(0.1 / signal, rel=0.05)


def test_a_loss_that_rounds_the_noise_away_is_too_weak() -> None:
    chip = ToyChip.of_sizes(5, 7, 2, capabilities=shows("paired"), node_sigma={"l0": 1e-7, "l1": 1e-7})
    x, y, _ = a_batch()
    found = forecast(chip, (x, y + 100, half_squared_error), bound(learners.make("anp"), shows("paired")))
    assert found.verdict == "too weak"


def test_a_task_lends_its_first_training_samples() -> None:
    x, y = np.zeros((200, 3), np.float32), np.zeros(200, np.int64)
    split = Split(x, y)
    task = Task("t", "s", split, split, split, ("a", "b"), "squared_error", "accuracy", "3-2", (3,))
    rows, labels, loss = as_batch(task)
    assert len(rows) == len(labels) == 128
    assert loss(np.zeros((2, 128, 2)), labels).shape == (2, 128)


@pytest.mark.parametrize("activation", ["identity", "relu", "tanh"])
def test_the_copy_for_the_report_is_the_network_without_noise(activation: str) -> None:
    chip = ToyChip.of_sizes(5, 7, 2, activation=activation, capabilities=shows("paired"))
    x = a_batch()[0]
    exact = forward(chip.network, chip.diagnostics(), x)
    probe = bound(learners.make("anp"), shows("paired")).ask(0, len(x))
    np.testing.assert_allclose(chip.run(x, probe).output[0], exact, rtol=1e-4, atol=1e-5)


def test_effective_rank_counts_the_directions_in_use() -> None:
    assert effective_rank(np.eye(6)) == pytest.approx(6)
    assert effective_rank(np.ones((6, 4))) == pytest.approx(1)
