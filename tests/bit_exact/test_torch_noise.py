"""Draws in torch are the kernels' draws, bit for bit, and a read made of them is the emulator's read."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from tiny import PCM, kind

from hwnoise import Network, Probe, Stream, substrate
from hwnoise.backends.emulator import backend as emulator
from hwnoise.backends.emulator.grouped_layer import GroupedLayer
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.snntorch import backend as torch_backend
from hwnoise.backends.snntorch import convert
from hwnoise.backends.snntorch.device_reader import DeviceReader, require_readable
from hwnoise.backends.snntorch.normals import box_muller, gaussian
from hwnoise.backends.snntorch.stages import DeviceLayer, on_device
from hwnoise.backends.snntorch.words import words
from hwnoise.errors import MismatchError
from hwnoise.kernels import philox
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.network import DenseLayer
from hwnoise.substrate import Substrate

torch.set_num_threads(1)
DEVICES = ("cpu", *(f"cuda:{n}" for n in range(torch.cuda.device_count())))  # all that torch has here
KEYS = (0, 1, 2**32 - 1, 2**32, 0xDEADBEEFCAFEBABE, 2**64 - 1)
TICKS = (0, 7, 2**32 - 2, 2**63 - 2, 2**64 - 3)
EDGES = sorted({(sign * 2**k + d) % 2**32 for k in range(32) for d in (-1, 0, 1) for sign in (1, -1)})
ROWS = 150
NETWORKS = (
    Network.mlp("20-9-5", Stream(3, "network"), readout="identity"),
    Network.spiking("20-9-5", Stream(3, "network")),
    Network.cnn("1x6x6-c3k3-5", Stream(3, "network")),
)


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("tick", TICKS)
def test_words_are_those_of_the_kernel(key: int, tick: int, device: str) -> None:
    """For every shape of a block and any first element (eq:philox-round, eq:philox-layout)."""
    for columns, first in ((1, 0), (63, 64), (64, 0), (200, 2**32 - 128)):
        expected = np.empty((5, columns), np.uint32)
        philox.fill_words(np.uint64(key), np.uint64(tick), expected, first)
        assert np.array_equal(words(key, tick, 5, columns, device, first).cpu().numpy(), expected)


@pytest.mark.parametrize("key", KEYS)
def test_gaussians_are_those_of_the_kernel(key: int, device: str) -> None:
    """All bits of 100,000 draws (eq:gaussian-radius, eq:gaussian-angle, eq:gaussian-pair)."""
    expected = np.empty((500, 200), np.float32)
    fill_gaussian(np.uint64(key), np.uint64(11), expected, 64)
    found = gaussian(key, 11, 500, 200, device, first=64).cpu().numpy()
    assert found.tobytes() == expected.tobytes()


def test_gaussians_of_words_at_the_edges(device: str) -> None:
    """Where the polynomial changes its branch, against the transform in float64."""
    radius, angle = np.meshgrid(np.array(EDGES, np.int64), np.array(EDGES, np.int64))
    found = box_muller(*(torch.tensor(part.ravel(), device=device) for part in (radius, angle)))
    r = np.sqrt(-2 * np.log((radius.ravel() + 0.5) / 2**32))
    turn = 2 * np.pi * angle.ravel() / 2**32
    for part, exact in zip(found, (r * np.cos(turn), r * np.sin(turn)), strict=True):
        np.testing.assert_allclose(part.cpu().numpy(), exact, atol=1e-6)


def readable() -> list[str]:
    """Presets whose read is written in torch as well."""
    names = []
    for name in substrate.names():
        try:
            require_readable(substrate.load(name))
        except MismatchError:
            continue
        names.append(name)
    return names


def layer_of(on: Substrate) -> Layer:
    (dense,) = Network.mlp("20-30", Stream(3, "network"), readout="identity").dense_layers()
    return Layer(on, dense, Stream(1, "layer"), 1.0)


def assert_reads_alike(on: Substrate, probe: Probe, quiet: np.ndarray[Any, Any] | None, device: str) -> None:
    x = Stream(4, "batch").generator().uniform(-1, 1, (ROWS, 20)).astype(np.float32)
    expected, known = layer_of(on).forward(x, 221, quiet, probe)  # into the next block of 1/f noise
    still = None if quiet is None else torch.tensor(quiet, device=device)
    found, seen = DeviceReader(layer_of(on)).read(torch.tensor(x, device=device), 221, still, probe)
    near = np.abs(found.cpu().numpy() - expected) < 1e-5
    assert near.mean() > 0.999  # a converter may round a tie another way
    assert (known is None) == (seen is None)
    assert known is None or np.array_equal(known, seen.cpu().numpy())


@pytest.mark.parametrize("name", readable())
def test_a_read_in_torch_alone_is_the_emulators(name: str, device: str) -> None:
    """Every effect of a preset, over a border between blocks, in passes and in tiles."""
    on = substrate.load(name)
    for probe in (Probe(), Probe(passes=2), Probe(passes=2, order="batch")):
        assert_reads_alike(on, probe, None, device)
    if on.tile is None:
        assert_reads_alike(substrate.load(name, {"tile.rows": 8, "tile.columns": 8}), Probe(), None, device)


@pytest.mark.parametrize(
    "tables",
    [
        {"node_noise": {"sigma": 0.1, "handles": ["known", "paired"]}},
        {"telegraph": {"amplitude": 0.3, "flip": 0.1}},
        {"dac": {"bits": 5, "rounding": "stochastic"}, "adc": {"bits": 6, "rounding": "stochastic"}},
        {"dac": {"bits": 5, "range": 0.7}, "adc": {"bits": 4, "rounding": "floor"}},
        {"adc": {"bits": 8}, "output_noise": {"sigma": 0.1}},
        {
            "adc": {"bits": 6, "rounding": "floor", "range": 1.0},
            "tile": {"rows": 5, "columns": 9, "sums": "clipped"},
        },
    ],
)  # fmt: skip
def test_quiet_rows_and_converters_are_the_emulators(tables: dict[str, Any], device: str) -> None:
    """Known node noise, rounding, clipped inputs and sums; every other row quiet (eq:adc, eq:sum-clip)."""
    on = kind(quiet="chip", **tables)
    assert_reads_alike(on, Probe(), np.arange(ROWS) % 2 == 0, device)


def test_a_layer_on_a_device_takes_the_place_of_the_emulators(device: str) -> None:
    """With passes of several steps each, and after its devices were written."""
    ours, theirs = layer_of(PCM), layer_of(PCM)
    ours = DeviceLayer(ours, torch.device(device))
    x = Stream(4, "batch").generator().uniform(-1, 1, (ROWS, 20)).astype(np.float32)
    for layer in (ours, theirs):
        layer.write(np.full((30, 20), 0.3, np.float32), None, 7)
    found, expected = (layer.forward(x, 9, None, Probe(passes=3), 10)[0] for layer in (ours, theirs))
    assert (np.abs(found - expected) < 1e-5).mean() > 0.999
    ours.restore(theirs.state())
    assert np.array_equal(ours.bias, theirs.bias)


def test_groups_on_a_device_take_the_place_of_the_emulators(device: str) -> None:
    """Each is read by itself, and written through the layer."""
    weight = Stream(3, "weights").generator().normal(0, 0.1, (30, 10))
    dense = DenseLayer("conv", weight, np.linspace(-1, 1, 30), "identity")
    theirs, replaced = (GroupedLayer(PCM, dense, Stream(1), 1.0, 3) for _ in range(2))
    ours = on_device(replaced, torch.device(device))
    assert all(isinstance(group, DeviceLayer) for group in ours.parts)
    x = Stream(4, "batch").generator().uniform(-1, 1, (ROWS, 30)).astype(np.float32)
    for layer in (ours, theirs):
        layer.write(np.full((30, 10), 0.3, np.float32), np.ones(30, np.float32), 7)
    found, expected = (layer.forward(x, 9)[0] for layer in (ours, theirs))
    assert (np.abs(found - expected) < 1e-5).mean() > 0.999


def test_noise_of_another_key_is_noticed() -> None:
    x = np.ones((ROWS, 20), np.float32)
    first, second = layer_of(PCM), layer_of(PCM)
    found, _ = DeviceReader(second).read(torch.tensor(x), 1, None, Probe())
    assert np.abs(found.numpy() - first.forward(x, 0)[0]).max() > 1e-3


@pytest.mark.parametrize("network", NETWORKS, ids=["dense", "spiking", "image"])
def test_a_program_on_a_device_is_the_emulators(network: Network, device: str) -> None:
    """Outputs, counters and what it holds, in two passes; and derivatives that lower a loss."""
    shape = (9, 4, network.n_inputs) if network.is_timed else (9, network.n_inputs)
    x = Stream(4, "batch").generator().uniform(-1, 1, shape).astype(np.float32)
    ours = torch_backend.compile(network, PCM, Stream(1), torch_device=device)
    theirs = emulator.compile(network, PCM, Stream(1))
    found, expected = (program.run(x, Probe(passes=2)) for program in (ours, theirs))
    assert (np.abs(found.output - expected.output) < 1e-5).mean() > 0.99
    assert found.events == expected.events
    reading = ours.run(x, Probe(observe=frozenset({"derivatives"})))
    counted = np.tile(np.linspace(-1, 1, 5, dtype=np.float32), (*reading.output.shape[:-1], 1))
    gradient = reading.derivatives.backward(counted)  # of outputs that count differently: softmax sums to 1
    ours.write({name: -0.1 * values for name, values in gradient.items()})  # more than a device's step
    assert (counted * (ours.run(x).output - reading.output)).sum() < -1
    theirs.restore(ours.state())


def test_a_model_on_a_device_is_that_on_the_cpu(device: str) -> None:
    """Moved there before or after it was put on a chip, and taken back."""
    plain = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, groups=2), torch.nn.Flatten(), torch.nn.Linear(64, 3)
    )
    x = torch.linspace(-1, 1, 3 * 72).reshape(3, 2, 6, 6)
    expected = convert(plain, PCM, seed=2)(x)
    for model in (
        convert(plain, PCM, seed=2).to(device),
        convert(copy.deepcopy(plain).to(device), PCM, seed=2),
    ):
        output = model(x.to(device))
        output.square().sum().backward()
        assert all(p.grad is not None and p.grad.device == p.device for p in model.parameters())
        assert (output.cpu() - expected).abs().lt(1e-4).double().mean() > 0.99
        torch.testing.assert_close(model.cpu()(x).mean(), expected.mean(), atol=0.5, rtol=0)


@pytest.mark.parametrize(
    ("tables", "words_of_it"),
    [
        ({"stochastic_synapse": {"law": "logistic"}}, "stochastic_synapse"),
        ({"conductance": {"arrays": 2}}, "two arrays"),
        ({"conductance": {"mapping": "offset_column"}}, "reference columns"),
        ({"dac": {"bits": 8, "slice_bits": 1}}, "bit-serial dac"),
    ],
)
def test_a_read_that_is_not_written_in_torch_is_refused_by_name(
    tables: dict[str, Any], words_of_it: str
) -> None:
    with pytest.raises(MismatchError, match=words_of_it):
        DeviceReader(layer_of(kind(**tables)))
