"""A graph of stock Lava processes, run by Lava: spikes and membranes of every step, bit for bit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle_loihi_network import simulate

from hwnoise.backends.lava import runner
from hwnoise.backends.lava.plan import NEVER
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses

Array = NDArray[Any]
RNG = np.random.default_rng(20260101)


def synapses(n_out: int, n_in: int, **options: Any) -> IntegerSynapses:
    weight = 2 * RNG.integers(-40, 41, (n_out, n_in))
    return IntegerSynapses(weight.astype(np.int32), 1.0, **options)


def neurons(n: int, vth: int = 300, **options: Any) -> IntegerNeurons:
    bias = RNG.integers(-60, 60, n).astype(np.int32)
    return IntegerNeurons((n,), 900, 250, vth, 1.0, bias_mant=bias, bias_exp=3, **options)


def chain(*nodes: IntegerSynapses | IntegerNeurons) -> IntegerNetwork:
    names = [f"{type(node).__name__}{i}" for i, node in enumerate(nodes)]
    path = ["input", *names, "output"]
    edges = tuple(pairwise(path))
    return IntegerNetwork(dict(zip(names, nodes, strict=True)), edges)


def deep() -> IntegerNetwork:
    integrator = IntegerNeurons((3,), 4095, 100, 131_072, 1.0, kind="li")
    return chain(
        synapses(20, 12), neurons(20), synapses(9, 20, exponent=-1), neurons(9), synapses(3, 9), integrator
    )


def sparse() -> IntegerNetwork:
    first = synapses(16, 12)
    first.weight[RNG.random(first.weight.shape) < 0.9] = 0
    return chain(first, neurons(16, 60), synapses(4, 16), neurons(4))


def delayed() -> IntegerNetwork:
    delay = RNG.integers(0, 5, (8, 12)).astype(np.int32)
    return chain(synapses(8, 12, delay=delay, exponent=-2), neurons(8, 100), synapses(4, 8), neurons(4))


def recurrent() -> IntegerNetwork:
    nodes = {"in": synapses(10, 12), "loop": synapses(10, 10), "cells": neurons(10)}
    edges = (("input", "in"), ("in", "cells"), ("cells", "loop"), ("loop", "cells"), ("cells", "output"))
    return IntegerNetwork(nodes, edges)


def feedback() -> IntegerNetwork:
    """Two populations, the second of which also feeds the first: that takes two steps."""
    nodes: dict[str, Any] = {
        "in": synapses(10, 12),
        "a": neurons(10),
        "up": synapses(6, 10),
        "b": neurons(6, 200),
    }
    nodes["down"] = synapses(10, 6)
    edges = (("input", "in"), ("in", "a"), ("a", "up"), ("up", "b"), ("b", "down"), ("down", "a"))
    return IntegerNetwork(nodes, (*edges, ("b", "output")))


def ternary() -> IntegerNetwork:
    cells = neurons(8, 200, kind="ternary", vth_low=-150)
    return chain(synapses(8, 12), cells, synapses(4, 8, message_bits=2), neurons(4))


def graded() -> IntegerNetwork:
    """Payloads into payloads, into plain neurons, and out of them."""
    sizes = ((8, 60), (6, 900), (4, NEVER))  # 2**17 is a threshold like others
    first, second, last = (IntegerNeurons((n,), 4095, 4096, vth, 1.0, kind="graded") for n, vth in sizes)
    return chain(
        synapses(8, 12), first, synapses(6, 8, message_bits=24, exponent=-2), second,
        synapses(5, 6, message_bits=24, exponent=-5), neurons(5), synapses(4, 5, exponent=7), last,
    )  # fmt: skip


def convolutional() -> IntegerNetwork:
    geometry = {"kind": "conv", "input_shape": (2, 5, 6), "stride": (1, 2), "padding": (1, 0), "groups": 2}
    filters = 2 * RNG.integers(-40, 41, (4, 1, 3, 2)).astype(np.int32)
    image = IntegerNeurons((4, 5, 3), 1500, 300, 150, 1.0, bias_mant=RNG.integers(-9, 9, 60).astype(np.int32))
    return chain(IntegerSynapses(filters, 1.0, geometry=geometry), image, synapses(5, 60), neurons(5))


@pytest.mark.parametrize("make", [deep, sparse, delayed, recurrent, feedback, ternary, graded, convolutional])
def test_lava_equals_the_oracle_at_every_step(make: Any) -> None:
    network = make()
    n_in = 60 if make is convolutional else 12
    x = (RNG.random((2, 9, n_in)) < 0.4).astype(np.int64)
    recording = runner.run(network, x)
    shaped = x.reshape(2, 9, 2, 5, 6) if make is convolutional else x
    spikes, membranes = simulate(network, shaped)
    for name, expected in membranes.items():
        np.testing.assert_array_equal(recording.spikes[name], spikes[name], err_msg=name)
        np.testing.assert_array_equal(recording.membranes[name], expected, err_msg=name)
    first = next(iter(spikes.values()))
    assert 0.02 < np.mean(first != 0) < 0.98  # neither silent nor stuck


def test_graded_input_keeps_its_payload() -> None:
    network = chain(synapses(8, 12, message_bits=8, exponent=-3), neurons(8))
    x = RNG.integers(-128, 128, (2, 9, 12))
    recording = runner.run(network, x)
    np.testing.assert_array_equal(
        recording.membranes["IntegerNeurons1"], simulate(network, x)[1]["IntegerNeurons1"]
    )
