"""Convolutions in networks with time: products of patches, on arrays of every kind."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from timed import DT, on_chip, spikes
from tiny import KNOWN, PCM, TELEGRAPH, WHITE_PAIRS, kind

from hwnoise import Network, Stream
from hwnoise.backends.base import LocalRule, Probe
from hwnoise.errors import InputError, MismatchError
from hwnoise.kernels.patches import count_reads
from hwnoise.nodes import LIF, Affine, Conv1d, Conv2d, Flatten, Input, Node, Output, SumPool2d
from hwnoise.patches import Patches

Array = NDArray[Any]
RNG = Stream(9, "weights").generator()
WEIGHT = RNG.normal(size=(3, 2, 3, 2)).astype(np.float32)
BIAS = RNG.normal(size=3).astype(np.float32)
NODE = kind(node_noise={"sigma": 0.2}, quiet="chip")

FILTERS = [
    Conv2d(WEIGHT, BIAS),
    Conv2d(WEIGHT, BIAS, stride=(2, 1), padding=(1, 2)),
    Conv2d(WEIGHT, BIAS, dilation=(2, 1), padding="same"),
    Conv2d(WEIGHT, BIAS, padding="valid"),
]


def alone(node: Conv1d | Conv2d, *shape: int) -> Network:
    """The convolution and neurons behind it."""
    maps = node.output_shape(shape)
    tau = np.full(maps, 5 * DT)
    neurons = LIF(tau, tau / DT, np.zeros(maps), np.ones(maps))
    nodes: dict[str, Node] = {"input": Input(shape), "conv": node, "neurons": neurons, "output": Output(maps)}
    return Network(nodes, tuple(pairwise(nodes)), dt=DT, reset="zero")


def convolved(node: Conv2d, x: Array) -> Array:
    """eq:patches, place by place: (rows, channels, height, width)."""
    n_out, height, width = node.output_shape(x.shape[1:])
    lost = [d * (k - 1) for d, k in zip(node.dilation, node.weight.shape[2:], strict=True)]
    if node.padding == "same":
        before = [n // 2 for n in lost]
    else:
        before = [0, 0] if isinstance(node.padding, str) else list(node.padding)
    wide = np.pad(x, ((0, 0), (0, 0), (before[0], 9), (before[1], 9)))
    y = np.zeros((len(x), n_out, height, width))
    for h, w in np.ndindex(height, width):
        for i, j in np.ndindex(node.weight.shape[2:]):
            seen = wide[
                :, :, h * node.stride[0] + i * node.dilation[0], w * node.stride[1] + j * node.dilation[1]
            ]
            y[:, :, h, w] += seen @ node.weight[:, :, i, j].T
    return y + node.bias[:, None, None]


@pytest.mark.parametrize("node", FILTERS, ids=range(len(FILTERS)))
def test_convolution(node: Conv2d, rng: np.random.Generator) -> None:
    """Check eq:patches."""
    x = rng.normal(size=(2, 3, 2, 7, 6)).astype(np.float32)
    reading = on_chip(alone(node, 2, 7, 6)).run(x, Probe(observe=frozenset({"nodes"})))
    expected = convolved(node, x.reshape(6, 2, 7, 6))
    np.testing.assert_allclose(reading.nodes["conv"].reshape(expected.shape), expected, atol=1e-5)


@pytest.mark.parametrize("padding", [0, 1, "same"])
def test_lines(padding: Any, rng: np.random.Generator) -> None:
    """Check eq:patches along one axis: a line is an image of height 1."""
    line = Conv1d(WEIGHT[:, :, 0], BIAS, padding=padding, dilation=2)
    across = (0, padding) if isinstance(padding, int) else padding
    image = Conv2d(WEIGHT[:, :, :1], BIAS, padding=across, dilation=(1, 2))
    x = rng.normal(size=(2, 3, 2, 8)).astype(np.float32)
    reading = on_chip(alone(line, 2, 8)).run(x, Probe(observe=frozenset({"nodes"})))
    expected = convolved(image, x.reshape(6, 2, 1, 8))
    np.testing.assert_allclose(reading.nodes["conv"].reshape(expected.shape), expected, atol=1e-5)


@pytest.mark.parametrize("on", [WHITE_PAIRS, PCM, NODE, TELEGRAPH], ids=["white", "pcm", "node", "telegraph"])
def test_arrays_with_noise(on: Any) -> None:
    """Near the clean result, different at every place and pass, and again after a restore."""
    network, x = alone(FILTERS[0], 2, 6, 5), spikes(3, 4, 60)
    probe = Probe(passes=2, observe=frozenset({"nodes"}))
    clean = on_chip(network).run(x, probe).nodes["conv"]
    chip = on_chip(network, on)
    saved = chip.state()
    noisy = chip.run(x, probe).nodes["conv"]
    assert 0 < np.abs(noisy - clean).mean() < 1
    assert (noisy[0] != noisy[1]).mean() > 0.3
    chip.restore(saved)
    np.testing.assert_array_equal(chip.run(x, probe).nodes["conv"], noisy)


def test_no_array_is_read_faster_than_its_noise_was_fitted() -> None:
    """A step takes as long as the largest layer: 16 reads of 250 ns, the read pulse of the 1/f fit."""
    chip = on_chip(alone(FILTERS[0], 2, 6, 5), PCM)
    assert PCM.one_over_f is not None
    assert chip.layers["conv"].rate == 16
    assert chip.substrate.clock.read_period == pytest.approx(16 * PCM.one_over_f.t_read)
    stretched = chip.substrate.one_over_f.fresh_bands(chip.substrate.clock.read_period)
    assert stretched == 3  # those of 1, 4 and 16 reads


def test_steps_too_long_for_the_fits_of_the_noise_are_refused() -> None:
    large = alone(Conv2d(WEIGHT[:, :, :1, :1], BIAS), 2, 120, 90)
    with pytest.raises(MismatchError, match=r"read a layer 10800 times a step: drift\.t0 must be"):
        on_chip(large, PCM)


def test_quiet_passes_and_known_noise() -> None:
    network, x = alone(FILTERS[0], 2, 6, 5), spikes(3, 4, 60)
    probe = Probe(passes=2, quiet_passes=(1,), observe=frozenset({"nodes", "noise"}))
    reading = on_chip(network, KNOWN).run(x, probe)
    noisy, quiet = reading.nodes["conv"]
    np.testing.assert_allclose(noisy - reading.noise["conv"][0], quiet, atol=1e-6)
    both = on_chip(network, NODE).run(x, Probe(passes=2, quiet_passes=(0, 1)))
    np.testing.assert_array_equal(both.output[0], both.output[1])


def test_filters_are_written_and_read_in_their_shape() -> None:
    chip = on_chip(alone(FILTERS[0], 2, 6, 5))
    np.testing.assert_allclose(chip.read_weights()["conv.weight"], WEIGHT, rtol=1e-6)
    update = RNG.normal(size=WEIGHT.shape)
    chip.write({"conv.weight": update})
    np.testing.assert_allclose(chip.diagnostics()["conv.weight"], WEIGHT + update, atol=1e-6)
    assert chip.diagnostics()["conv.writes"].shape == WEIGHT.shape
    with pytest.raises(InputError, match="the update is float64"):
        chip.write({"conv.weight": update.reshape(3, -1)})


@pytest.mark.parametrize("node", [FILTERS[1], Conv1d(WEIGHT[:, :, 0], BIAS)], ids=["image", "line"])
def test_traces_of_filters(node: Any) -> None:
    """Check eq:patches and eq:traces: a filter's trace is the derivative of the nodes' sum by its weights."""
    shape = (2, 7, 6) if isinstance(node, Conv2d) else (2, 9)
    network = alone(node, *shape)
    probe = Probe(passes=2, observe=frozenset({"membranes", "nodes"}), local=LocalRule(pre="spike"))
    reading = on_chip(network, NODE).run(spikes(3, 4, int(np.prod(shape))), probe)
    credit = RNG.normal(size=(1, 3))
    difference = (reading.membranes["neurons"][0] - reading.membranes["neurons"][1]) * credit[0][
        :, None, None
    ]
    traces: Any = reading.eligibility["conv"]
    found, bias = traces.correlate(credit), traces.correlate_bias(credit)
    assert found.shape == node.weight.shape

    def weighted_sum(weight: Array) -> float:
        moved = network.with_parameters({"conv.weight": weight})
        nodes = (
            on_chip(moved).run(reading.inputs["conv"][0], Probe(observe=frozenset({"nodes"}))).nodes["conv"]
        )
        return float((nodes[0].astype(np.float64) * difference).sum())

    for place in [(0,) * node.weight.ndim, tuple(n - 1 for n in node.weight.shape)]:
        step = np.zeros_like(node.weight)
        step[place] = 0.5
        slope = weighted_sum(node.weight + step) - weighted_sum(node.weight - step)
        assert found[place] == pytest.approx(slope, rel=1e-3, abs=1e-3)
    np.testing.assert_allclose(bias, difference.reshape(3, 4, 3, -1).sum(axis=(0, 1, 3)), atol=1e-4)


def test_a_spiking_convolutional_network() -> None:
    maps = (3, 5, 5)
    tau = np.full(maps, 5 * DT)
    nodes: dict[str, Node] = {
        "input": Input((2, 7, 6)),
        "conv": FILTERS[0],
        "neurons": LIF(tau, tau / DT, np.zeros(maps), np.full(maps, 0.5)),
        "pool": SumPool2d((2, 2), (2, 2)),
        "flat": Flatten(),
        "readout": Affine(RNG.normal(size=(4, 12)), np.zeros(4)),
        "output": Output((4,)),
    }
    network = Network(nodes, tuple(pairwise(nodes)), dt=DT, reset="zero")
    reading = on_chip(network, PCM).run(spikes(2, 5, 84), Probe(passes=2, local=LocalRule()))
    assert reading.output.shape == (2, 2, 5, 4)
    assert {n: t.correlate(np.ones((1, 2))).shape for n, t in reading.eligibility.items()} == {
        "conv": WEIGHT.shape,
        "readout": (4, 12),
    }
    assert reading.events["conversions_out"] > 20 * 25 * 3


@pytest.mark.parametrize("broad", [1, 2, 3, 5, 7])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_patches_of_filters_of_any_width(
    broad: int, stride: int, dilation: int, rng: np.random.Generator
) -> None:
    """Check eq:patches: some widths have loops of their own."""
    node = Conv2d(np.zeros((1, 2, 3, broad)), np.zeros(1), stride=(1, stride), dilation=(2, dilation))
    patches = Patches.of(node, (2, 8, 16))
    x = rng.normal(size=(3, 2, 8, 16)).astype(np.float32)
    windows = sliding_window_view(x, (5, dilation * (broad - 1) + 1), axis=(2, 3))
    expected = windows[:, :, :, ::stride, ::2, ::dilation].transpose(0, 2, 3, 1, 4, 5)
    np.testing.assert_array_equal(patches.taken(x.reshape(3, -1)), expected.reshape(-1, patches.size))


def test_reads_of_zeros_are_not_counted() -> None:
    times = np.array([1, 20, 300, 4000], np.int64)
    assert count_reads(np.array([[0, 1, -2, 0], [5, 0, -0.0, 7]], np.float32), times) == 20 + 300 + 1 + 4000
