"""The emulated chip does what its seam says: passes and ticks, what is shown, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny import (
    EXACT,
    KNOWN,
    PAIRS,
    PCM,
    TELEGRAPH,
    WHITE,
    WHITE_PAIRS,
    Array,
    batch,
    chip,
    kind,
    layers,
    on_chip,
)

from hwnoise.backends.base import Perturbation, Probe, Program
from hwnoise.backends.emulator import backend
from hwnoise.backends.emulator.layer import Layer
from hwnoise.errors import InputError, MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate
from hwnoise.testing import assert_gaussian_std, assert_rejects, draws_for_sigma

NODES = frozenset({"nodes"})
WEIGHT = np.array([[1.0, -0.5], [0.25, 1.0], [-1.0, 0.125]], np.float32)


def refusal(error: type[Exception], call: Any, *args: Any) -> str:
    with pytest.raises(error) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_it_is_a_program_and_without_noise_the_network() -> None:
    program, x = chip(EXACT), batch(7)
    assert isinstance(program, Program)
    values = program.network.parameters()
    hidden = np.tanh(x @ values["hidden1.weight"].T + values["hidden1.bias"])
    scores = np.exp(hidden @ values["readout.weight"].T + values["readout.bias"])
    expected = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(program.run(x).output[0], expected, rtol=1e-5)


# Order and ticks


def test_every_row_is_a_tick() -> None:
    program = chip(WHITE)
    program.run(batch(5))
    interleaved = program.run(batch(4), Probe(3, "interleaved")).ticks
    np.testing.assert_array_equal(interleaved, 5 + 3 * np.arange(4) + np.arange(3)[:, None])
    by_batch = program.run(batch(4), Probe(3, "batch")).ticks
    np.testing.assert_array_equal(by_batch, 17 + np.arange(4) + 4 * np.arange(3)[:, None])
    assert program.tick == 29


@pytest.mark.parametrize("substrate", [WHITE, TELEGRAPH, PCM], ids=lambda s: s.name)
def test_passes_are_reads_one_after_the_other(substrate: Substrate) -> None:
    x, probe = batch(4), Probe(3, "interleaved", observe=NODES)
    reading = chip(substrate).run(x, probe)
    single = chip(substrate).run(np.repeat(x, 3, axis=0), Probe(observe=NODES))
    by_batch = chip(substrate).run(x, Probe(3, "batch", observe=NODES))
    tiled = chip(substrate).run(np.tile(x, (3, 1)), Probe(observe=NODES))
    for p in range(3):
        np.testing.assert_array_equal(reading.output[p], single.output[0, p::3])
        np.testing.assert_array_equal(by_batch.output[p], tiled.output[0, 4 * p : 4 * p + 4])
        for layer, values in reading.nodes.items():
            np.testing.assert_array_equal(values[p], single.nodes[layer][0, p::3])


def test_samples_of_any_shape_become_rows() -> None:
    x = batch(4)
    flat = chip(WHITE).run(x).output
    np.testing.assert_array_equal(chip(WHITE).run(x.reshape(4, 2, 3)).output, flat)
    np.testing.assert_array_equal(chip(WHITE).run(x[0]).output[0, 0].shape, (3,))


# What is observed


def test_nothing_is_kept_that_was_not_asked_for() -> None:
    reading = chip(KNOWN).run(batch(3))
    assert not reading.nodes
    assert not reading.inputs
    assert not reading.noise
    assert not reading.weights


@pytest.mark.parametrize("order", ["interleaved", "batch"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "identity"])
def test_inputs_are_what_the_layers_were_given(
    order: Any, activation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Array] = {}
    forward = Layer.forward
    monkeypatch.setattr(
        Layer, "forward", lambda self, x, *rest: given.update({self.name: x}) or forward(self, x, *rest)
    )
    x = batch(9)
    program = chip(PCM, "6-5-4-3", activation=activation)
    reading = program.run(x, Probe(2, order, observe=NODES))
    assert list(reading.inputs) == ["hidden1", "hidden2", "readout"]
    assert len(reading.inputs) == 3
    for layer, rows in given.items():
        expected = rows.reshape(9, 2, -1).swapaxes(0, 1) if order == "interleaved" else rows.reshape(2, 9, -1)
        np.testing.assert_array_equal(reading.inputs[layer], expected)


@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_a_quiet_pass_has_no_noise(order: Any) -> None:
    x = batch(300)
    for substrate in (WHITE, WHITE_PAIRS, KNOWN):
        reading = chip(substrate).run(x, Probe(3, order, quiet_passes=(0, 2), observe=NODES))
        silent = {"read_noise": None, "node_noise": None}
        clean = chip(substrate.model_copy(update=silent)).run(x, Probe(observe=NODES))
        for layer in ("hidden1", "readout"):
            np.testing.assert_allclose(reading.nodes[layer][0], clean.nodes[layer][0], atol=1e-6)
            np.testing.assert_allclose(reading.nodes[layer][2], clean.nodes[layer][0], atol=1e-6)
            assert np.abs(reading.nodes[layer][1] - clean.nodes[layer][0]).max() > 1e-3


def test_a_known_noise_is_shown_as_it_was() -> None:
    probe = Probe(2, quiet_passes=(1,), observe=frozenset({"nodes", "noise"}))
    program = on_chip(layers(WEIGHT), KNOWN)
    reading = program.run(batch(draws_for_sigma(0.03) // 3 + 1, 2), probe)
    noisy, quiet = reading.nodes["a"]
    np.testing.assert_allclose(noisy - reading.noise["a"][0], quiet, atol=1e-6)
    assert_gaussian_std(reading.noise["a"][0], 0.1)
    assert_rejects(assert_gaussian_std, reading.noise["a"][0], 0.103)
    assert not reading.noise["a"][1].any()


def test_of_two_noises_only_the_known_one_is_shown() -> None:
    both = kind(
        node_noise={"sigma": 0.1, "handles": ["known"]},
        telegraph={"amplitude": 2.0, "flip": 0.5},
        quiet="chip",
    )
    probe = Probe(2, quiet_passes=(1,), observe=frozenset({"nodes", "noise"}))
    reading = on_chip(layers(WEIGHT), both).run(batch(40, 2), probe)
    rest = reading.nodes["a"][0] - reading.noise["a"][0] - reading.nodes["a"][1]
    np.testing.assert_allclose(np.abs(rest), 2.0, atol=1e-5)
    assert np.abs(reading.noise["a"]).max() < 1


def test_weights_are_read_back_before_each_pass() -> None:
    x = batch(4)
    reading = chip(PCM).run(x, Probe(2, "batch", observe=frozenset({"weights"})))
    byhand = chip(PCM)
    backs, outputs = [], []
    for _ in range(2):
        backs.append(byhand.read_weights())
        outputs.append(byhand.run(x).output[0])
    np.testing.assert_array_equal(reading.output, outputs)
    for layer in ("hidden1", "readout"):
        np.testing.assert_array_equal(reading.weights[layer], [back[f"{layer}.weight"] for back in backs])
    rows = 6 + 5  # one read period for every input line
    np.testing.assert_array_equal(reading.ticks, [rows + np.arange(4), 2 * rows + 4 + np.arange(4)])
    assert reading.events["device_reads"] == 2 * (6 * 5 + 5 * 3)
    assert reading.events["reads"] == 8


def test_a_read_back_between_passes_can_be_quiet() -> None:
    observe = frozenset({"weights"})
    probe = Probe(2, "batch", quiet_passes=(1,), observe=observe)
    reading = chip(WHITE).run(batch(4), probe)
    clean = chip(EXACT).run(batch(4)).output[0]
    np.testing.assert_allclose(reading.output[1], clean, atol=1e-6)
    assert np.abs(reading.output[0] - clean).max() > 1e-4


def test_events_are_what_the_run_cost() -> None:
    program = chip(PCM)
    reading = program.run(batch(4), Probe(3))
    assert reading.events == {
        "reads": 12,
        "conversions_in": 12 * (6 + 5),
        "conversions_out": 12 * (5 + 3),
        "multiplications": 12 * (6 * 5 + 5 * 3),
    }
    program.run(batch(1))
    program.read_weights()
    assert program.events["reads"] == 13
    assert program.events["device_reads"] == 6 * 5 + 5 * 3
    assert program.events["device_writes"] == 0


def test_correlation_counts_the_ticks_between_two_passes() -> None:
    telegraph = chip(TELEGRAPH)
    share = 0.3**2 / (0.3**2 + 0.02**2)
    found = telegraph.correlation(telegraph.run(batch(5), Probe(2, "interleaved")).ticks)
    assert found == {"telegraph": pytest.approx(share * (1 - 2 * 0.1))}
    found = telegraph.correlation(telegraph.run(batch(5), Probe(2, "batch")).ticks)
    assert found == {"telegraph": pytest.approx(share * (1 - 2 * 0.1) ** 5)}

    pcm = chip(PCM)
    ticks = np.arange(2, dtype=np.uint64)[:, None]  # the first two reads share all but the fastest band
    total = np.log((20 + 250e-9) / (2 * 250e-9))
    assert pcm.correlation(ticks) == {"one_over_f": pytest.approx(1 - np.log(4) / total)}
    near = pcm.correlation(pcm.run(batch(64), Probe(2, "interleaved")).ticks)["one_over_f"]
    far = pcm.correlation(pcm.run(batch(64), Probe(2, "batch")).ticks)["one_over_f"]
    assert 0.6 < far < near < 1
    assert chip(WHITE).correlation(ticks) == {}


# What is refused


@pytest.mark.parametrize(
    ("substrate", "probe", "words"),
    [
        (PCM, Probe(2, quiet_passes=(1,)), ["'pcm' cannot be made quiet", "average several passes"]),
        (WHITE, Probe(quiet_layers=("hidden1",)), ["whole passes"]),
        (WHITE, Probe(2, quiet_passes=(2,)), ["from 0 to 1", "(2,)"]),
        (WHITE, Probe(perturbation=Perturbation(1, 0.1)), ["no perturbation"]),
        (PCM, Probe(observe=frozenset({"noise"})), ["'pcm'", "not known"]),
        (TELEGRAPH, Probe(observe=frozenset({"noise"})), ["not known"]),
        (PCM, Probe(observe=frozenset({"weights"})), ["order='batch'"]),
        (PCM, Probe(2, "batch", observe=frozenset({"weights", "nodes"})), ["alone"]),
        (PCM, Probe(0), ["passes >= 1", "0"]),
        (PCM, Probe(order="random"), ["interleaved or batch", "'random'"]),  # type: ignore[arg-type]
        (PCM, Probe(observe=frozenset({"spikes"})), ["nodes, noise, weights", "spikes"]),
    ],
)
def test_a_probe_that_cannot_be_answered_is_refused(
    substrate: Substrate, probe: Probe, words: list[str]
) -> None:
    program = chip(substrate)
    sentence = refusal(InputError, program.run, batch(2), probe)
    assert all(word in sentence for word in words)
    assert program.tick == 0


def test_a_read_noise_that_is_called_known_is_not_made_up() -> None:
    claimed = kind(read_noise={"sigma": 0.1, "handles": ["known"]})
    assert "not known" in refusal(
        MismatchError, chip(claimed).run, batch(2), Probe(observe=frozenset({"noise"}))
    )


@pytest.mark.parametrize(
    "x",
    [np.zeros((0, 6)), np.zeros((2, 5)), np.zeros((2, 2, 2)), 1.0, np.zeros(3), [[1, 2], [3]], [["a"] * 6],
     np.full((2, 6), np.nan), np.full((1, 6), 1e300), None],
)  # fmt: skip
def test_inputs_that_do_not_fit_are_refused(x: Any) -> None:
    program = chip(PCM)
    assert "inputs" in refusal(InputError, program.run, x)
    assert program.tick == 0


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e30])
def test_time_only_goes_on_and_not_for_ever(seconds: float) -> None:
    program = chip(PCM)
    assert "advance" in refusal(InputError, program.advance, seconds)
    assert program.tick == 0


@pytest.mark.parametrize("headroom", [0.5, 101, float("nan")])
def test_headroom_has_a_range(headroom: float) -> None:
    network = Network.mlp("2-2", Stream(0))
    with pytest.raises(InputError, match="headroom must be from 1 to 100"):
        backend.compile(network, PCM, Stream(0), headroom=headroom)


def test_a_state_of_another_network_is_refused() -> None:
    program = chip(PCM)
    assert "lacks 'layers/hidden1/" in refusal(InputError, program.restore, chip(WHITE).state())
    assert "shape" in refusal(InputError, program.restore, chip(PCM, "6-4-3").state())
    layer_called_events = layers(WEIGHT)
    saved = on_chip(layer_called_events, PAIRS).state()
    assert "lacks 'layers/hidden1" in refusal(InputError, program.restore, saved)
    assert "lacks 'tick'" in refusal(InputError, program.restore, {})
