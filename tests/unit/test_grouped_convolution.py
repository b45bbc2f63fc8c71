"""Convolutions in groups: each on arrays of its own, and one weight to whoever learns."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from timed import DT, spikes
from tiny import EXACT, KNOWN, PCM, TELEGRAPH, WHITE_PAIRS, assert_same_bits, kind

from hwnoise import Network, Stream, chips, learners, nir_io, optimizers, substrate, tasks, training
from hwnoise.backends.base import LocalRule, Probe
from hwnoise.backends.emulator import backend
from hwnoise.backends.emulator.grouped_layer import GroupedLayer
from hwnoise.backends.emulator.layer import Layer
from hwnoise.chips.measured import conductances
from hwnoise.learners.outer import Outer
from hwnoise.network import DenseLayer
from hwnoise.nodes import LIF, Affine, Conv1d, Conv2d, Flatten, Input, Node, Output, Relu, Softmax
from hwnoise.oracle import forward
from hwnoise.testing import assert_gaussian_std, assert_rejects, assert_uncorrelated, draws_for_sigma

Array = NDArray[Any]
NODES = Probe(passes=2, observe=frozenset({"nodes"}))
CHIP = Stream(1, "chip")
RNG = Stream(9, "weights").generator()
WEIGHT = RNG.normal(size=(6, 2, 3, 2)).astype(np.float32)  # six filters, two channels each
BIAS = RNG.normal(size=6).astype(np.float32)
PAIRS_OF_THREE = Conv2d(WEIGHT, BIAS, groups=2, padding=1)
EACH_CHANNEL = Conv2d(WEIGHT[:4, :1], BIAS[:4], groups=4, stride=2)
LINE = Conv1d(WEIGHT[:, :, 0], BIAS, groups=2, dilation=2)


def chain(nodes: dict[str, Node]) -> Network:
    """The nodes one after the other."""
    is_timed = any(isinstance(node, LIF) for node in nodes.values())
    return Network(nodes, tuple(pairwise(nodes)), DT if is_timed else None, "zero" if is_timed else None)


def alone(node: Conv1d | Conv2d, *shape: int, name: str = "conv", timed: bool = False) -> Network:
    """The convolution, and a relu or neurons behind it."""
    maps = node.output_shape(shape)
    tau = np.full(maps, 5 * DT)
    behind = LIF(tau, tau / DT, np.zeros(maps), np.ones(maps)) if timed else Relu(maps)
    return chain({"input": Input(shape), name: node, "behind": behind, "output": Output(maps)})


def on_chip(network: Network, on: Any = EXACT, stream: Stream = CHIP) -> Any:
    return backend.compile(network, on, stream)


def with_zeros(node: Conv1d | Conv2d) -> Any:
    """The same filters in one group: zeros for the channels that they do not see."""
    weight, per_group = node.weight, node.weight.shape[1]
    wide = np.zeros((len(weight), per_group * node.groups, *weight.shape[2:]), np.float32)
    for c, own in enumerate(weight):
        first = c * node.groups // len(weight) * per_group
        wide[c, first : first + per_group] = own
    return type(node)(wide, node.bias, node.stride, node.padding, node.dilation)


@pytest.mark.parametrize(
    ("node", "shape"),
    [(PAIRS_OF_THREE, (4, 6, 5)), (EACH_CHANNEL, (4, 6, 5)), (LINE, (4, 9))],
    ids=["groups", "depthwise", "line"],
)
@pytest.mark.parametrize("timed", [False, True], ids=["images", "spikes"])
def test_zeros_beside_the_groups_change_nothing(node: Any, shape: tuple[int, ...], timed: bool) -> None:
    """Check eq:patches on an ideal chip."""
    n_in = math.prod(shape)
    x = spikes(3, 4, n_in) if timed else RNG.normal(size=(3, n_in)).astype(np.float32)
    probe = Probe(2, observe=NODES.observe | {"membranes"}, local=LocalRule()) if timed else NODES
    network, one = alone(node, *shape, timed=timed), alone(with_zeros(node), *shape, timed=timed)
    found, expected = on_chip(network).run(x, probe), on_chip(one).run(x, probe)
    np.testing.assert_allclose(found.nodes["conv"], expected.nodes["conv"], atol=1e-5)
    if timed:
        assert found.eligibility["conv"].correlate(np.ones((1, 3))).shape == node.weight.shape
        operations = found.events["synaptic_operations"]
        assert operations * node.groups == expected.events["synaptic_operations"]
    else:
        exact = forward(network, network.parameters(), x)
        np.testing.assert_allclose(found.output[0], exact, atol=1e-5)
    assert found.events["multiplications"] * node.groups == expected.events["multiplications"]


@pytest.mark.parametrize("node", [PAIRS_OF_THREE, EACH_CHANNEL], ids=["groups", "depthwise"])
def test_outer_products_are_those_of_what_a_filter_sees(node: Conv2d, rng: np.random.Generator) -> None:
    """Check eq:patches: sums over places, group by group, are the rest of those without groups."""
    network, one = alone(node, 4, 6, 5), alone(with_zeros(node), 4, 6, 5)
    images = rng.normal(size=(7, 120)).astype(np.float32)
    maps = rng.normal(size=(7, math.prod(network.output_shapes["conv"]))).astype(np.float32)
    found, wide = (Outer(of).weight("conv", maps, images) for of in (network, one))
    seen = with_zeros(replace(node, weight=np.ones_like(node.weight))).weight != 0
    np.testing.assert_allclose(found, wide[seen].reshape(node.weight.shape), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "on",
    [PCM, WHITE_PAIRS, KNOWN, TELEGRAPH, *map(substrate.load, ("cmo", "wan", "photonic_mesh", "smtj"))],
    ids=lambda on: on.name,
)
@pytest.mark.parametrize("timed", [False, True], ids=["images", "spikes"])
def test_a_group_is_a_layer_of_its_own(on: Any, timed: bool) -> None:
    """Bit for bit what its filters would be alone on a chip that is drawn from the group's stream."""
    together = on_chip(alone(PAIRS_OF_THREE, 4, 6, 5, timed=timed), on)
    x = spikes(3, 4, 120) if timed else Stream(2).generator().uniform(-1, 1, (3, 120)).astype(np.float32)
    nodes = together.run(x, NODES).nodes["conv"]
    nodes = nodes.reshape(*nodes.shape[:-1], 2, -1)
    for group in range(2):
        mine = slice(3 * group, 3 * group + 3)
        own = Conv2d(WEIGHT[mine], BIAS[mine], padding=1)
        chip = on_chip(alone(own, 2, 6, 5, name=str(group), timed=timed), on, CHIP.child("conv"))
        seen = np.ascontiguousarray(x.reshape(*x.shape[:-1], 2, 60)[..., group, :])
        np.testing.assert_array_equal(chip.run(seen, NODES).nodes[str(group)], nodes[..., group, :])


