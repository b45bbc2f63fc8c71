"""A program inside Lava: what it refuses, how a session ends, what a score and a diary say."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lava_leftovers import leftovers
from loihi_networks import chip, convolutional, delayed, loihi, perceptron, recurrent, spikes

from hwnoise import Stream, substrate
from hwnoise.backends import registry
from hwnoise.backends.base import LocalRule, Probe
from hwnoise.backends.lava.backend import backend
from hwnoise.backends.lava.group import LavaError
from hwnoise.backends.lava.program import LavaProgram
from hwnoise.backends.lava.session.board import Board
from hwnoise.backends.lava.session.diary import Diary, Synapses
from hwnoise.backends.lava.session.score import READ, WRITE, Score
from hwnoise.errors import InputError, MismatchError


def program(rng: np.random.Generator, make: Any = perceptron, **options: Any) -> LavaProgram:
    return backend.compile(make(rng), loihi(noise=True), Stream(1, "chip"), **options)


def test_the_registry_has_it() -> None:
    assert registry.get("lava").name == "lava"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [(convolutional, "'conv1' is a conv, and the lava backend"), (delayed, "'hidden' has delays, and")],
)
def test_a_network_without_a_process_for_it_is_refused(
    make: Any, sentence: str, rng: np.random.Generator
) -> None:
    with pytest.raises(MismatchError, match=sentence):
        program(rng, make)


def test_a_chip_of_other_numbers_is_refused(rng: np.random.Generator) -> None:
    network = perceptron(rng)
    with pytest.raises(MismatchError, match=r"no \[fixed_point\] table"):
        backend.compile(network, substrate.load("pcm"), Stream(1))
    with pytest.raises(MismatchError, match="'xylo' computes as xylo does, Lava as Loihi"):
        backend.compile(replace(network, reset="subtract"), substrate.load("xylo"), Stream(1))


@pytest.mark.parametrize(
    ("options", "sentence"), [({"headroom": 0.5}, "headroom must be"), ({"timeout": -1}, "timeout must be")]
)
def test_numbers_out_of_range_are_refused(options: Any, sentence: str, rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match=sentence):
        program(rng, **options)


def test_a_probe_that_lava_cannot_answer_is_refused(rng: np.random.Generator) -> None:
    looped = program(rng, recurrent)
    x = spikes(rng, looped.network, 1, 4)
    with pytest.raises(MismatchError, match="spikes and membranes, not the currents"):
        looped.run(x, Probe(observe=frozenset({"nodes"})))
    with pytest.raises(MismatchError, match="run round a loop are let die out between runs: reset = True"):
        looped.run(x, Probe(reset=False))
    assert looped.tick == 0
    looped.close()  # nothing was begun


def test_a_session_ends_with_its_program_and_traces_with_the_next_run(rng: np.random.Generator) -> None:
    chip_in_lava = program(rng)
    x = spikes(rng, chip_in_lava.network, 1, 4)
    assert chip_in_lava.capabilities.max_batch == 1
    reading = chip_in_lava.run(x, Probe(2, local=LocalRule()))
    chip_in_lava.run(x)
    with pytest.raises(InputError, match="'hidden' have seen another run since this reading"):
        reading.eligibility["hidden"].correlate(np.ones((1, 1)))
    with pytest.raises(InputError, match=r"credit must have shape \(1, 1\), got \(2, 1\)"):
        reading.eligibility["hidden"].correlate(np.ones((2, 1)))
    del reading, chip_in_lava
    assert not leftovers()


def test_a_model_that_raises_is_named_and_the_next_run_starts_anew(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = chip(perceptron(rng), loihi(noise=True))
    there = LavaProgram(here.network, loihi(noise=True), Stream(1, "chip"), 1.0)
    right = there._plan
    *sound, last = right.plan.processes
    broken = replace(last, settings=last.settings | {"depth": None})
    processes = (*sound, broken)
    monkeypatch.setattr(there, "_plan", replace(right, plan=replace(right.plan, processes=processes)))
    x = spikes(rng, here.network, 1, 4)
    with pytest.raises(LavaError, match=r"step 1 of PyNoisyLIF: TypeError: ") as caught:
        there.run(x)
    assert "Traceback" in str(caught.value.__cause__)
    assert not leftovers()
    monkeypatch.undo()
    here.run(x)  # the failed run took its ticks
    np.testing.assert_array_equal(there.run(x).output, here.run(x).output)
    there.close()


def test_a_run_that_takes_too_long_is_stopped(rng: np.random.Generator) -> None:
    slow = program(rng, timeout=2.5)
    with pytest.raises(LavaError, match="did not finish within 2 s and was stopped"):
        slow.run(spikes(rng, slow.network, 1, 40_000))
    assert not leftovers()


def test_an_overflow_is_an_error_on_a_strict_chip(rng: np.random.Generator) -> None:
    """The sentence is the emulator's."""
    strict = loihi(fixed_point={"source": "lava2024", "strict": True}, loihi_noise={"exponent": 23})
    network = perceptron(rng)
    x = spikes(rng, network, 1, 20)
    sentences = []
    for made in (chip(network, strict), LavaProgram(network, strict, Stream(1, "chip"), 1.0)):
        with pytest.raises(InputError) as caught:
            made.run(x)
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]
    made.close()


