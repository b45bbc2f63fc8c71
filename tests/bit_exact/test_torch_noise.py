"""Draws in torch are the kernels' draws, bit for bit, and a read made of them is the emulator's read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tiny import PCM, kind

from hwnoise import Network, Probe, Stream, substrate
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.snntorch.device_reader import DeviceReader, require_readable
from hwnoise.backends.snntorch.normals import box_muller, gaussian
from hwnoise.backends.snntorch.stages import DeviceLayer
from hwnoise.backends.snntorch.words import words
from hwnoise.errors import MismatchError
from hwnoise.kernels import philox
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.substrate import Substrate

torch.set_num_threads(1)
KEYS = (0, 1, 2**32 - 1, 2**32, 0xDEADBEEFCAFEBABE, 2**64 - 1)
TICKS = (0, 7, 2**32 - 2, 2**63 - 2, 2**64 - 3)
EDGES = sorted({(sign * 2**k + d) % 2**32 for k in range(32) for d in (-1, 0, 1) for sign in (1, -1)})
ROWS = 150


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("tick", TICKS)
def test_words_are_those_of_the_kernel(key: int, tick: int) -> None:
    """For every shape of a block and any first element (eq:philox-round, eq:philox-layout)."""
    for columns, first in ((1, 0), (63, 64), (64, 0), (200, 2**32 - 128)):
        expected = np.empty((5, columns), np.uint32)
        philox.fill_words(np.uint64(key), np.uint64(tick), expected, first)
        assert np.array_equal(words(key, tick, 5, columns, first=first).numpy(), expected)


@pytest.mark.parametrize("key", KEYS)
def test_gaussians_are_those_of_the_kernel(key: int) -> None:
    """All bits of 100,000 draws (eq:gaussian-radius, eq:gaussian-angle, eq:gaussian-pair)."""
    expected = np.empty((500, 200), np.float32)
    fill_gaussian(np.uint64(key), np.uint64(11), expected, 64)
    found = gaussian(key, 11, 500, 200, first=64).numpy()
    assert found.tobytes() == expected.tobytes()


def test_gaussians_of_words_at_the_edges() -> None:
    """Where the polynomial changes its branch, against the transform in float64."""
    radius, angle = np.meshgrid(np.array(EDGES, np.int64), np.array(EDGES, np.int64))
    found = box_muller(torch.tensor(radius.ravel()), torch.tensor(angle.ravel()))
    r = np.sqrt(-2 * np.log((radius.ravel() + 0.5) / 2**32))
    turn = 2 * np.pi * angle.ravel() / 2**32
    for part, exact in zip(found, (r * np.cos(turn), r * np.sin(turn)), strict=True):
        np.testing.assert_allclose(part.numpy(), exact, atol=1e-6)


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


def assert_reads_alike(on: Substrate, probe: Probe, quiet: np.ndarray[Any, Any] | None) -> None:
    x = Stream(4, "batch").generator().uniform(-1, 1, (ROWS, 20)).astype(np.float32)
    expected, known = layer_of(on).forward(x, 221, quiet, probe)  # into the next block of 1/f noise
    still = None if quiet is None else torch.tensor(quiet)
    found, seen = DeviceReader(layer_of(on)).read(torch.tensor(x), 221, still, probe)
    near = np.abs(found.numpy() - expected) < 1e-5
    assert near.mean() > 0.999  # a converter may round a tie another way
    assert (known is None) == (seen is None)
    assert known is None or np.array_equal(known, seen.numpy())


@pytest.mark.parametrize("name", readable())
def test_a_read_in_torch_alone_is_the_emulators(name: str) -> None:
    """Every effect of a preset, over a border between blocks, in passes and in tiles."""
    on = substrate.load(name)
    for probe in (Probe(), Probe(passes=2), Probe(passes=2, order="batch")):
        assert_reads_alike(on, probe, None)
    if on.tile is None:
        assert_reads_alike(substrate.load(name, {"tile.rows": 8, "tile.columns": 8}), Probe(), None)


@pytest.mark.parametrize(
    "tables",
    [
        {"node_noise": {"sigma": 0.1, "handles": ["known", "paired"]}},
        {"telegraph": {"amplitude": 0.3, "flip": 0.1}},
        {"dac": {"bits": 5, "rounding": "stochastic"}, "adc": {"bits": 6, "rounding": "stochastic"}},
        {"dac": {"bits": 5, "range": 0.7}, "adc": {"bits": 4, "rounding": "floor"}},
        {"adc": {"bits": 8}, "output_noise": {"sigma": 0.1}},
    ],
)  # fmt: skip
def test_quiet_rows_and_converters_are_the_emulators(tables: dict[str, Any]) -> None:
    """Known node noise, stochastic rounding, clipped inputs; every other row quiet (eq:dac, eq:adc)."""
    on = kind(quiet="chip", **tables)
    assert_reads_alike(on, Probe(), np.arange(ROWS) % 2 == 0)


def test_a_layer_on_a_device_takes_the_place_of_the_emulators() -> None:
    """With passes of several steps each, and after its devices were written."""
    ours, theirs = layer_of(PCM), layer_of(PCM)
    ours = DeviceLayer(ours, torch.device("cpu"))
    x = Stream(4, "batch").generator().uniform(-1, 1, (ROWS, 20)).astype(np.float32)
    for layer in (ours, theirs):
        layer.write(np.full((30, 20), 0.3, np.float32), None, 7)
    found, expected = (layer.forward(x, 9, None, Probe(passes=3), 10)[0] for layer in (ours, theirs))
    assert (np.abs(found - expected) < 1e-5).mean() > 0.999
    ours.restore(theirs.state())
    assert np.array_equal(ours.bias, theirs.bias)


def test_noise_of_another_key_is_noticed() -> None:
    x = np.ones((ROWS, 20), np.float32)
    first, second = layer_of(PCM), layer_of(PCM)
    found, _ = DeviceReader(second).read(torch.tensor(x), 1, None, Probe())
    assert np.abs(found.numpy() - first.forward(x, 0)[0]).max() > 1e-3


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
