"""Synapses of whole numbers that release at random, on a chip: what they show, keep and refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loihi_networks import chip, convolutional, delayed, loihi, perceptron, recurrent, spikes, ternary

from hwnoise import learners, substrate, training
from hwnoise.backends.base import LocalRule, Probe
from hwnoise.backends.lava.engine import EngineProgram
from hwnoise.errors import InputError, MismatchError
from hwnoise.quantization import quantize
from hwnoise.streams import Stream

EXAMPLE = Path(__file__).parents[2] / "examples" / "stochastic_loihi2.toml"
FIXED: dict[str, Any] = {"stochastic_synapse": {"law": "fixed"}}
SHAPES = [perceptron, recurrent, delayed, ternary]


def test_release_is_the_only_noise_and_fits_the_rules_for_spikes() -> None:
    program = chip(perceptron(np.random.default_rng(1)), substrate.load(EXAMPLE))
    (noise,) = program.capabilities.noises
    assert (noise.name, noise.level, noise.time_scale) == ("stochastic_synapse", "node", "read")
    assert {"snp", "three-factor"} <= set(learners.fitting(program.capabilities, program.network))


@pytest.mark.parametrize("make", SHAPES)
def test_passes_differ_and_quiet_ones_are_those_of_certain_synapses(
    make: Any, rng: np.random.Generator
) -> None:
    """Through loops and delays too; what was drawn when is a matter of ticks alone (eq:loihi-release)."""
    network = make(rng)
    x, program = spikes(rng, network), chip(network, loihi(**FIXED))
    reading = program.run(x, Probe(3, quiet_passes=(1,), observe=frozenset({"nodes", "membranes"})))
    certain = chip(network).run(x, Probe(observe=frozenset({"membranes"})))
    first = next(iter(certain.membranes))
    assert np.array_equal(reading.membranes[first][1], certain.membranes[first][0])
    assert not np.array_equal(reading.membranes[first][0], reading.membranes[first][2])
    assert np.array_equal(reading.output[1], certain.output[0])


@pytest.mark.parametrize("threads", ["1", "3"])
def test_bits_do_not_depend_on_threads_or_splits(
    threads: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    network = recurrent(np.random.default_rng(3))
    x = spikes(rng, network, samples=30, steps=60)
    whole, split = (chip(network, loihi(**FIXED)) for _ in range(2))
    parts = [split.run(part).output for part in (x[:7], x[7:8], x[8:])]
    assert np.array_equal(whole.run(x).output, np.concatenate(parts, axis=1))


@pytest.mark.parametrize("make", SHAPES)
def test_a_restored_chip_goes_on_without_a_reset(make: Any, rng: np.random.Generator) -> None:
    network, going_on = make(rng), Probe(reset=False)
    x = spikes(rng, network, samples=1, steps=24)
    whole = chip(network, loihi(**FIXED)).run(x, going_on).output
    first, second = (chip(network, loihi(**FIXED)) for _ in range(2))
    parts = [first.run(x[:, :9], going_on).output]
    second.restore(first.state())
    parts.append(second.run(x[:, 9:], going_on).output)
    assert np.array_equal(np.concatenate(parts, axis=2), whole)


def test_a_weight_stays_what_it_is(rng: np.random.Generator) -> None:
    """What is deployed has the integers of certain synapses, and fewer powers of two to choose from."""
    network = perceptron(rng)
    program = chip(network, loihi(**FIXED), headroom=2.0)
    expected = chip(network, headroom=2.0)
    for name, node in program.integers().synapses.items():
        assert np.array_equal(node.weight, expected.integers().synapses[name].weight)
    again, _ = quantize(program.network.with_parameters(program.read_weights()), program.chip)
    held = program.integers().synapses["hidden"]
    assert np.array_equal(again.synapses["hidden"].weight, held.weight)
    assert again.synapses["hidden"].exponent == held.exponent <= 6


def test_traces_see_what_was_released(rng: np.random.Generator) -> None:
    """A local rule sums up a difference of two passes that release alone makes."""
    network = perceptron(rng)
    program = chip(network, loihi(**FIXED))
    reading = program.run(spikes(rng, network), Probe(2, local=LocalRule("spike", "drive_difference")))
    assert (reading.eligibility["hidden"].power > 0).all()  # type: ignore[attr-defined]  # Traces
    certain = chip(network, loihi(stochastic_synapse={"law": "fixed", "release": "certain"}))
    still = certain.run(spikes(rng, network), Probe(2, local=LocalRule("spike", "drive_difference")))
    assert (still.eligibility["hidden"].power == 0).all()  # type: ignore[attr-defined]  # Traces


@pytest.mark.parametrize(
    ("device", "tables", "sentence"),
    [
        ("loihi2", {"law": "logistic"}, "law must be 'fixed', not 'logistic'"),
        ("loihi2", {"law": "fixed", "probability": 0.3}, "must be one, such as 0.5 or 0.25, not 0.3"),
        ("loihi2", {"law": "fixed", "probability": 0.25, "events": 3}, "not 0.75"),
        ("xylo", {"law": "fixed"}, "a power of two of 1 on weighted sums, and fixed_point allows 0 to 0"),
        ("loihi2", {"law": "fixed", "probability": 2.0**-16}, "a power of two of 16"),
    ],
)
def test_what_whole_numbers_cannot_do_is_refused(device: str, tables: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        substrate.load(device, {"stochastic_synapse": tables})


def test_a_shift_of_nothing_is_for_every_chip_of_integers() -> None:
    kind = substrate.load("xylo", {"stochastic_synapse": {"law": "fixed", "probability": 0.25, "events": 4}})
    assert learners.fitting(kind.capabilities())


def test_a_convolution_and_lavas_engine_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(MismatchError, match=r"'conv1' \(conv\): on a chip of whole numbers the synapses of"):
        chip(convolutional(rng), loihi(**FIXED))
    with pytest.raises(MismatchError, match="engine transmit every spike"):
        EngineProgram(perceptron(rng), loihi(**FIXED), Stream(1), steps=8)


def test_digits_are_learned_from_release_alone(tmp_path: Path) -> None:
    """The chip of the example, its own defaults, a few epochs: far above chance, which is 10 %."""
    flags = {"device": str(EXAMPLE), "epochs": 10, "chips": 1, "seed": 5, "out": tmp_path / "run"}
    summary = training.run(training.load_config(**flags), progress="quiet")
    assert summary.content["accuracy_after"]["value"] > 0.5