INTERRUPTED = """
import sys
import numpy as np
from hwnoise import Network, Stream, substrate
from hwnoise.backends.lava.backend import backend
chip = backend.compile(Network.spiking("6-4-3", Stream(1)), substrate.load("loihi2"), Stream(1))
chip.run(np.ones((1, 3, 6)))
print("ready", flush=True)
{then}
"""


@pytest.mark.parametrize("then", ["chip.run(np.ones((1, 50_000, 6)))", "sys.exit(3)"])
def test_when_the_caller_ends_nothing_stays_behind(then: str, tmp_path: Path) -> None:
    environment = {"PATH": "", "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    code = INTERRUPTED.format(then=then)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        if "run" in then:
            time.sleep(0.5)
            parent.send_signal(signal.SIGINT)
        _, errors = parent.communicate(timeout=30)
    assert parent.returncode == 3 or b"KeyboardInterrupt" in errors
    assert not leftovers(str(tmp_path))
    assert not list(tmp_path.glob("hwnoise-lava-*"))


def test_a_score_says_who_plays_when(tmp_path: Path) -> None:
    """A step for orders, then rows with a gap between them, later for deeper populations."""
    score = Score(Board.create(tmp_path, Score.layout(8)))
    assert score.place(5, 0) is None  # before the first run
    score.play(100, np.array([7, 9]), np.array([0, 1]), np.zeros((2, 3), bool), 3, 2)
    score.look(Probe(2, local=LocalRule("spike", "spike_excess", 0.5)), WRITE)
    places = [score.place(step, 1) for step in range(101, 113)]
    first, second = [(0, t) for t in range(3)], [(1, t) for t in range(3)]
    assert places == [None, None, *first, None, None, *second, None, None]
    assert [score.orders(step) for step in (100, 101, 102)] == [0, WRITE, 0]
    assert (score.begins((1, 0)), score.begins((1, 1)), score.ends((1, 2))) == (True, False, True)
    assert score.probe == Probe(2, local=LocalRule("spike", "spike_excess", 0.5))
    score.order(113, READ)
    assert (score.place(114, 0), score.orders(114), score.rows_noted) == (None, READ, 2)


def test_a_diary_sums_up_what_it_noted(tmp_path: Path, rng: np.random.Generator) -> None:
    """Two passes of three steps: power is the squared difference of what the membranes took in."""
    synapses = Synapses("w", "input", "n", 2, 1, 1, 0.0, 0.5, 0.0, True, True)
    board = Board.create(tmp_path, {**Score.layout(6), **synapses.layout(6)})
    score, diary = Score(board), Diary(synapses, 0, board)
    score.play(0, np.arange(2), np.zeros(2), np.zeros((2, 3), bool), 3, 0)
    score.look(Probe(2, local=LocalRule("spike", "drive_difference")), 0)
    membranes = np.array([[4, 2, 8], [2, 2, 2]])
    for row, step in np.ndindex(2, 3):
        diary.note((row, step), np.array([1, step]), np.zeros(1), membranes[row, step : step + 1])
    assert board["w/power"][0] == 1.0 + 0.0 + 9.0
    board["w/credit"][0] = 2.0
    score.order(9, 4)
    diary.obey(4, None, None)
    assert board["w/weight_sum"].tolist() == [[2 * (1 + 0 + 3), 2 * 3 * 2]]
    assert board["w/bias_sum"].tolist() == [8.0]
