"""Stochastic synapses on an emulated chip: it reads, remembers, shows, refuses and learns as they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles_synapse import SynapseChip
from tiny import Array, assert_same_bits, batch, chip, kind, layers, on_chip

from hwnoise import Network, Stream, learners, losses, optimizers, substrate, tasks
from hwnoise.backends.base import Probe
from hwnoise.backends.emulator import backend
from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.devices.stochastic_synapse import LogisticRelease
from hwnoise.errors import InputError, MismatchError
from hwnoise.forecast import forecast
from hwnoise.training import fit

NODES, EVENTS = frozenset({"nodes"}), frozenset({"events"})
LOGISTIC = kind(stochastic_synapse={"law": "logistic", "events": 3}, quiet="chip")
FIXED = kind(stochastic_synapse={"law": "fixed", "probability": 0.3}, quiet="chip")
CERTAIN = kind(stochastic_synapse={"law": "logistic", "release": "certain"})
EXAMPLE = Path(__file__).parents[2] / "examples" / "stochastic_release.toml"


def credit(passes: int, samples: int) -> Array:
    return Stream(5, "credit").generator().standard_normal((passes, samples))


def remembered(program: EmulatorProgram, x: Array, order: Any = "interleaved") -> dict[str, Array]:
    """What a run of two passes showed, and what its synapses remember of it."""
    reading = program.run(x, Probe(2, order, observe=EVENTS))
    scores = {name: trace.correlate(credit(2, len(x))) for name, trace in reading.eligibility.items()}
    return {"output": reading.output, **scores}


@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_a_chip_without_other_noise_is_its_arrays(order: Any) -> None:
    program = chip(LOGISTIC, headroom=1.5)
    alone = SynapseChip(program.network, LogisticRelease(events=3), Stream(1, "chip"), headroom=1.5)
    reading = alone.run(batch(9), Probe(2, order, observe=EVENTS))
    found = remembered(program, batch(9), order)
    np.testing.assert_allclose(found.pop("output"), reading.output, rtol=1e-6)
    assert_same_bits(found, {n: t.correlate(credit(2, 9)) for n, t in reading.eligibility.items()})


def test_any_number_of_threads_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
        results.append(remembered(chip(LOGISTIC, "256-64-10"), batch(150, 256)))
    assert_same_bits(*results)


def test_a_chip_goes_on_where_its_state_was_saved() -> None:
    first, second = chip(LOGISTIC), chip(LOGISTIC)
    first.run(batch(5))
    first.write({"readout.weight": np.full((3, 5), 0.1, np.float32)})
    second.restore(first.state())
    assert_same_bits(remembered(first, batch(7)), remembered(second, batch(7)))


@pytest.mark.parametrize("on", [LOGISTIC, FIXED], ids=["logistic", "fixed"])
@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_a_quiet_pass_transmits_the_mean(on: Any, order: Any) -> None:
    program, x = chip(on, readout="identity"), batch(20)
    nodes = program.run(x, Probe(2, order, quiet_passes=(1,), observe=NODES)).nodes["hidden1"]
    weight = program.read_weights()["hidden1.weight"]
    np.testing.assert_allclose(nodes[1], x @ weight.T, atol=1e-5)
    assert np.abs(nodes[0] - nodes[1]).max() > 0.1


def test_a_read_back_is_digital_and_exact() -> None:
    program = chip(LOGISTIC, headroom=2.0)
    first, second = program.read_weights(), program.read_weights()
    assert_same_bits(first, second)
    for name, values in program.network.parameters().items():
        np.testing.assert_allclose(first[name], values, atol=1e-5)


@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_certain_release_differs_between_passes_by_not_one_bit(order: Any) -> None:
    reading = chip(CERTAIN, "64-48-10").run(batch(90, 64), Probe(2, order, observe=NODES))
    for shown in (reading.output, *reading.nodes.values()):
        assert np.array_equal(shown[0], shown[1])


@pytest.mark.parametrize(
    ("on", "probe", "words"),
    [
        (kind(), Probe(observe=EVENTS), "law = 'logistic' does"),
        (FIXED, Probe(observe=EVENTS), "law = 'logistic' does"),
        (LOGISTIC, Probe(2, quiet_passes=(1,), observe=EVENTS), "a quiet pass has no events"),
    ],
)
def test_events_that_say_nothing_are_refused(on: Any, probe: Probe, words: str) -> None:
    with pytest.raises(MismatchError, match=words):
        chip(on).run(batch(3), probe)


@pytest.mark.parametrize("other", [{"conductance": {}}, {"photonic_mesh": {}}])
def test_a_synapse_is_no_conductance_and_no_wave(other: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=rf"no \[{next(iter(other))}\] beside it"):
        kind(stochastic_synapse={"law": "logistic"}, **other)


def test_tiles_mismatch_and_read_noise_add_up() -> None:
    """Releases are those of the layer however it is cut; amplitudes are uneven; noise comes on top."""
    plain = chip(kind(stochastic_synapse={"law": "fixed"}))
    tiled = chip(kind(stochastic_synapse={"law": "fixed"}, tile={"rows": 2, "columns": 3}))
    x = batch(20)
    assert tiled.run(x).output == pytest.approx(plain.run(x).output, abs=1e-5)
    for other in ({"mismatch": {"sigma": 0.1}}, {"read_noise": {"sigma": 0.1}}):
        uneven = chip(kind(stochastic_synapse={"law": "fixed"}, **other))
        assert np.abs(uneven.run(x).output - plain.run(x).output).mean() > 1e-3
    steady = {"law": "fixed", "release": "certain"}
    noisy = on_chip(layers(np.ones((200, 50))), kind(stochastic_synapse=steady, read_noise={"sigma": 0.1}))
    assert noisy.run(np.ones((400, 50), np.float32)).output.std() == pytest.approx(0.1 * 50**0.5, rel=0.02)
    spread = on_chip(layers(np.ones((200, 200))), kind(stochastic_synapse=steady, mismatch={"sigma": 0.1}))
    assert spread.diagnostics()["a.weight"].std() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"law": "fixed", "probabilty": 0.3}, r"synapse.probabilty .* did you mean 'probability'\?"),
        ({"law": "logistic", "logit_range": 0.0}, "synapse.logit_range must be >= 0.001"),
    ],
)
def test_the_law_is_no_key_of_the_file(table: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        kind(stochastic_synapse=table)


def test_who_fits_follows_from_the_law() -> None:
    everywhere = {"anp", "np", "snp", "three-factor"}
    assert set(learners.fitting(LOGISTIC.capabilities())) == everywhere | {"hedonistic"}
    assert set(learners.fitting(FIXED.capabilities())) == everywhere


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_the_forecast_counts_weights_as_directions(passes: int) -> None:
    program, learner = chip(LOGISTIC), learners.make("hedonistic", passes=passes)
    learner.bind(program.network, program.capabilities)
    found = forecast(program, (batch(32), np.zeros(32, np.int64), losses.cross_entropy), learner)
    assert found.attainable == pytest.approx(learner.directions(32) / (6 * 5 + 5 * 3 + 1))
    assert found.snr == pytest.approx(found.attainable, rel=0.1)


def test_the_example_learns_digits_from_its_releases() -> None:
    task, stream = tasks.load("digits"), Stream(2)
    network = Network.mlp("64-10", stream.child("network"))
    program = backend.compile(network, substrate.load(EXAMPLE), stream.child("chip"), headroom=2.0)
    adam = optimizers.make("adam", learning_rate=0.03, schedule="cosine")
    fit(program, task, learners.make("hedonistic"), adam, epochs=15, stream=stream.child("fit"))
    output = program.run(task.test.x).output[0]
    assert np.mean(output.argmax(axis=1) == task.test.y) > 0.5
