"""The training loop on a toy chip: what it calls, what it counts, when it stops."""

from __future__ import annotations

import io
import signal
import sys

import numpy as np
import pytest
from toy_chip import ToyBackend, ToyChip

from hwnoise import Network, Stream, learners, optimizers, tasks, training
from hwnoise.errors import DivergenceError, InputError
from hwnoise.tasks.base import Split
from hwnoise.training.evaluate import predict, summarize
from hwnoise.training.history import Epoch, History, Sums
from hwnoise.training.interrupts import Interrupts
from hwnoise.training.progress import make_progress

STREAM = Stream(5)


@pytest.fixture(scope="module")
def task():
    return tasks.load("parity-3")


def make_chip(task, **options):
    network = Network.mlp(task.default_network, STREAM, activation="tanh")
    return ToyChip(network, STREAM.child("chip"), **options)


def train(chip, task, **options):
    options = {"epochs": 2, "batch_size": 7, "stream": STREAM} | options
    optimizer = options.pop("optimizer", None) or optimizers.make("adam", learning_rate=0.03)
    return training.fit(chip, task, learners.make("anp"), optimizer, **options)


class Recorder:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []
        self.records: list[Epoch] = []

    def on_step(self, history: History) -> None:
        self.steps.append((len(history.epochs), history.step))

    def on_epoch(self, history: History, record: Epoch) -> None:
        self.records.append(record)


def test_a_network_learns_from_the_noise_of_the_chip(task):
    chip = make_chip(task)
    history = train(chip, task, epochs=40, batch_size=16)
    assert history.epochs[-1].validation_accuracy > 0.9
    assert history.epochs[-1].loss < 0.5 * history.epochs[0].loss


def test_without_noise_nothing_is_learned(task):
    chip = make_chip(task, sigma=0.0)
    before = {name: values.copy() for name, values in chip.parameters.items()}
    train(chip, task)
    assert all(np.array_equal(before[name], values) for name, values in chip.parameters.items())


def test_the_same_stream_gives_the_same_bits_and_another_does_not(task):
    chips = [make_chip(task) for _ in range(3)]
    for chip, stream in zip(chips, (STREAM, STREAM, Stream(6)), strict=True):
        train(chip, task, stream=stream)
    first, second, other = (chip.parameters["readout.weight"] for chip in chips)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_every_sample_is_used_once_an_epoch_in_an_order_of_its_own(task):
    chip, seen = make_chip(task), []
    run = chip.run
    numbered = Split(np.tile(np.arange(20, dtype=np.float32)[:, None], 3), np.zeros(20, np.int64))
    chip.run = lambda x, probe=None: (seen.append(x[:, 0].astype(int)), run(x, probe))[1]
    twenty = type(task)(**{**vars(task), "train": numbered})
    train(chip, twenty, epochs=2, batch_size=8)
    batches = [rows for rows in seen if len(rows) != len(task.validation)]
    assert [len(rows) for rows in batches] == [8, 8, 4, 8, 8, 4]
    orders = [np.concatenate(batches[:3]), np.concatenate(batches[3:])]
    assert all(np.array_equal(np.sort(order), np.arange(20)) for order in orders)
    assert not np.array_equal(*orders)


def test_the_books_agree_with_the_chip(task):
    chip = make_chip(task)
    history = train(chip, task, epochs=3)
    assert history.passes == chip.events["reads"] == 3 * (2 * len(task.train) + len(task.validation))
    assert history.writes == chip.events["device_writes"]
    assert [record.epoch for record in history.epochs] == [1, 2, 3]
    assert all(0 <= record.accuracy <= 1 and record.passes_per_second > 0 for record in history.epochs)


