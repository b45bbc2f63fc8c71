"""Noise and learning inside Lava: every bit is the emulator's, through whole runs and a whole training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from lava_leftovers import leftovers
from loihi_networks import loihi, perceptron, spikes, ternary, two_layer_loop, with_current
from numpy.typing import NDArray

from hwnoise import Network, Stream, learners, optimizers
from hwnoise.backends.base import LocalRule, Probe, Reading
from hwnoise.backends.emulator.integer import IntegerProgram
from hwnoise.backends.lava.program import LavaProgram
from hwnoise.coding import Codec, CodedProgram
from hwnoise.substrate import Substrate
from hwnoise.tasks.base import Split, Task
from hwnoise.training.blas import one_blas_thread
from hwnoise.training.fit import fit

Array = NDArray[Any]
STREAM = Stream(7, "chip")
SEEN = frozenset({"spikes", "membranes"})
QUIET = {"loihi_noise": "off"}
ON_CURRENT = {"loihi_noise": {"source": "nengo2021", "exponent": 12, "mantissa": 1, "target": "current"}}
RELEASE = {**QUIET, "stochastic_synapse": {"law": "fixed", "probability": 0.25, "events": 2}}
CHIPS = [
    (perceptron, {}), (with_current, ON_CURRENT), (two_layer_loop, {}), (ternary, QUIET),
    (perceptron, RELEASE), (two_layer_loop, RELEASE), (ternary, RELEASE),
]  # fmt: skip


@contextmanager
def both(network: Network, kind: Substrate) -> Iterator[tuple[IntegerProgram, LavaProgram]]:
    """The same chip twice: on the emulator, and in Lava."""
    in_lava = LavaProgram(network, kind, STREAM, 2.0)
    try:
        with one_blas_thread():
            yield IntegerProgram(network, kind, STREAM, 2.0), in_lava
    finally:
        in_lava.close()


def same(here: Any, there: Any) -> None:
    """Every array of two mappings, bit for bit."""
    assert list(here) == list(there)
    for name, values in here.items():
        np.testing.assert_array_equal(values, there[name], err_msg=name)


def same_reading(here: Reading, there: Reading, rng: np.random.Generator) -> dict[str, Array]:
    """All that was shown, and what synapses answer to credit; returns their answers."""
    np.testing.assert_array_equal(here.output, there.output)
    np.testing.assert_array_equal(here.ticks, there.ticks)
    same(here.spikes, there.spikes)
    same(here.membranes, there.membranes)
    assert here.events == there.events
    update: dict[str, Array] = {}
    assert list(here.eligibility) == list(there.eligibility)
    for layer, traces in here.eligibility.items():
        np.testing.assert_array_equal(traces.power, there.eligibility[layer].power)
        credit = rng.normal(0, 0.1, traces.power.shape).astype(np.float32)
        for kind, ask in (("weight", "correlate"), ("bias", "correlate_bias")):
            update[f"{layer}.{kind}"] = getattr(traces, ask)(credit)
            other = getattr(there.eligibility[layer], ask)(credit)
            np.testing.assert_array_equal(update[f"{layer}.{kind}"], other)
    return update


@pytest.mark.parametrize(("make", "tables"), CHIPS)
def test_runs_and_writes_are_the_emulators(make: Any, tables: Any, rng: np.random.Generator) -> None:
    """Noise, states, traces, weights, counts: run, write, run again.

    Checks eq:loihi-noise, eq:loihi-membrane and eq:loihi-release.
    """
    network = make(rng)
    probes = (
        Probe(2, observe=SEEN, local=LocalRule("trace", "drive_difference")),
        Probe(4, "batch", (1,), observe=SEEN, local=LocalRule("spike", "spike_excess", 0.5)),
        Probe(observe=SEEN),
    )
    with both(network, loihi(noise=True, **tables)) as (here, there):
        for probe in probes:
            x = spikes(rng, network, 2, 12)
            update = same_reading(here.run(x, probe), there.run(x, probe), rng)
            if update:
                names = network.parameters()
                for chip in (here, there):
                    chip.write({name: 3 * update[name] for name in names})
        same(here.read_weights(), there.read_weights())
        same(here.state(), there.state())
    assert not leftovers()


def test_a_state_goes_from_one_to_the_other(rng: np.random.Generator) -> None:
    """Begun on the emulator, gone on with in Lava, without a reset between presentations."""
    network = perceptron(rng)
    going_on = Probe(2, observe=SEEN, reset=False)
    x = spikes(rng, network, 2, 9)
    with both(network, loihi(noise=True)) as (here, there):
        here.run(x, going_on)
        there.restore(here.state())
        same_reading(here.run(x, going_on), there.run(x, going_on), rng)
        there.close()  # and Lava begins anew where it was
        same_reading(here.run(x, going_on), there.run(x, going_on), rng)
        same(here.state(), there.state())


def test_a_training_ends_with_the_same_weights(rng: np.random.Generator) -> None:
    """Thirty samples by each rule, one update each, by the chip's own noise."""
    network = perceptron(rng)
    x = spikes(rng, network, 36, 10)
    y = rng.integers(0, 4, 36)
    split = Split(x[:30], y[:30]), Split(x[30:33], y[30:33]), Split(x[33:], y[33:])
    words = {"loss": "cross_entropy", "metric": "accuracy", "default_network": "30-20-4"}
    task = Task("tiny", "drawn", *split, ("a", "b", "c", "d"), **words, input_shape=(10, 30))
    with both(network, loihi(noise=True)) as chips:
        for chip in chips:
            coded = CodedProgram(chip, Codec("native"), STREAM)
            for rule in ("snp", "three-factor"):
                fit(coded, task, learners.make(rule), optimizers.make("adam"), epochs=1, batch_size=1)
        same(*(chip.read_weights() for chip in chips))
        moved = chips[0].read_weights()["hidden.weight"] - network.parameters()["hidden.weight"]
        assert np.abs(moved).max() > 0.01
