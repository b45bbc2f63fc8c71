"""Emulator and torch program against snnTorch's own neurons: bits where sums are exact, spikes elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import oracles_neurons
import pytest
import snntorch
import torch
from snn_reference import RULES, Rule, image_networks, inputs, networks, neuron, run

from hwnoise import Network, Probe, Stream, substrate
from hwnoise.backends import registry
from hwnoise.backends.emulator.timed.population import Population
from hwnoise.backends.emulator.timed.stage import Moment
from hwnoise.backends.snntorch import to_network
from hwnoise.backends.snntorch.neurons import neurons_of, scan
from hwnoise.kernels.lif_corrected import lif_corrected
from hwnoise.nodes import Neuron
from hwnoise.stepping import step_of

Array = Any
STEPS = 200
SEEN = Probe(observe=frozenset({"spikes", "membranes"}))
IDEAL = substrate.load("ideal")
BACKENDS = ("emulator", "snntorch")


@pytest.fixture(params=RULES, ids=str)
def rule(request: pytest.FixtureRequest) -> Rule:
    found: Rule = request.param
    return found


def neurons_in(network: Network) -> list[str]:
    return [name for name, node in network.nodes.items() if isinstance(node, Neuron)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_hundred_networks_of_exact_sums_give_equal_bits(
    rule: Rule, backend: str, rng: np.random.Generator
) -> None:
    """Spikes, membranes and last states of 200 steps (eq:lif-reset-next, eq:lif-corrected)."""
    model, x = networks(rule, rng, exact=True), inputs(rng, STEPS)
    network = to_network(model)
    program = registry.get(backend).compile(network, IDEAL, Stream(1))
    reading, state = program.run(x, SEEN), program.state()
    spikes, membranes, last = run(model, x)
    for name, fired, seen, left in zip(neurons_in(network), spikes, membranes, last, strict=True):
        assert 0.01 < fired.mean() < 0.99
        assert np.array_equal(reading.spikes[name][0], fired)
        if rule.delay or rule.reset == "none":  # else snnTorch shows what is left of it
            assert np.array_equal(reading.membranes[name][0], seen)
        held = next(v for k, v in state.items() if k.startswith(f"neurons/{name}/v"))
        assert np.array_equal(held, left[-1])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rule", [r for r in RULES if r.kind in ("Leaky", "Synaptic", "Lapicque")], ids=str)
def test_a_hundred_networks_of_filters_and_pools_give_equal_bits(
    rule: Rule, backend: str, rng: np.random.Generator
) -> None:
    """The same for convolutions and pools: 200 steps of images (eq:patches)."""
    model = image_networks(rule, rng)
    x = (rng.random((1, STEPS, 36)) < 1 / 3).astype(np.float32)
    network = to_network(model, input_shape=(1, 6, 6))
    reading = registry.get(backend).compile(network, IDEAL, Stream(1)).run(x, SEEN)
    spikes, membranes, _ = run(model, x.reshape(1, STEPS, 1, 6, 6))
    for name, fired, seen in zip(neurons_in(network), spikes, membranes, strict=True):
        assert 0.01 < fired.mean() < 0.99
        assert np.array_equal(reading.spikes[name][0].reshape(fired.shape), fired)
        if rule.delay or rule.reset == "none":
            assert np.array_equal(reading.membranes[name][0].reshape(seen.shape), seen)


def test_firing_at_the_threshold_is_caught(rule: Rule, rng: np.random.Generator) -> None:
    """The mutant ``>=`` for ``>`` differs."""
    model, x = networks(rule, rng, exact=True), inputs(rng, STEPS)
    network = to_network(model)
    own = network.metadata.get("conventions", {})
    wrong = {name: {**own.get(name, {}), "fires_at_threshold": True} for name in neurons_in(network)}
    mutant = replace(network, metadata={**network.metadata, "conventions": wrong})
    program = registry.get("emulator").compile(mutant, IDEAL, Stream(1))
    name = neurons_in(network)[0]
    assert not np.array_equal(program.run(x, SEEN).spikes[name][0], run(model, x)[0][0])


def test_of_arbitrary_floats_only_those_at_the_threshold_may_differ(
    rule: Rule, rng: np.random.Generator
) -> None:
    """Every step starts from snnTorch's own state."""
    n = 100
    module = neuron(rule, n, 0.9, **({"R": 3.7} if rule.kind == "Lapicque" else {}))
    before, driven, spikes, membranes = stepped(rule, module, rng.normal(0.3, 0.5, (STEPS, n)))
    network = to_network([torch.nn.Linear(n, n), module])
    name = neurons_in(network)[0]
    step = step_of(network, name)
    compared = emulated(step, driven, before)
    by_torch = scan(neurons_of(name, step), *(torch.tensor(driven), tensors(before)))
    for out, seen in (compared, tuple(part.numpy() for part in by_torch[:2])):
        differ = (out[:, 0] != spikes) & (np.abs(seen[:, 0] - 1.0) >= 1e-5)
        assert not differ.any()
        assert (out[:, 0] != spikes).sum() <= 3
        if rule.delay:
            np.testing.assert_allclose(seen[:, 0], membranes, rtol=1e-5, atol=1e-5)
    assert 0.01 < spikes.mean() < 0.99