def test_callbacks_see_every_step_and_every_epoch(task):
    recorder = Recorder()
    train(make_chip(task), task, batch_size=len(task.train) // 2, callbacks=(recorder,))
    assert recorder.steps == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert [record.epoch for record in recorder.records] == [1, 2]


def test_a_loss_that_is_not_a_number_stops_the_run_with_advice(task):
    with pytest.raises(DivergenceError, match=r"epoch 1, step 3.*lower the learning rate"):
        train(make_chip(task, spoil_at=28), task)


def test_a_loss_that_runs_away_stops_the_run_with_advice(task):
    with pytest.raises(DivergenceError, match=r"ran away.*lower the learning rate"):
        train(
            make_chip(task, sigma=1.0), task, epochs=50, optimizer=optimizers.make("sgd", learning_rate=1e4)
        )


def test_a_batch_that_the_chip_cannot_read_is_refused(task):
    with pytest.raises(InputError, match="batch_size must be from 1 to 4"):
        train(make_chip(task, max_batch=4), task)
    assert train(make_chip(task, max_batch=4), task, batch_size=4, epochs=1).epochs


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch_size": 0}])
def test_numbers_out_of_range_are_refused(task, wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))} must be at least 1"):
        train(make_chip(task), task, **wrong)


def test_weight_decay_works_on_weights_read_back_once_an_epoch(task):
    chip, count = make_chip(task, sigma=0.0), []
    read = chip.read_weights
    chip.read_weights = lambda: (count.append(1), read())[1]
    before = np.abs(chip.parameters["readout.weight"]).sum()
    train(chip, task, epochs=3, optimizer=optimizers.make("sgd", learning_rate=0.1, weight_decay=0.5))
    assert len(count) == 3
    assert np.abs(chip.parameters["readout.weight"]).sum() < before


def test_the_history_survives_its_own_dictionary():
    history = History([Epoch(1, 0.1, 1 / 3, 0.5, 7, 1e9 / 7, 3, 0.25)], 4, Sums(1 / 7, 2, 3, 4, 0.5), 0.7)
    assert History.from_dict(history.to_dict(), {}) == history


def test_an_evaluation_has_one_accuracy_per_chip_and_their_interval(task):
    network = Network.mlp(task.default_network, STREAM)
    found = training.evaluate(network, None, ToyBackend(), task, chips=4, stream=STREAM, sigma=1.0)
    assert len(found.chips) == 4
    assert len(set(found.chips)) > 1, "every chip draws noise of its own"
    assert found.accuracy == pytest.approx(np.mean(found.chips))
    assert 0 <= found.low < found.accuracy < found.high <= 1
    assert found == training.evaluate(network, None, ToyBackend(), task, chips=4, stream=STREAM, sigma=1.0)


def test_a_single_chip_has_the_interval_of_its_samples():
    found = summarize([81], 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_reading_in_parts_reads_every_row(task):
    chip = make_chip(task, sigma=0.0, max_batch=3)
    wide = make_chip(task, sigma=0.0)
    assert np.array_equal(predict(chip, task.test.x), predict(wide, task.test.x))


@pytest.mark.parametrize("wrong", [{"chips": 0}, {"split": "exam"}])
def test_an_evaluation_out_of_range_is_refused(task, wrong):
    network = Network.mlp(task.default_network, STREAM)
    with pytest.raises(InputError, match=next(iter(wrong))):
        training.evaluate(network, None, ToyBackend(), task, stream=STREAM, **wrong)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_step_boundary_and_handlers_are_put_back(number):
    before = signal.getsignal(number)
    with Interrupts() as interrupts:
        signal.raise_signal(number)
        assert interrupts.pending
        assert signal.getsignal(number) == before, "a second one acts at once"
    assert signal.getsignal(number) == before


def test_plain_progress_is_about_ten_lines(task, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with make_progress("auto", 37, 1) as lines:
        train(make_chip(task), task, epochs=37, batch_size=len(task.train), callbacks=(lines,))
    printed = sys.stderr.getvalue().splitlines()
    assert len(printed) == 10
    assert printed[-1].startswith("epoch 37/37  loss ")
    assert all(word in printed[0] for word in ("accuracy", "reads/s", "s left"))


def test_the_bar_runs_in_a_terminal_and_leaves_nothing_behind(task, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with make_progress("bar", 2, 3) as bar:
        train(make_chip(task), task, callbacks=(bar,))
    with make_progress("quiet", 2, 3) as silent:
        train(make_chip(task), task, callbacks=(silent,))
    assert "epoch" not in sys.stderr.getvalue().rpartition("\n")[2]
