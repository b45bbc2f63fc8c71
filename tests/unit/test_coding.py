"""Numbers become courses over time and come back as probabilities, whatever batch they are in."""

from __future__ import annotations

import doctest
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from timed import DT
from tiny import assert_same_bits, kind

from hwnoise import Network, Stream
from hwnoise.backends.base import Probe
from hwnoise.backends.emulator import backend
from hwnoise.coding import Codec, CodedBackend, CodedProgram, codec
from hwnoise.coding.program import DecodedDerivatives
from hwnoise.errors import InputError, MismatchError

KEY = np.uint64(7)
NODE = kind(node_noise={"sigma": 0.2})


def network(coding: Codec | None) -> Network:
    made = Network.spiking("6-5-3", Stream(3, "network"), tau=2 * DT, dt=DT, gain=2.0)
    return made if coding is None else replace(made, metadata={"coding": coding.as_metadata()})


def chip(coding: Codec) -> Any:
    return CodedBackend(backend).compile(network(coding), NODE, Stream(1, "chip"))


def inputs(samples: int = 7) -> Any:
    return Stream(2, "inputs").generator().random((samples, 6), np.float32)


def test_latency_is_earlier_for_stronger_inputs() -> None:
    """Check eq:latency-coding: one spike an input, none for nothing."""
    shown = Codec("latency", steps=5).encode(np.array([[1.0, 0.75, 0.6, 0.01, 0.0]]), KEY)[0]
    assert shown.shape == (5, 5)
    assert shown.sum(axis=0).tolist() == [1, 1, 1, 1, 0]
    assert shown[:, :4].argmax(axis=0).tolist() == [0, 1, 2, 4]


def test_constant_is_the_number_at_every_step() -> None:
    x = inputs()
    assert np.array_equal(Codec("constant", steps=3).encode(x, KEY), np.repeat(x[:, np.newaxis], 3, axis=1))


def test_signed_inputs_begin_at_their_lowest() -> None:
    shown = Codec("constant", steps=1, low=-1.0).encode(np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]]), KEY)
    assert shown[0, 0].tolist() == [0, 0, 0.5, 1, 1]


def test_native_hands_on_what_it_gets() -> None:
    x = np.ones((2, 4, 3), np.float32)
    assert Codec("native").encode(x, KEY) is x
    with pytest.raises(InputError, match=r"\(samples, steps, inputs\)"):
        Codec("native").encode(x[0], KEY)
    with pytest.raises(InputError, match=r"\(samples, inputs\)"):
        Codec("rate").encode(x, KEY)


def test_a_sample_has_its_spikes_in_any_batch() -> None:
    whole = Codec("rate", steps=9).encode(inputs(), KEY)
    parts = [Codec("rate", steps=9).encode(inputs()[k : k + 1], KEY, first=k) for k in range(7)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_read_out_is_the_softmax_of_the_mean() -> None:
    """Check eq:spike-read-out."""
    output = Stream(4, "output").generator().standard_normal((2, 3, 5, 4)).astype(np.float32)
    powers = np.exp(1.5 * output.astype(np.float64).mean(axis=2))
    np.testing.assert_allclose(
        Codec(scale=1.5).decode(output), powers / powers.sum(axis=-1, keepdims=True), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "burst"}, ["coding", "rate, latency, constant, native", "'burst'"]),
        ({"steps": 0}, ["steps", "1 to 100000"]),
        ({"scale": 0.0}, ["readout_scale", "above 0"]),
    ],
)
def test_what_is_no_codec_is_refused(options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        Codec(**options)
    assert all(word in str(caught.value) for word in words)


def test_a_codec_travels_in_metadata() -> None:
    coding = Codec("latency", 12, 3.0, -1.0)
    assert Codec.from_metadata({"coding": coding.as_metadata()}) == coding
    assert Codec.from_metadata({}) is None
    for wrong in ("rate", {"spikes": 3}):
        with pytest.raises(InputError, match="metadata 'coding'"):
            Codec.from_metadata({"coding": wrong})


def test_a_coded_chip_takes_numbers_and_gives_probabilities() -> None:
    program = chip(Codec("rate", 10))
    reading = program.run(inputs(), Probe(passes=2, observe=frozenset({"spikes"})))
    assert isinstance(program, CodedProgram)
    assert reading.output.shape == (2, 7, 3)
    assert reading.steps == 10
    np.testing.assert_allclose(reading.output.sum(axis=-1), 1, rtol=1e-5)
    assert program.diagnostics().keys() == program.read_weights().keys() | {
        name for name in program.diagnostics() if name.endswith(".writes")
    }


def test_all_passes_see_the_same_spikes() -> None:
    program = chip(Codec("rate", 10))
    seen = program.run(inputs(), Probe(passes=3, observe=frozenset({"nodes"}))).inputs["hidden1"]
    assert np.array_equal(seen[0], seen[1])
    assert np.array_equal(seen[0], seen[2])


def test_every_presentation_has_spikes_of_its_own() -> None:
    program, wants = chip(Codec("rate", 10)), Probe(observe=frozenset({"nodes"}))
    first, second = (program.run(inputs(), wants).inputs["hidden1"] for _ in range(2))
    assert not np.array_equal(first, second)


def test_a_restored_chip_goes_on_bit_for_bit() -> None:
    first, second = chip(Codec("rate", 10)), chip(Codec("rate", 10))
    first.run(inputs())
    second.restore(first.state())
    assert_same_bits({"": first.run(inputs()).output}, {"": second.run(inputs()).output})
    assert_same_bits(first.state(), second.state())


def test_a_network_without_a_coding_is_left_alone() -> None:
    program = CodedBackend(backend).compile(network(None), NODE, Stream(1, "chip"))
    assert not isinstance(program, CodedProgram)
    static = replace(Network.mlp("6-3", Stream(3)), metadata={"coding": Codec().as_metadata()})
    with pytest.raises(MismatchError, match="neurons that remember"):
        CodedBackend(backend).compile(static, NODE, Stream(1, "chip"))


class Known:
    """Derivatives of membranes that are ``weight`` at every step."""

    def backward(self, error: Any) -> dict[str, Any]:
        return {"weight": error.sum(axis=(0, 1, 2))}

    def forward(self, direction: Any) -> Any:
        return np.broadcast_to(direction["weight"], (1, 1, 4, 3))


def test_derivatives_go_through_the_read_out() -> None:
    weight, error, step = np.array([0.3, -0.2, 0.5]), np.array([1.0, 2.0, -1.0]), 1e-4
    coding = Codec(scale=1.5)

    def read(values: Any) -> Any:
        return coding.decode(np.broadcast_to(values, (1, 1, 4, 3)).astype(np.float64))[0, 0].astype(
            np.float64
        )

    slopes = np.stack([(read(weight + e) - read(weight - e)) / (2 * step) for e in step * np.eye(3)], axis=1)
    outer = DecodedDerivatives(Known(), 1.5, read(weight)[np.newaxis, np.newaxis], 4)
    np.testing.assert_allclose(
        outer.backward(error[np.newaxis, np.newaxis])["weight"], error @ slopes, atol=2e-3
    )
    np.testing.assert_allclose(outer.forward({"weight": error})[0, 0], slopes @ error, atol=2e-3)


def test_the_example_runs() -> None:
    assert doctest.testmod(codec).failed == 0