def stepped(rule: Rule, module: Any, x: Array) -> tuple[dict[str, Array], Array, Array, Array]:
    """States before each of snnTorch's steps, what drove them, spikes and membranes after: (steps, n)."""
    states: dict[str, list[Array]] = {"v": [], **({"i": []} if rule.kind == "Synaptic" else {})}
    driven, spikes, membranes = [], [], []
    module.reset_mem()
    with torch.no_grad():
        for row in torch.tensor(x, dtype=torch.float32)[:, None]:
            fed = row.clone()
            for key, name in (("v", "mem"), ("i", "syn")):
                if key in states:
                    held = getattr(module, name)
                    states[key].append(held.numpy()[0] if held.numel() else np.zeros(x.shape[1], np.float32))
            if isinstance(module, snntorch.RLeaky):
                fed = fed + module.recurrent(module.spk if module.spk.numel() else torch.zeros_like(row))
            found = module(row)
            driven.append(fed.numpy())
            spikes.append(found[0].numpy()[0])
            membranes.append(found[-1].numpy()[0])
    return (
        {k: np.stack(v) for k, v in states.items()},
        np.stack(driven),
        np.stack(spikes),
        np.stack(membranes),
    )


def emulated(step: Any, driven: Array, before: dict[str, Array]) -> tuple[Array, Array]:
    """One step of our kernels from each of the states ``before``."""
    state = {key: value.copy() for key, value in before.items()}
    outcome = Population("neurons", step).run(driven, state, Moment(0, Probe(), observes=True))
    assert outcome.membranes is not None
    return outcome.out, outcome.membranes


def tensors(arrays: dict[str, Array]) -> dict[str, torch.Tensor]:
    return {key: torch.tensor(value) for key, value in arrays.items()}


# What snnTorch 1.0.0 gives for one neuron of threshold 1 from rest: spike and membrane at six steps.
ZERO, UNDELAYED = {"reset_mechanism": "zero"}, {"reset_delay": False}
GOLDEN: dict[str, tuple[str, dict[str, Any], float, str]] = {
    "Leaky subtract": ("Leaky", {}, 0.6, "0 .6 1 1.14 0 .626 1 1.1634 0 .6471 1 1.1824"),
    "Leaky subtract undelayed": ("Leaky", UNDELAYED, 0.6, "0 .6 1 .14 0 .726 1 .2534 0 .8281 1 .3453"),
    "Leaky zero": ("Leaky", ZERO, 0.6, "0 .6 1 1.14 0 .6 1 1.14 0 .6 1 1.14"),
    "Leaky zero undelayed": ("Leaky", ZERO | UNDELAYED, 0.6, "0 .6 1 0 0 .6 1 0 0 .6 1 0"),
    "Leaky none": (
        "Leaky", {"reset_mechanism": "none"}, 0.6, "0 .6 1 1.14 1 1.626 1 2.0634 1 2.4571 1 2.8114"
    ),
    "RLeaky subtract": ("RLeaky", {}, 0.6, "0 .6 1 1.14 0 .826 1 1.3434 1 1.0091 0 .7082"),
    "RLeaky zero": ("RLeaky", ZERO, 0.6, "0 .6 1 1.14 0 0 0 .6 1 1.14 0 0"),
    "RLeaky zero undelayed": ("RLeaky", ZERO | UNDELAYED, 0.6, "0 .6 1 0 0 .8 1 0 0 .8 1 0"),
    "Synaptic subtract": ("Synaptic", {}, 0.4, "0 .4 0 .92 1 1.436 0 .8988 1 1.494 0 .9827"),
    "Synaptic zero": ("Synaptic", ZERO, 0.4, "0 .4 0 .92 1 1.436 0 0 0 .775 1 1.4075"),
    "Synaptic zero undelayed": ("Synaptic", ZERO | UNDELAYED, 0.4, "0 .4 0 .92 1 0 0 .75 1 0 0 .7875"),
    "Lapicque subtract": ("Lapicque", {}, 6.0, "0 .6322 1 1.1977 0 .7037 1 1.2617 0 .7609 1 1.3129"),
    "Lapicque zero": ("Lapicque", ZERO, 6.0, "0 .6322 1 1.1977 0 0 0 .6322 1 1.1977 0 0"),
}  # fmt: skip


