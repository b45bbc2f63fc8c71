"""Convolutional networks without time: on arrays, by learners, and in files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny import EXACT, PCM, WHITE_PAIRS, kind

from hwnoise import Network, Stream, losses, nir_io, substrate
from hwnoise.backends.base import Probe
from hwnoise.backends.emulator import backend
from hwnoise.backends.emulator.image_program import ImageProgram
from hwnoise.backends.emulator.timed import convolution
from hwnoise.backends.emulator.timed.pacing import places
from hwnoise.errors import InputError, MismatchError
from hwnoise.learners import make as make_learner
from hwnoise.learners.outer import Outer
from hwnoise.oracle import alignment, forward
from hwnoise.patches import Patches

NETWORK = Network.cnn("2x9x8-c3k3-p2-6-4", Stream(1))
X = Stream(2).generator().random((7, 144)).astype(np.float32)
NODES = frozenset({"nodes"})


def on_chip(of: Any = EXACT, network: Network = NETWORK) -> ImageProgram:
    chip = backend.compile(network, of, Stream(5, "chip"))
    assert isinstance(chip, ImageProgram)
    return chip


def test_sizes_are_read() -> None:
    assert NETWORK.sizes == "2x9x8-3x7x6-6-4"
    assert NETWORK.order() == (
        "input", "conv1", "conv1_activation", "pool1", "flatten", "hidden1", "hidden1_activation", "readout",
        "softmax", "output",
    )  # fmt: skip
    assert places(NETWORK) == 42
    assert Network.cnn("1x28x28-c8k5s2-10", Stream(1)).output_shapes["conv1"] == (8, 12, 12)


@pytest.mark.parametrize(
    "sizes",
    [
        "1x28x28",
        "1x28-10",
        "1x28x28-c8-10",
        "1x28x28-p2",
        "1x28x28-10-c8k5-10",
        "1x8x8-c2k9-10",
        "1x8x8-c2k3-x",
    ],
)
def test_sizes_that_cannot_be(sizes: str) -> None:
    with pytest.raises(InputError):
        Network.cnn(sizes, Stream(1))


def test_an_exact_chip_computes_the_network() -> None:
    """Check eq:patches against a float64 network of its own, and what a learner is shown."""
    reading = on_chip().run(X, Probe(passes=2, observe=NODES))
    exact = forward(NETWORK, NETWORK.parameters(), X)
    np.testing.assert_allclose(reading.output[0], exact, atol=1e-5)
    shapes = {name: values.shape for name, values in reading.nodes.items()}
    assert shapes == {"conv1": (2, 7, 126), "hidden1": (2, 7, 6), "readout": (2, 7, 4)}
    assert reading.inputs["conv1"].shape == (2, 7, 144)


@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_passes_without_noise_are_equal_to_the_last_bit(order: Any) -> None:
    output = on_chip().run(X, Probe(passes=3, order=order)).output
    assert (output[0] == output[1]).all()
    assert (output[0] == output[2]).all()


@pytest.mark.parametrize("on", [EXACT, PCM, WHITE_PAIRS], ids=["exact", "pcm", "white"])
@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_blocks_of_patches_change_nothing(on: Any, order: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few patches are taken at a time: the same draws, the same products but for the last digits."""
    probe = Probe(passes=2, order=order, observe=NODES)
    wanted = on_chip(on).run(X, probe).nodes["conv1"]
    size = 42 * 18
    for block in (size * 5, size, size // 2, 1):
        monkeypatch.setattr(convolution, "BLOCK", block)
        np.testing.assert_allclose(on_chip(on).run(X, probe).nodes["conv1"], wanted, atol=2e-6)


def test_reads_are_counted_at_every_place() -> None:
    chip = on_chip(substrate.load("pcm", {"tile": {"rows": 10, "columns": 2}}))
    chip.run(X)
    multiplications = 42 * 18 * 3 + 27 * 6 + 6 * 4
    assert chip.events["multiplications"] == 7 * multiplications
    assert chip.events["conversions_out"] == 7 * (42 * 3 * 2 + 6 * 3 + 4)
    assert "synaptic_operations" not in chip.events
    tiling = chip.tiles["conv1"]
    assert (len(tiling.tiles), round(tiling.utilisation, 3)) == (4, 0.675)


def test_a_sample_takes_the_reads_of_the_largest_layer() -> None:
    chip = on_chip(substrate.load("pcm"))
    assert chip.capabilities.read_period == pytest.approx(42 * 250e-9)
    hasty = substrate.load("pcm", {"one_over_f.t0": 0.02, "drift": "off"})
    with pytest.raises(MismatchError, match=r"would read a layer 42 times a sample: one_over_f\.t0 must be"):
        on_chip(hasty)


def test_noise_differs_from_place_to_place_and_state_restores_it() -> None:
    chip = on_chip(WHITE_PAIRS)
    saved = chip.state()
    same = np.ones_like(X)
    maps = chip.run(same, Probe(observe=NODES)).nodes["conv1"][0].reshape(7, 3, 42)
    assert len(np.unique(maps[:, 0])) > 0.9 * 7 * 42
    chip.restore(saved)
    again = chip.run(same, Probe(observe=NODES)).nodes["conv1"][0].reshape(7, 3, 42)
    assert (maps == again).all()


def test_outer_products_of_maps_are_those_of_patches(rng: np.random.Generator) -> None:
    """Check eq:patches: the sum over samples and places of a node's value times what it saw."""
    nodes, images = rng.normal(size=(7, 126)).astype(np.float32), X
    patches = Patches.of(NETWORK.nodes["conv1"], (2, 9, 8))  # type: ignore[arg-type]
    seen = patches.taken(images).reshape(7, 42, 18)
    expected = np.einsum("scp,spk->ck", nodes.reshape(7, 3, 42), seen).reshape(3, 2, 3, 3)
    outer = Outer(NETWORK)
    np.testing.assert_allclose(outer.weight("conv1", nodes, images), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(outer.bias("conv1", nodes), nodes.reshape(7, 3, 42).sum((0, 2)), rtol=1e-4)
    dense = rng.normal(size=(7, 6)).astype(np.float32)
    np.testing.assert_allclose(outer.weight("hidden1", dense, images[:, :27]), dense.T @ images[:, :27])


@pytest.mark.parametrize("name", ["anp", "np"])
def test_node_rules_find_the_gradient_of_filters(name: str) -> None:
    """The averaged estimate points along the gradient in every layer."""
    network, generator = Network.cnn("1x5x5-c2k3-3", Stream(1)), Stream(2).generator()
    x = generator.random((32, 25)).astype(np.float32)
    noisy = kind(node_noise={"sigma": 0.05, "handles": ["paired", "mean_subtracted"]})
    chip, learner = on_chip(noisy, network), make_learner(name)
    learner.bind(network, chip.capabilities)
    batch = (x, x[:, :3].argmax(axis=1), losses.get("cross_entropy"))
    found = alignment(chip, learner, batch, stream=Stream(3), directions=300)
    assert [layer.name for layer in found.layers] == ["conv1", "readout"]
    assert all(layer.cosine > 0.9 for layer in found.layers)


def test_filters_are_written_in_their_shape_and_go_to_files(tmp_path: Any) -> None:
    chip = on_chip()
    change = np.full((3, 2, 3, 3), 0.1, np.float32)
    chip.write({"conv1.weight": change})
    weights = chip.read_weights()
    np.testing.assert_allclose(
        weights["conv1.weight"], NETWORK.parameters()["conv1.weight"] + change, atol=1e-5
    )
    nir_io.write(tmp_path / "cnn.nir", NETWORK.with_parameters(weights))
    assert nir_io.read(tmp_path / "cnn.nir").sizes == NETWORK.sizes