def test_every_group_has_its_own_noise_and_range(rng: np.random.Generator) -> None:
    """Check eq:read-noise, whose spread follows a group's own largest weight, as gaussian and independent."""
    weight, sigma = np.array([[0.5], [0.25], [2.0], [1.0]]), 0.03
    dense = DenseLayer("conv", weight, np.zeros(4), "identity")
    stream, reads = Stream(int(rng.integers(2**31))), draws_for_sigma(0.02)
    layer = GroupedLayer(kind(read_noise={"sigma": sigma}, quiet="chip"), dense, stream, 1.0, 2)
    y = layer.forward(np.ones((reads, 2), np.float32), 0)[0] - weight.T
    for column, largest in enumerate([0.5, 0.5, 2.0, 2.0]):
        assert_gaussian_std(y[:, column], sigma * largest)
    assert_rejects(assert_gaussian_std, 1.02 * y[:, 3], sigma * 2.0)
    assert_uncorrelated(y[:, 0], y[:, 2])
    twin = Layer(
        layer.substrate, DenseLayer("conv", weight[:2], np.zeros(2), "identity"), stream.child("0"), 1.0
    )
    same = twin.forward(np.ones((reads, 1), np.float32), 0)[0][:, 0] - weight[0]
    assert_rejects(assert_uncorrelated, y[:, 0], same)  # both groups on one stream


def test_reads_and_arrays_of_groups_are_counted() -> None:
    """A patch of 4 channels is 24 numbers, 12 for each group, whose array takes 10 lines and 2 columns."""
    chip = on_chip(
        alone(PAIRS_OF_THREE, 4, 6, 5), substrate.load("pcm", {"tile": {"rows": 10, "columns": 2}})
    )
    chip.run(np.ones((3, 120), np.float32))
    places, tiling = 6 * 6, chip.tiles["conv"]
    assert chip.events["multiplications"] == 3 * places * 2 * 12 * 3
    assert chip.events["conversions_in"] == 3 * places * 2 * 12 * 2
    assert chip.events["conversions_out"] == 3 * places * 2 * 3 * 2
    assert (len(tiling.tiles), tiling.utilisation) == (8, pytest.approx(0.45))
    assert tiling.tiles[0] == (slice(0, 10), slice(0, 2))
    assert tiling.tiles[-1] == (slice(22, 24), slice(5, 6))
    chip.read_weights()
    assert (chip.events["device_reads"], chip.tick) == (WEIGHT.size, 3 + 12)


