"""Synapses and neurons in one kernel are what they are one after the other, and those are Lava's."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from loihi_networks import chip, loihi
from loihi_states import EDGES, drawn
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.population import UNSEEN
from hwnoise.backends.emulator.integer.synapses import DenseSynapses
from hwnoise.errors import InputError
from hwnoise.integers import IntegerSynapses
from hwnoise.kernels.loihi_layer import run_layer
from hwnoise.kernels.loihi_lif import run_lif
from hwnoise.kernels.loihi_synapses import ROOM, add_dense, find_active
from hwnoise.network import Network
from hwnoise.streams import Stream

Array = NDArray[Any]
WIDE, EVEN = np.arange(-256, 256), np.arange(-256, 256, 2)  # 16 bits each, and 8 with a shift


def synapses_of(rng: np.random.Generator, values: Array, n: int, n_in: int, exponent: int) -> DenseSynapses:
    return DenseSynapses(IntegerSynapses(drawn(rng, values, (n, n_in)), 1.0, exponent, message_bits=0))


def states_of(rng: np.random.Generator, n: int) -> list[Array]:
    """Bias and, of two samples, currents, membranes and steps to wait."""
    inside = EDGES[np.abs(EDGES) < 2**23]
    return [drawn(rng, EDGES, (n,)), drawn(rng, EDGES, (2, n)), drawn(rng, inside, (2, n)),
            rng.integers(0, 3, (2, n)).astype(np.int32)]  # fmt: skip


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize(("values", "exponent"), [(EVEN, 0), (EVEN, -3), (WIDE, 5), (WIDE, -1)])
@pytest.mark.parametrize(
    ("n", "n_in", "active"), [(10, 70, 0.3), (150, 64, 0.0), (300, 500, 0.9), (33, 7, 0.5)]
)
def test_one_kernel_does_what_two_do(
    n: int, n_in: int, active: float, values: Array, exponent: int, noisy: bool, rng: np.random.Generator
) -> None:
    """Check eq:loihi-sum, eq:loihi-current, eq:loihi-membrane, eq:loihi-spike, eq:loihi-wait by blocks."""
    synapses = synapses_of(rng, values, n, n_in, exponent)
    x = (rng.random((2, 9, n_in)) < active).astype(np.int8)
    noise = drawn(rng, EDGES, (2, 9, n)) if noisy else UNSEEN
    bias, *states = states_of(rng, n)
    rule = np.array([300, 410, -64_000, 64_000, 2], np.int32)
    current = np.zeros((2, 9, n), np.int32)
    operations = synapses.bring(x, current)
    kept, expected = [s.copy() for s in states], (np.empty((2, 9, n), np.int8), np.empty((2, 9, n), np.int32))
    lost, first = run_lif(current, noise, noisy, bias, rule, *kept, *expected)

    found = np.empty((2, 9, n), np.int8), np.empty((2, 9, n), np.int32)
    _, weight, shift = synapses.slots[0]
    bounds = [0, *range(64, n, 64), weight.shape[1]]
    parts = [
        run_layer(x, weight, shift, columns, noise, noisy, bias, rule, *states, *found)
        for columns in pairwise(bounds)
    ]
    assert all(np.array_equal(a, b) for a, b in zip((*found, *states), (*expected, *kept), strict=True))
    assert {events * n for events, _, _ in parts} == {operations}
    assert sum(count for _, count, _ in parts) == lost
    assert min([place for _, _, place in parts if place >= 0], default=-1) == first


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("kind", [np.int8, np.int32])
def test_active_inputs_are_listed_in_order(n: int, kind: type, rng: np.random.Generator) -> None:
    for active in (0.0, 0.05, 0.5, 1.0):
        x = (rng.integers(-128, 128, n) * (rng.random(n) < active)).astype(kind)
        places = np.full(n + ROOM, -1, np.int32)
        count = find_active(x, places)
        assert np.array_equal(places[:count], np.flatnonzero(x))


def test_sums_beyond_sixteen_bits_are_exact() -> None:
    """Check eq:loihi-sum where a thousand strongest weights meet: sums of 16 bits are taken in time."""
    for weight in (-256, 254, -128, 127, 255):
        synapses = DenseSynapses(IntegerSynapses(np.full((40, 1000), weight), 1.0, 0, message_bits=0))
        current = np.zeros((1, 1, 40), np.int32)
        synapses.bring(np.ones((1, 1, 1000), np.int8), current)
        assert (current == 1000 * weight).all()


@pytest.mark.parametrize("width", [1, 31, 32, 33, 127, 129, 190])
@pytest.mark.parametrize("kind", [np.int8, np.int16])
def test_any_width_of_weights_will_do(width: int, kind: type, rng: np.random.Generator) -> None:
    """Check eq:loihi-sum on weights that do not fill the lanes."""
    weight = rng.integers(-128, 128, (300, width)).astype(kind)
    x = (rng.random((1, 4, 300)) < 0.7).astype(np.int8)
    current = np.zeros((1, 4, width), np.int32)
    add_dense(x, weight, 0, False, 0, current)
    assert np.array_equal(current[0], x[0].astype(np.int32) @ weight.astype(np.int32))


def test_neurons_of_one_row_are_shared_among_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bits and losses for any number of threads, and the same first loss by name."""
    drawn_network = Network.spiking("400-700-3", Stream(4))
    network = drawn_network.with_parameters({"hidden1.weight": np.ones((700, 400), np.float32)})
    x = np.ones((1, 300, 400), np.int8)
    seen, losses, said = [], [], []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
        program = chip(network)
        seen.append(program.run(x).output)
        losses.append(program.losses)
        with pytest.raises(InputError, match="'hidden1_neurons': neuron 0 leaves its bits") as caught:
            chip(network, loihi(**{"fixed_point.strict": True})).run(x)
        said.append(str(caught.value))
    assert all(np.array_equal(seen[0], each) for each in seen)
    assert losses[0] == losses[1] == losses[2]
    assert losses[0]["hidden1_neurons"] > 0
    assert said[0] == said[1] == said[2]
