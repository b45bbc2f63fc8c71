"""What a simulator makes of a neuron: numbers of a step, conventions of tools, published traces."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from timed import DT, chain, on_chip, watched

from hwnoise.convention import TOOLS, Convention, convention_of, tool
from hwnoise.errors import InputError
from hwnoise.nodes import IF, LI, LIF, AdaptiveLIF, CubaLIF, Delay, Node, RefractoryLIF
from hwnoise.stepping import delay_steps, step_of

Array = NDArray[Any]
TAU = 10 * DT


def lif(beta: float = 0.9, r: float | None = None, threshold: float = 1.0) -> LIF:
    tau = DT / (1 - beta)
    return LIF(np.array([tau]), np.array([tau / DT if r is None else r]), np.zeros(1), np.array([threshold]))


def trace(node: Node, drive: float, steps: int, reset: str | None, **convention: Any) -> tuple[Array, Array]:
    """Spikes and compared membranes (steps,) of one neuron that is driven alike at every step."""
    network = chain({"neuron": node}, reset=reset, convention=convention)
    reading = watched(network, np.full((1, steps, 1), drive, np.float32))
    return reading.spikes["neuron"].ravel(), reading.membranes["neuron"].ravel()


def test_euler() -> None:
    """Check eq:step-euler: decay 1 - dt/tau, gain r dt/tau, leak towards v_leak."""
    node = LIF(np.array([TAU]), np.array([3.0]), np.array([0.5]), np.array([1.0]))
    step = step_of(chain({"n": node}), "n")
    np.testing.assert_allclose([step.decay[0], step.gain[0], step.offset[0]], [0.9, 0.3, 0.05], rtol=1e-6)


def test_exponential() -> None:
    """Check eq:step-exponential: decay exp(-dt/tau); the gain follows the decay, or is r."""
    kept = math.exp(-0.1)
    node = LIF(np.array([TAU]), np.array([3.0]), np.array([0.5]), np.array([1.0]))
    for gain, expected in (("physical", 3 * (1 - kept)), ("unit", 3.0)):
        step = step_of(chain({"n": node}, convention={"integration": "exponential", "gain": gain}), "n")
        np.testing.assert_allclose(
            [step.decay[0], step.gain[0], step.offset[0]], [kept, expected, 0.5 * (1 - kept)], rtol=1e-6
        )


def test_neurons_without_leak_integrate_over_dt() -> None:
    """Check eq:step-euler for IF: v' = r I."""
    step = step_of(chain({"n": IF(np.array([3.0]), np.array([1.0]))}), "n")
    np.testing.assert_allclose([step.decay[0], step.gain[0]], [1, 3 * DT], rtol=1e-6)


def test_a_gain_that_was_meant_to_be_1_is_1() -> None:
    for beta in np.linspace(0.7, 0.999, 50, dtype=np.float32):
        tau = np.float32(1e-4 / (1 - beta))
        node = LIF(np.array([tau]), np.array([np.float32(tau / 1e-4)]), np.zeros(1), np.ones(1))
        step = step_of(replace(chain({"n": node}), dt=1e-4), "n")
        assert step.gain[0] == 1
        assert step.decay[0] == beta


# Pairs (spike, membrane) of snnTorch 1.0.0 for a constant drive, threshold 1, from 0.
LEAKY = [
    ("subtract", "next", False, "0.6 1.14! 0.626 1.1634! 0.6471 1.1824!"),
    ("zero", "next", True, "0.6 1.14! 0.6 1.14! 0.6 1.14!"),
    ("none", "next", False, "0.6 1.14! 1.626! 2.0634! 2.4571! 2.8114!"),
    ("subtract", "same", False, "0.6 1.14! 0.726 1.2534! 0.8281 1.3453!"),
    ("zero", "same", False, "0.6 1.14! 0.6 1.14! 0.6 1.14!"),
]


def parsed(text: str) -> tuple[list[bool], list[float]]:
    return [word.endswith("!") for word in text.split()], [float(word.rstrip("!")) for word in text.split()]


@pytest.mark.parametrize(("reset", "timing", "keeps", "text"), LEAKY)
def test_golden_leaky(reset: str, timing: str, keeps: bool, text: str) -> None:
    """Check eq:lif-reset and eq:lif-reset-next against snnTorch's Leaky: beta .9, input .6."""
    found, membranes = trace(lif(), 0.6, 6, reset, reset_timing=timing, keeps_input=keeps)
    fired, expected = parsed(text)
    np.testing.assert_array_equal(found, fired)
    np.testing.assert_allclose(membranes, expected, atol=6e-5)


@pytest.mark.parametrize(
    ("reset", "text"),
    [
        ("subtract", "0.4 0.92 1.436! 0.8988 1.494! 0.9827"),
        ("zero", "0.4 0.92 1.436! 0 0.775 1.4075!"),
    ],
)
def test_golden_synaptic(reset: str, text: str) -> None:
    """Check eq:synapse-current against snnTorch's Synaptic: alpha .5, beta .8, input .4."""
    tau_syn, tau_mem = np.array([2 * DT]), np.array([5 * DT])
    node = CubaLIF(tau_syn, tau_mem, np.array([5.0]), np.zeros(1), np.ones(1), np.zeros(1), np.array([2.0]))
    found, membranes = trace(node, 0.4, 6, reset, **tool("snntorch").convention.as_metadata())
    fired, expected = parsed(text)
    np.testing.assert_array_equal(found, fired)
    np.testing.assert_allclose(membranes, expected, atol=6e-5)