def golden_neuron(kind: str, options: dict[str, Any]) -> Any:
    if kind == "Synaptic":
        return snntorch.Synaptic(0.5, 0.8, **options)
    if kind == "RLeaky":
        return snntorch.RLeaky(0.9, V=torch.tensor([0.2]), all_to_all=False, **options)
    made = {"Leaky": snntorch.Leaky, "Lapicque": snntorch.Lapicque}[kind]
    return made(beta=0.9, **options)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_traces(name: str, backend: str) -> None:
    """Six steps under a constant drive, from rest."""
    kind, options, drive, text = GOLDEN[name]
    expected = np.array(text.split(), np.float64).reshape(6, 2)
    one = torch.nn.Linear(1, 1)
    one.load_state_dict({"weight": torch.ones(1, 1), "bias": torch.zeros(1)})
    network = to_network([one, golden_neuron(kind, options)])
    program = registry.get(backend).compile(network, IDEAL, Stream(1))
    neurons, x = neurons_in(network)[0], np.full((1, 6, 1), drive, np.float32)
    assert program.run(x, SEEN).spikes[neurons][0, 0, :, 0].tolist() == expected[:, 0].tolist()
    for steps, left in enumerate(expected[:, 1], 1):
        program.run(x[:, :steps])
        held = next(v for k, v in program.state().items() if k.startswith(f"neurons/{neurons}/v"))
        assert held[0] == pytest.approx(left, abs=1e-4)


def test_the_kernel_of_the_corrected_reset_is_its_oracle(rng: np.random.Generator) -> None:
    """For neurons that differ from each other, watched or not (eq:lif-corrected)."""
    x = rng.normal(0.8, 1.2, (3, 40, 17)).astype(np.float32)
    bounds = [(0.5, 1), (0.5, 1.5), (-0.1, 0.1), (0.5, 1.5), (0.5, 1.5), (0, 0)]
    rule = np.stack([rng.uniform(a, b, 17) for a, b in bounds]).astype(np.float32)
    spikes, seen = np.empty_like(x), np.empty_like(x)
    lif_corrected(x, rule, True, np.zeros((3, 17), np.float32), spikes, seen)
    for found, expected in zip((spikes, seen), oracles_neurons.lif_corrected(x, rule), strict=True):
        assert np.array_equal(found, expected)
    unseen = np.empty_like(x)
    lif_corrected(x, rule, False, np.zeros((3, 17), np.float32), unseen, np.empty((1, 1, 1), np.float32))
    assert np.array_equal(unseen, spikes)


def test_a_membrane_that_stays_above_its_threshold_is_stuck_as_in_snntorch() -> None:
    """Without leak, an input of 2.5 thresholds fires once and for the last time (eq:lif-corrected)."""
    one = torch.nn.Linear(1, 1)
    one.load_state_dict({"weight": torch.ones(1, 1), "bias": torch.zeros(1)})
    x = np.array([2.5, 0, 0, 0], np.float32).reshape(1, 4, 1)
    for delay, fired in ((True, [1, 1, 0, 0]), (False, [1, 0, 0, 0])):
        network = to_network([one, snntorch.Leaky(1.0, reset_delay=delay)])
        for backend in BACKENDS:
            program = registry.get(backend).compile(network, IDEAL, Stream(1))
            assert program.run(x).output[0, 0, :, 0].tolist() == fired
