"""The torch program is the emulator's chip, with derivatives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import snn_reference
import torch
from gradient_chip import one_step
from tiny import ALL, EXACT, PCM, WHITE, Array, assert_same_bits, batch, kind

from hwnoise import Network, Probe, Program, Stream, learners, losses, optimizers, substrate
from hwnoise.backends import registry
from hwnoise.backends.base import LocalRule, SecondDerivatives
from hwnoise.backends.emulator import backend as emulator
from hwnoise.backends.snntorch import backend, to_network
from hwnoise.backends.snntorch.leaves import without_derivatives
from hwnoise.errors import InputError, MismatchError
from hwnoise.learners.yardsticks import YARDSTICKS
from hwnoise.nodes import AdaptiveLIF
from hwnoise.substrate import Substrate

torch.set_num_threads(1)
DERIVATIVES = frozenset({"derivatives"})
STATIC = Network.mlp("6-5-3", Stream(3, "network"), "tanh")
TIMED = Network.spiking("6-5-3", Stream(3, "network"))


def spikes(samples: int, steps: int = 9) -> Array:
    drawn = Stream(5, "spikes").generator().random((samples, steps, 6))
    return (drawn < 0.5).astype(np.float32)


def inputs(network: Network, samples: int = 40) -> Array:
    return spikes(samples) if network.is_timed else batch(samples)


@pytest.mark.parametrize("network", [STATIC, TIMED], ids=["static", "timed"])
@pytest.mark.parametrize("on", ALL.values(), ids=list(ALL))
def test_it_gives_what_the_emulator_gives(network: Network, on: Substrate) -> None:
    """Bit for bit, pass after pass."""
    ours, theirs = backend.compile(network, on, Stream(1)), emulator.compile(network, on, Stream(1))
    assert isinstance(ours, Program)
    assert ours.capabilities.gradient
    for probe in (Probe(), Probe(passes=2, observe=frozenset({"nodes"})), Probe(passes=2, order="batch")):
        found, expected = (p.run(inputs(network), probe) for p in (ours, theirs))
        assert np.array_equal(found.output, expected.output)
        assert np.array_equal(found.ticks, expected.ticks)
        assert found.events == expected.events
        assert_same_bits(dict(found.nodes), dict(expected.nodes))
    assert_same_bits(ours.state(), theirs.state())


def test_a_run_that_moves_between_backends_learns_the_same_bits() -> None:
    """Half of the steps here, half there, against all of them on the emulator."""
    ends = []
    for second in (emulator, backend):
        program, learner = emulator.compile(STATIC, PCM, Stream(1)), learners.make("anp")
        optimizer = optimizers.make("adam", learning_rate=0.01)
        for step in range(6):
            if step == 3:
                program, held = second.compile(STATIC, PCM, Stream(2)), program.state()
                program.restore(held)
            seen = one_step(program, learner, batch(20), np.arange(20) % 3, losses.cross_entropy, step)
            program.write(optimizer.update(seen, step, 6))
        ends.append(program.state())
    assert_same_bits(*ends)


@pytest.mark.parametrize("network", [STATIC, TIMED], ids=["static", "timed"])
def test_a_run_moves_from_one_backend_to_the_other(network: Network) -> None:
    ours, theirs = backend.compile(network, PCM, Stream(1)), emulator.compile(network, PCM, Stream(2))
    ours.run(inputs(network), Probe(reset=False))
    ours.write({name: np.full_like(a, 0.1) for name, a in network.parameters().items()})
    ours.advance(1e-3)
    theirs.restore(ours.state())
    assert_same_bits(theirs.state(), ours.state())
    other = emulator.compile(network, PCM, Stream(1))
    other.restore(ours.state())
    found, expected = ours.run(inputs(network)), other.run(inputs(network))
    assert np.array_equal(found.output, expected.output)


def test_the_number_of_threads_makes_no_difference() -> None:
    outputs = []
    for threads in (2, 1):
        torch.set_num_threads(threads)
        outputs.append(backend.compile(STATIC, PCM, Stream(1)).run(batch(100)).output.tobytes())
        assert torch.get_num_threads() == threads
    assert outputs[0] == outputs[1]


def test_local_rules_and_read_backs_work_as_on_the_emulator() -> None:
    probes = (
        Probe(passes=2, local=LocalRule()),
        Probe(passes=2, order="batch", observe=frozenset({"weights"})),
    )
    for probe in probes:
        found, expected = (
            b.compile(TIMED, PCM, Stream(1)).run(spikes(8), probe) for b in (backend, emulator)
        )
        assert_same_bits(dict(found.weights), dict(expected.weights))
        for name, traces in expected.eligibility.items():
            credit = np.ones((1, 8), np.float32)
            assert np.array_equal(found.eligibility[name].correlate(credit), traces.correlate(credit))


# Derivatives


def linked(network: Network, on: Substrate = EXACT, passes: int = 2, samples: int = 7) -> Any:
    program = backend.compile(network, on, Stream(1))
    return program.run(inputs(network, samples), Probe(passes=passes, observe=DERIVATIVES))


def drawn(like: dict[str, Array], seed: int) -> dict[str, Array]:
    rng = Stream(seed, "direction").generator()
    return {name: rng.normal(size=a.shape).astype(np.float32) for name, a in like.items()}


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "identity"])
@pytest.mark.parametrize("readout", ["softmax", "identity"])
def test_derivatives_are_those_of_the_network(activation: str, readout: str) -> None:
    """First and second ones against central differences of the network itself."""
    network = Network.mlp("6-5-3", Stream(3, "network"), activation, readout)
    reading, h = linked(network), 1e-2
    derivatives = reading.derivatives
    assert isinstance(derivatives, SecondDerivatives)
    values, direction = network.parameters(), drawn(network.parameters(), 1)
    error = Stream(2, "error").generator().normal(size=reading.output.shape).astype(np.float32)
    ahead, behind = (
        linked(network.with_parameters({k: v + s * h * direction[k] for k, v in values.items()}))
        for s in (1, -1)
    )
    slope = derivatives.forward(direction)
    np.testing.assert_allclose(
        (ahead.output - behind.output) / (2 * h), slope, atol=2e-2 * np.abs(slope).max()
    )
    gradient = derivatives.backward(error)
    along = sum(float((gradient[k] * direction[k]).sum()) for k in gradient)
    assert along == pytest.approx(float((error * slope).sum()), rel=1e-4)
    change = derivatives.backward_change(error, direction)
    for name, expected in change.items():
        measured = (ahead.derivatives.backward(error)[name] - behind.derivatives.backward(error)[name]) / (
            2 * h
        )
        np.testing.assert_allclose(measured, expected, atol=2e-2 * max(np.abs(expected).max(), 0.1))


@pytest.mark.parametrize("name", ["pcm", "smtj", "reram_es", "photonic_mesh", "wan"])
@pytest.mark.parametrize("network", [STATIC, TIMED], ids=["static", "timed"])
def test_backward_and_forward_are_transposes_of_each_other(network: Network, name: str) -> None:
    """On chips with all their physics, through time as well."""
    reading = linked(network, substrate.load(name))
    error = Stream(2, "error").generator().normal(size=reading.output.shape).astype(np.float32)
    gradient, direction = reading.derivatives.backward(error), drawn(network.parameters(), 1)
    pushed = float((reading.derivatives.forward(direction) * error).sum(dtype=np.float64))
    pulled = sum(float((gradient[k] * direction[k]).sum(dtype=np.float64)) for k in gradient)
    assert pulled == pytest.approx(pushed, rel=1e-3)
    assert pushed != 0


def test_the_derivative_through_time_of_an_integrator_is_exact() -> None:
    """A leaky integrator alone is linear: its membrane is the sum of faded inputs."""
    network = Network.spiking("4-2", Stream(3, "network"), tau=4e-3, dt=1e-3)
    x = Stream(5, "x").generator().normal(size=(3, 6, 4)).astype(np.float32)
    program = backend.compile(network, EXACT, Stream(1))
    reading = program.run(x, Probe(observe=DERIVATIVES))
    error = np.zeros_like(reading.output)
    error[:, :, -1] = 1
    faded = (0.75 ** np.arange(5, -1, -1))[:, None]
    expected = np.repeat((x * faded).sum(axis=(0, 1))[None], 2, axis=0)
    np.testing.assert_allclose(reading.derivatives.backward(error)["readout.weight"], expected, rtol=1e-5)


def test_derivatives_take_the_weights_that_the_devices_hold() -> None:
    """Not those that were meant: programming noise is part of the slope."""
    uneven = kind(conductance={}, programming_noise={"sigma": {"shape": "polynomial", "coefficients": [2.0]}})
    network = Network.mlp("6-5-3", Stream(3), "identity", "identity")
    program = backend.compile(network, uneven, Stream(1))
    reading = program.run(batch(1), Probe(observe=DERIVATIVES))
    held = program.diagnostics()["readout.weight"]
    assert np.abs(held - network.parameters()["readout.weight"]).max() > 0.01
    for unit in range(5):
        slope = reading.derivatives.forward({"hidden1.bias": np.eye(5, dtype=np.float32)[unit]})
        np.testing.assert_allclose(slope[0, 0], held[:, unit], rtol=1e-5)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_a_convolutional_network_is_differentiated_as_torch_does(groups: int) -> None:
    """Every sample is one step; filters are read at every place (eq:patches)."""
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1, stride=2), torch.nn.Tanh(), torch.nn.AvgPool2d(2),
        torch.nn.Conv2d(4, 4, (1, 2), groups=groups), torch.nn.Flatten(), torch.nn.Linear(8, 3),
        torch.nn.Softmax(-1),
    )  # fmt: skip
    network, x = to_network(model, input_shape=(1, 8, 8)), batch(5, 64)
    for on in (EXACT, PCM):
        probe = Probe(passes=2, observe=frozenset({"nodes"}))
        found, expected = (b.compile(network, on, Stream(1)).run(x, probe) for b in (backend, emulator))
        np.testing.assert_allclose(found.output, expected.output, atol=2e-6)
        assert_same_bits(dict(found.nodes), dict(expected.nodes))
    reading = backend.compile(network, EXACT, Stream(1)).run(x, Probe(observe=DERIVATIVES))
    error = Stream(2, "error").generator().normal(size=reading.output.shape).astype(np.float32)
    (model(torch.tensor(x).reshape(5, 1, 8, 8)) * torch.tensor(error[0])).sum().backward()
    gradient = reading.derivatives.backward(error)
    for values, parameter in zip(gradient.values(), model.parameters(), strict=True):
        np.testing.assert_allclose(values, parameter.grad.numpy(), atol=1e-6)


@pytest.mark.parametrize("name", ["anp", "np", *(rule.name for rule in YARDSTICKS if rule.name != "dfa")])
def test_every_learner_trains_convolutions(name: str) -> None:
    """Updates fit the filters; what the chip did is counted as the emulator counts it."""
    network, x = Network.cnn("1x6x6-c2k3s2-3", Stream(1)), batch(8, 36)
    program, learner = backend.compile(network, PCM, Stream(1)), learners.make(name)
    learner.bind(network, program.capabilities)
    program.write(one_step(program, learner, x, np.arange(8) % 3, losses.cross_entropy))
    theirs = emulator.compile(network, PCM, Stream(1))
    theirs.run(x, without_derivatives(learner.ask(1, 8)))
    assert {k: v for k, v in program.events.items() if not k.startswith("device_")} == theirs.events


def test_beyond_the_full_scale_of_a_converter_there_is_no_derivative() -> None:
    narrow = kind(adc={"bits": 8, "range": 0.01})
    program = backend.compile(Network.mlp("6-3", Stream(3), readout="identity"), narrow, Stream(1))
    reading = program.run(batch(4), Probe(observe=DERIVATIVES))
    gradient = reading.derivatives.backward(np.ones_like(reading.output))
    assert np.abs(gradient["readout.weight"]).max() < 5  # few of the outputs are within it
    assert (gradient["readout.weight"] == 0).any()
    assert gradient["readout.bias"].tolist() == [4, 4, 4]


def test_a_loop_has_derivatives_through_every_turn() -> None:
    """Against the same loop, unrolled by hand in torch."""
    rng = np.random.default_rng(3)
    model = snn_reference.networks(snn_reference.Rule("RLeaky", "subtract"), rng, exact=True)
    program = backend.compile(to_network(model), EXACT, Stream(1))
    x = snn_reference.inputs(rng, 6)
    reading = program.run(x, Probe(observe=DERIVATIVES))
    error = np.ones_like(reading.output)
    found = reading.derivatives.backward(error)
    for module in model:
        if hasattr(module, "reset_mem"):
            module.reset_mem()
    total = sum(model(now)[0].sum() for now in torch.tensor(x).unbind(1))
    total.backward()
    names = {"linear1": model[0], "rleaky2_recurrent": model[1].recurrent, "linear3": model[2]}
    for name, module in names.items():
        scale = float(module.weight.grad.abs().max())
        np.testing.assert_allclose(found[f"{name}.weight"], module.weight.grad.numpy(), atol=1e-4 * scale)


# Refusals


@pytest.mark.parametrize(
    ("error", "options", "words"),
    [
        (InputError, {"torch_device": "cuda:99"}, "torch_device 'cuda:99' cannot be used"),
        (InputError, {"torch_device": "tpu-pod"}, "torch_device 'tpu-pod' cannot be used"),
        (InputError, {"torch_device": "meta"}, "torch_device 'meta' cannot be used"),
        (InputError, {"headroom": 0.5}, "headroom must be from 1 to 100"),
    ],
)
def test_what_cannot_be_compiled_is_refused(
    error: type[Exception], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        backend.compile(STATIC, WHITE, Stream(1), **options)
    assert "\n" not in str(caught.value)


def test_whole_numbers_and_special_neurons_are_left_to_the_emulator() -> None:
    with pytest.raises(MismatchError, match="whole numbers"):
        backend.compile(TIMED, substrate.load("loihi2"), Stream(1))
    several = TIMED.nodes["hidden1_neurons"]
    given = {name: getattr(several, name) for name in ("tau", "r", "v_leak", "v_threshold")}
    adaptive = AdaptiveLIF(**given, tau_adaptation=10 * several.tau, adaptation=0.1 + 0 * several.tau)
    network = replace(TIMED, nodes={**TIMED.nodes, "hidden1_neurons": adaptive})
    with pytest.raises(MismatchError, match="adapts its threshold"):
        backend.compile(network, EXACT, Stream(1))


@pytest.mark.parametrize(
    ("network", "probe", "words"),
    [
        (STATIC, Probe(order="batch", observe=frozenset({"weights", "derivatives"})), "in another probe"),
        (TIMED, Probe(reset=False, observe=DERIVATIVES), "reset it"),
        (STATIC, Probe(passes=2, local=LocalRule()), "a local rule sums up over time"),
    ],
)
def test_probes_that_it_cannot_answer(network: Network, probe: Probe, words: str) -> None:
    with pytest.raises(MismatchError, match=words):
        backend.compile(network, EXACT, Stream(1)).run(inputs(network), probe)


def test_an_error_of_another_shape_is_refused() -> None:
    reading = linked(STATIC)
    with pytest.raises(InputError, match="does not fit outputs"):
        reading.derivatives.backward(np.zeros((1, 1, 1), np.float32))
    with pytest.raises(InputError, match="no parameter"):
        reading.derivatives.forward({"hidden9.weight": np.zeros((5, 6), np.float32)})


def test_without_torch_the_command_that_adds_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda package: None)
    with pytest.raises(InputError, match=r"needs torch and snntorch: pip install .*hwnoise\[snntorch\]"):
        registry.get("snntorch")
    row = next(row for row in registry.describe() if row["name"] == "snntorch")
    assert (row["available"], row["install"]) == (False, 'pip install "hwnoise[snntorch]"')