@pytest.mark.parametrize(
    ("reset", "text"),
    [
        ("subtract", "0.6322 1.1977! 0.7037 1.2617! 0.7609 1.3129!"),
        ("zero", "0.6322 1.1977! 0 0.6322 1.1977! 0"),
    ],
)
def test_golden_lapicque(reset: str, text: str) -> None:
    """Check eq:lif-reset-next against snnTorch's Lapicque: beta .9, input 6."""
    rate = math.log(1 / 0.9)  # dt / tau
    node = LIF(np.array([DT / rate]), np.ones(1), np.zeros(1), np.ones(1))
    found, membranes = trace(node, 6, 6, reset, reset_timing="next")
    fired, expected = parsed(text)
    np.testing.assert_array_equal(found, fired)
    np.testing.assert_allclose(membranes, expected, atol=6e-5)


def test_published_spike_times() -> None:
    """Check eq:step-euler on the one-neuron example of the NIR paper: tau 2.5 ms, threshold .1, dt .1 ms."""
    node = LIF(np.array([2.5e-3]), np.ones(1), np.zeros(1), np.array([0.1]))
    network = replace(chain({"n": node}), dt=1e-4)
    step = step_of(network, "n")
    assert step.gain[0] == pytest.approx(0.04)
    program = on_chip(network)
    found = program.run(np.ones((1, 10, 1), np.float32)).output.ravel()
    assert list(np.flatnonzero(found)) == [2, 5, 8]  # 1 - .96**3 > .1


def test_firing_at_the_threshold_is_a_convention() -> None:
    node = LIF(np.array([DT]), np.ones(1), np.zeros(1), np.ones(1))  # the membrane is the input
    assert not trace(node, 1.0, 1, "zero")[0][0]
    assert trace(node, 1.0, 1, "zero", fires_at_threshold=True)[0][0]


def test_refractory_and_adaptation_in_steps() -> None:
    node = RefractoryLIF(np.array([DT]), np.ones(1), np.zeros(1), np.array([0.5]), np.array([3 * DT]))
    assert list(trace(node, 1.0, 8, "zero")[0]) == [1, 0, 0, 0, 1, 0, 0, 0]
    slow = AdaptiveLIF(
        np.array([DT]), np.ones(1), np.zeros(1), np.array([0.5]), np.array([1.0]), np.array([0.3])
    )
    assert list(trace(slow, 1.0, 5, "zero")[0]) == [1, 1, 0, 0, 0]


def test_delays_in_steps() -> None:
    """Check eq:delay: whole steps, at least one for any positive delay."""
    assert list(delay_steps(Delay(np.array([0, 1e-5, 1.4e-3, 2.6e-3])), DT)) == [0, 1, 1, 3]


def test_conventions_travel_as_metadata() -> None:
    for name, known in TOOLS.items():
        assert convention_of({"convention": name}) == known.convention
        assert convention_of({"convention": known.convention.as_metadata()}) == known.convention
    single = {"convention": "snntorch", "conventions": {"a": {"reset": "none", "keeps_input": False}}}
    assert convention_of(single, "b").keeps_input
    assert convention_of(single, "a").reset == "none"
    assert convention_of({}) == Convention()


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"convention": "brian"}, "one of nir, snntorch"),
        ({"convention": 3}, "a name or a mapping"),
        ({"convention": {"order": 1}}, "no field 'order'"),
        ({"convention": {"gain": "big"}}, "one of physical, unit"),
        ({"convention": {"keeps_input": 1}}, "one of True, False"),
        ({"conventions": {"a": 3}}, "map nodes to fields"),
        ({"conventions": 3}, "map nodes to fields"),
    ],
)
def test_bad_conventions(metadata: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        convention_of(metadata, "a")


def test_what_is_not_stated_is_asked_for() -> None:
    with pytest.raises(InputError, match="'n' needs the network's time step dt"):
        step_of(replace(chain({"n": lif()}), dt=None), "n")
    with pytest.raises(InputError, match="'n' spikes, and the network does not state reset"):
        step_of(chain({"n": lif()}, reset=None), "n")
    integrator = chain({"n": LI(np.array([TAU]), np.ones(1), np.zeros(1))}, reset=None)
    assert step_of(integrator, "n").threshold is None


def test_a_step_longer_than_the_time_constant() -> None:
    with pytest.raises(InputError, match="node 'n': dt = 0\\.02 s is longer"):
        step_of(replace(chain({"n": lif()}), dt=2e-2), "n")


def test_neurons_of_our_own_are_reset_in_their_step() -> None:
    node = RefractoryLIF(np.array([TAU]), np.ones(1), np.zeros(1), np.ones(1), np.array([DT]))
    with pytest.raises(InputError, match="reset in their own step"):
        on_chip(chain({"n": node}, convention="snntorch"))
    several = chain({"n": lif(threshold=-1.0)}, convention="rockpool")
    with pytest.raises(InputError, match="thresholds > 0"):
        on_chip(several)
