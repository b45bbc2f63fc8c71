"""Files as other simulators write them run by the rules of the tool that wrote them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from timed import chain

from hwnoise import Network, Stream, nir_io
from hwnoise.convention import TOOLS, Convention, convention_of
from hwnoise.errors import InputError
from hwnoise.nodes import AdaptiveLIF, GradedLIF, Node, RefractoryLIF, TernaryLIF
from hwnoise.stepping import step_of

DT = 1e-4
ONE = np.ones(2)


def graph(**nodes: Any) -> nir.NIRGraph:
    whole = {"input": nir.Input(np.array([2])), **nodes, "output": nir.Output(np.array([2]))}
    return nir.NIRGraph(whole, list(pairwise(whole)))


def snntorch_like(beta: float = 0.9) -> nir.NIRGraph:
    tau = np.full(2, DT / (1 - beta), np.float32)
    return graph(fc=nir.Linear(np.eye(2)), lif=nir.LIF(tau, tau / np.float32(DT), 0 * ONE, ONE))


def rockpool_like(dt: float) -> nir.NIRGraph:
    tau = 0.02 * ONE
    r = tau / dt * np.exp(-dt / tau)
    lif = nir.LIF(tau, r, 0 * ONE, ONE)
    return graph(**{"0_LinearTorch": nir.Linear(np.eye(2)), "1_LIFNeuronTorch": lif})


def test_snntorch_shows_in_its_numbers() -> None:
    network = nir_io.from_nir(snntorch_like())
    assert (network.dt, network.reset) == (DT, "subtract")
    assert convention_of(network.metadata) == TOOLS["snntorch"].convention
    assert [text.split(";")[0] for text in network.assumptions] == [
        "the file does not state convention",
        "the file does not state dt",
        "the file does not state reset",
    ]


@pytest.mark.parametrize("dt", [1e-4, 1e-3, 5e-3])
def test_rockpool_shows_in_its_names_and_its_gain_holds_dt(dt: float) -> None:
    network = nir_io.from_nir(rockpool_like(dt))
    assert network.dt == pytest.approx(dt, rel=1e-5)
    assert network.metadata["convention"] == "rockpool"


def test_what_the_caller_states_stands_over_the_tool() -> None:
    network = nir_io.from_nir(snntorch_like(), dt=1e-3, reset="zero", convention="norse")
    assert (network.dt, network.reset, network.metadata["convention"]) == (1e-3, "zero", "norse")
    assert network.assumptions == ()
    own = Convention(integration="exponential")
    assert convention_of(nir_io.from_nir(snntorch_like(), convention=own).metadata) == own
    partly = nir_io.from_nir(rockpool_like(1e-3), convention="spikingjelly")
    assert (partly.dt, partly.reset) == (1e-4, "zero")
    assert len(partly.assumptions) == 2


def test_nothing_is_assumed_where_no_tool_shows() -> None:
    plain = graph(fc=nir.Linear(np.eye(2)), lif=nir.LIF(0.02 * ONE, ONE, 0 * ONE, ONE))
    network = nir_io.from_nir(plain)
    assert (network.dt, network.reset) == (None, None)
    assert network.metadata["convention"] == "nir"
    assert len(network.assumptions) == 3
    timeless = nir_io.from_nir(graph(fc=nir.Linear(np.eye(2))))
    assert timeless.assumptions == ()
    assert "convention" not in timeless.metadata


def test_what_was_assumed_is_still_said_after_saving(tmp_path: Path) -> None:
    network = nir_io.from_nir(snntorch_like())
    nir_io.write(tmp_path / "ours.nir", network)
    again = nir_io.read(tmp_path / "ours.nir")
    assert again == network
    assert again.assumptions == network.assumptions
    ours = Network.spiking("3-2", Stream(1))
    nir_io.write(tmp_path / "ours.nir", ours)
    assert nir_io.read(tmp_path / "ours.nir").assumptions == ()


def test_an_unknown_convention() -> None:
    with pytest.raises(InputError, match="one of nir, snntorch"):
        nir_io.from_nir(snntorch_like(), convention="brian")


def test_an_input_and_an_output_with_axes_of_one() -> None:
    built = snntorch_like()
    built.nodes["input"] = nir.Input(np.array([1, 2]))
    built.nodes["output"] = nir.Output(np.array([1, 1, 2]))
    network = nir_io.from_nir(built)
    assert (network.output_shapes["input"], network.output_shapes["output"]) == ((2,), (2,))
    built.nodes["input"] = nir.Input(np.array([1, 3]))
    with pytest.raises(InputError, match="3"):
        nir_io.from_nir(built)


@pytest.mark.parametrize(("tau", "dt"), [(0.01, 1e-3), (1e-5, 1e-6)])
def test_norse_states_time_constants_in_either_unit(tau: float, dt: float) -> None:
    """Norse 1.1.0 writes 10 ms at its dt of 1 ms as 1e-5, earlier ones 0.01: a step leaves 0.9."""
    built = graph(fc=nir.Linear(np.eye(2)), lif=nir.LIF(tau * ONE, ONE, 0 * ONE, ONE))
    network = nir_io.from_nir(built, convention="norse")
    assert network.dt == dt
    np.testing.assert_allclose(step_of(network, "lif").decay, 0.9, rtol=1e-6)


def test_norse_adds_inputs_to_what_does_not_leak() -> None:
    """Norse's IAF takes an input as it is; the equation of NIR has dt before it."""
    built = graph(fc=nir.Linear(np.eye(2)), neurons=nir.IF(ONE, ONE))
    gains = {
        tool: step_of(nir_io.from_nir(built, convention=tool, dt=1e-3), "neurons").gain for tool in TOOLS
    }
    assert gains["norse"].tolist() == [1, 1]
    np.testing.assert_allclose(gains["nir"], 1e-3)


@pytest.mark.parametrize(
    "node",
    [
        RefractoryLIF(0.02 * ONE, ONE, 0 * ONE, ONE, 0.005 * ONE),
        AdaptiveLIF(0.02 * ONE, ONE, 0 * ONE, ONE, 0.1 * ONE, 0.2 * ONE),
        TernaryLIF(0.02 * ONE, ONE, 0 * ONE, ONE, -ONE),
        GradedLIF(0.02 * ONE, ONE, 0 * ONE, ONE),
    ],
    ids=lambda node: node.kind,
)
def test_neurons_of_our_own_come_back_and_others_stop_at_them(node: Node, tmp_path: Path) -> None:
    network = chain({"neuron": node})
    nir_io.write(tmp_path / "own.nir", network)
    assert nir_io.read(tmp_path / "own.nir") == network
    with pytest.raises(Exception, match=f"hwnoise.{node.kind}"):
        nir.read(tmp_path / "own.nir")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RefractoryLIF(ONE, ONE, ONE, ONE, -ONE), "RefractoryLIF.refractory must be >= 0 s"),
        (lambda: TernaryLIF(ONE, ONE, ONE, ONE, 2 * ONE), "v_low must not be above v_threshold"),
        (lambda: AdaptiveLIF(ONE, ONE, ONE, ONE, 0 * ONE, ONE), "tau_adaptation must be > 0 s"),
    ],
)
def test_neurons_that_cannot_be(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