@pytest.mark.parametrize("on", [EXACT, PCM, TELEGRAPH, substrate.load("cmo")], ids=lambda on: on.name)
def test_groups_are_written_read_kept_and_cloned(on: Any, tmp_path: Path) -> None:
    x = RNG.random((3, 120)).astype(np.float32)
    chip = chips.make(alone(PAIRS_OF_THREE, 4, 6, 5), on, Stream(7), name="A7")
    change = {"conv.weight": np.full(WEIGHT.shape, 0.1), "conv.bias": np.arange(6.0)}
    chip.program.write(change)
    weights = chip.program.read_weights()
    np.testing.assert_array_equal(weights["conv.bias"], BIAS + np.arange(6, dtype=np.float32))
    chip.program.run(x)
    chip.program.advance(10.0)
    chips.save(tmp_path / "a.safetensors", chip)
    other = chips.load(tmp_path / "a.safetensors")
    assert_same_bits(other.program.diagnostics(), chip.program.diagnostics())  # type: ignore[attr-defined]
    assert other.program.diagnostics()["conv.writes"].shape == WEIGHT.shape  # type: ignore[attr-defined]
    assert (other.program.run(x).output == chip.program.run(x).output).all()
    if on is EXACT:
        np.testing.assert_allclose(weights["conv.weight"], WEIGHT + np.float32(0.1), atol=1e-5)


@pytest.mark.parametrize("tables", [{}, {"conductance.mapping": "offset_column"}], ids=["pairs", "offset"])
def test_groups_can_be_put_on_measured_devices(tables: dict[str, Any]) -> None:
    network, on = alone(PAIRS_OF_THREE, 4, 6, 5), substrate.load("wan", tables)
    lab = chips.make(network, on, Stream(7))
    given = conductances(lab)
    assert {g.shape for g in given.values()} == {(12, 6)}
    made = chips.from_conductances(on, network, given, Stream(7))
    assert_same_bits(made.program.diagnostics(), lab.program.diagnostics())  # type: ignore[attr-defined]


def test_a_file_holds_groups(tmp_path: Path) -> None:
    network, x = alone(EACH_CHANNEL, 4, 6, 5), RNG.random((3, 120)).astype(np.float32)
    nir_io.write(tmp_path / "groups.nir", network)
    again = nir_io.read(tmp_path / "groups.nir")
    name = next(n for n, node in again.nodes.items() if isinstance(node, Conv2d))
    assert name == "conv"
    assert (on_chip(again, PCM).run(x).output == on_chip(network, PCM).run(x).output).all()


def test_a_network_with_filters_for_each_channel_learns_by_its_noise() -> None:
    """Twenty epochs of node perturbation on phase-change memory: seven digits of ten, from one of ten."""
    generator, task = Stream(3, "weights").generator(), tasks.load("digits")

    def drawn(*shape: int) -> Array:
        return generator.normal(0, math.sqrt(2 / math.prod(shape[1:])), shape).astype(np.float32)

    network = chain(
        {
            "input": Input((1, 8, 8)),
            "conv1": Conv2d(drawn(4, 1, 3, 3), np.zeros(4), stride=2),
            "relu1": Relu((4, 3, 3)),
            "conv2": Conv2d(drawn(8, 1, 2, 2), np.zeros(8), groups=4),
            "relu2": Relu((8, 2, 2)),
            "flat": Flatten(),
            "readout": Affine(drawn(10, 32), np.zeros(10)),
            "softmax": Softmax((10,)),
            "output": Output((10,)),
        }
    )
    chip, adam = on_chip(network, PCM), optimizers.make("adam", learning_rate=0.01)
    before = chip.diagnostics()["conv2.weight"]
    history = training.fit(chip, task, learners.make("anp"), adam, epochs=20, stream=Stream(5))
    assert history.epochs[-1].validation_accuracy > 0.65
    assert np.abs(chip.diagnostics()["conv2.weight"] - before).mean() > 0.02
