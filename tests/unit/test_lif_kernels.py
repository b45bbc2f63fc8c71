"""Kernels of the plain neurons equal their oracles bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles_neurons as oracles
import pytest
from numpy.typing import NDArray

from hwnoise.kernels import leaky, lif

Array = NDArray[Any]
SHAPE = (3, 40, 17)  # rows, steps, neurons: no multiple of a vector
RESETS = {"zero": lif.ZERO, "subtract": lif.SUBTRACT, "none": lif.NONE}
ORDERS = ("decay_add_use", "add_decay_use", "add_use_decay", "use_decay_add")


@pytest.fixture
def x(rng: np.random.Generator) -> Array:
    return rng.normal(0.3, 0.8, SHAPE).astype(np.float32)


@pytest.fixture
def neuron(rng: np.random.Generator) -> Array:
    """Decay, gain, offset, threshold, drop and v_reset, different in every neuron."""
    bounds = [(0.5, 1), (0.5, 1.5), (-0.1, 0.1), (0.5, 1.5), (0.5, 1.5), (-0.3, 0.3)]
    return np.stack([rng.uniform(a, b, SHAPE[2]) for a, b in bounds]).astype(np.float32)


def run(kernel: Any, x: Array, neuron: Array, reset: int) -> tuple[Array, Array]:
    v, spikes, membranes = np.zeros_like(x[:, 0]), np.empty_like(x), np.empty_like(x)
    kernel(x, neuron, reset, True, v, spikes, membranes)
    unseen, again = np.empty_like(x), np.zeros_like(v)
    kernel(x, neuron, reset, False, again, unseen, np.empty((1, 1, 1), np.float32))
    np.testing.assert_array_equal(unseen, spikes)  # watching changes nothing
    np.testing.assert_array_equal(again, v)
    return spikes, membranes


@pytest.mark.parametrize("reset", RESETS)
def test_lif(x: Array, neuron: Array, reset: str) -> None:
    """Check eq:lif-membrane and eq:lif-reset."""
    found = run(lif.lif, x, neuron, RESETS[reset])
    np.testing.assert_array_equal(found, oracles.lif(x, neuron, reset))
    assert 0 < found[0].mean() < 1


@pytest.mark.parametrize(
    ("reset", "keeps"), [("zero", False), ("zero", True), ("subtract", False), ("none", False)]
)
def test_lif_that_is_reset_a_step_later(x: Array, neuron: Array, reset: str, keeps: bool) -> None:
    """Check eq:lif-reset-next."""
    found = run(lif.lif_next, x, neuron, lif.ZERO_KEEPING if keeps else RESETS[reset])
    np.testing.assert_array_equal(found, oracles.lif_next(x, neuron, reset, keeps))


@pytest.mark.parametrize("reset", RESETS)
def test_several_spikes_a_step(x: Array, neuron: Array, reset: str) -> None:
    """Check eq:lif-several."""
    found = run(lif.lif_several, 3 * x, neuron, RESETS[reset])
    np.testing.assert_array_equal(found, oracles.lif_several(3 * x, neuron, reset))
    assert found[0].max() > 1


def test_integrator(x: Array, neuron: Array) -> None:
    """Check eq:li-membrane."""
    membranes = np.empty_like(x)
    leaky.leak(x, neuron, np.zeros_like(x[:, 0]), membranes)
    np.testing.assert_array_equal(membranes, oracles.leak(x, *neuron[:3]))


@pytest.mark.parametrize("order", ORDERS)
def test_synaptic_current(x: Array, neuron: Array, order: str) -> None:
    """Check eq:synapse-current in all orders of decay, input and use."""
    taken = np.empty_like(x)
    leaky.synapse_current(x, neuron[0], neuron[1], ORDERS.index(order), np.zeros_like(x[:, 0]), taken)
    np.testing.assert_array_equal(taken, oracles.synapse_current(x, neuron[0], neuron[1], order))


@pytest.mark.parametrize("kernel", [lif.lif, lif.lif_next, lif.lif_several])
def test_a_sequence_may_be_cut_anywhere(x: Array, neuron: Array, kernel: Any) -> None:
    whole, _ = run(kernel, x, neuron, lif.SUBTRACT)
    v, parts = np.zeros_like(x[:, 0]), []
    for part in (x[:, :7], x[:, 7:]):
        spikes = np.empty_like(part)
        kernel(
            np.ascontiguousarray(part),
            neuron,
            lif.SUBTRACT,
            False,
            v,
            spikes,
            np.empty((1, 1, 1), np.float32),
        )
        parts.append(spikes)
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


def test_exactly_at_the_threshold_no_spike() -> None:
    """A threshold is compared strictly (eq:lif-membrane): >= instead of > is noticed."""
    neuron = np.array([[1], [1], [0], [1], [1], [0]], np.float32)
    above = np.nextafter(np.float32(1), np.float32(2))
    for size, fires in ((np.float32(1), False), (above, True)):
        for kernel in (lif.lif, lif.lif_next):
            spikes, _ = run(kernel, np.full((1, 1, 1), size), neuron, lif.NONE)
            assert bool(spikes[0, 0, 0]) is fires
