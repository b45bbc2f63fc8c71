"""Noisy modules in a user's own loop: on a chip forwards, straight through backwards, saved and loaded."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import snntorch
import torch
from tiny import EXACT, PCM, WHITE_PAIRS, kind
from torch import nn
from torch.nn import functional

from hwnoise import InputError, Stream, tasks
from hwnoise.backends.snntorch import NoisyConv2d, NoisyLinear, convert, noisy_modules
from hwnoise.testing import assert_gaussian_std, assert_rejects, draws_for_sigma

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_torch_generator() -> Iterator[None]:
    """Give torch its generator back as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def both(module: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
    """Output, derivative by the input, and by every parameter, of a sum of squares."""
    x = x.clone().requires_grad_()
    out = module(x)
    out.square().sum().backward()
    assert x.grad is not None
    return out.detach(), x.grad, {n: p.grad for n, p in module.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Linear(6, 4), (5, 6)),
        (nn.Linear(6, 4, bias=False), (2, 3, 6)),
        (nn.Conv2d(2, 3, 3, padding=1), (2, 2, 6, 5)),
        (nn.Conv2d(2, 4, (2, 3), stride=2, dilation=(1, 2), bias=False), (2, 2, 7, 9)),
    ],
)
def test_without_noise_it_is_the_module(module: nn.Module, shape: tuple[int, ...]) -> None:
    """Its derivatives by input, weight and bias included."""
    x = torch.randn(shape)
    for found, expected in zip(both(convert(module, EXACT), x), both(module, x), strict=True):
        for a, b in zip(_values(found), _values(expected), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def _values(part: Any) -> list[torch.Tensor]:
    return list(part.values()) if isinstance(part, dict) else [part]


def test_noise_forwards_is_the_chips_and_backwards_there_is_none() -> None:
    """The spread of a read is the substrate's (eq:read-noise-output); the slope is that of the weights."""
    layer = NoisyLinear(8, 4, WHITE_PAIRS, seed=1).eval()
    x = torch.ones(1, 8)
    with torch.no_grad():
        reads = layer(x.expand(draws_for_sigma(0.02), 8)).numpy()
    noise = reads - reads.mean(axis=0)
    sigma = float(reads[:1000, 0].std())
    assert sigma > 0.01
    assert_gaussian_std(noise[1000:, 0], sigma_of(layer))
    assert_rejects(assert_gaussian_std, 1.02 * noise[1000:, 0], sigma_of(layer))
    out, slope, _ = both(layer, x)
    torch.testing.assert_close(slope, 2 * out @ held(layer), rtol=1e-4, atol=1e-4)


def sigma_of(layer: NoisyLinear) -> float:
    """Spread of output 0 for inputs of 1, from the variances of its devices."""
    array = layer._on_chip()[0].layer.array
    return float(np.sqrt(array.view(0).fresh[:, 0].sum()) * array.weight_range[0])


def held(layer: NoisyLinear) -> torch.Tensor:
    """The weights that the devices hold: (n_out, n_in)."""
    return torch.tensor(layer._on_chip()[0].layer.true_weights(0))


def test_in_training_changed_weights_meet_a_fresh_chip_in_evaluation_the_chip_stays() -> None:
    layer, x = NoisyLinear(6, 4, PCM, seed=1), torch.ones(3, 6)
    seen = []
    for mode in (True, False):
        layer.train(mode)
        for _ in range(2):
            layer(x)
            layer(x)  # the same weights: the same chip, as for every step of a sequence
            seen.append(int(layer.chip))
            with torch.no_grad():
                layer.weight *= 0.9
    assert seen == [0, 1, 1, 1]
    assert int(layer.tick) == 4 * 3 + 2 * 3  # the second chip went on, reprogrammed


def test_chips_of_one_seed_are_alike_and_another_is_not() -> None:
    x = torch.ones(3, 6)
    one, same, other = (NoisyLinear(6, 4, PCM, seed=seed).eval() for seed in (1, 1, 2))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(x), same(x))
    assert not torch.equal(one(x), other(x))
    same.redraw()
    assert not torch.equal(one(x), same(x))


def test_state_goes_through_a_file_that_holds_only_weights() -> None:
    """A loaded model is on the same chip, at the same tick: the next read is equal bit for bit."""
    model = convert(nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)), PCM, seed=4)
    x = torch.randn(7, 6)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model(x).sum().backward()
    optimizer.step()
    model.eval()
    model(x)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.pt")
        torch.save(model.state_dict(), path)
        twin = convert(nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)), PCM, seed=4).eval()
        twin.load_state_dict(torch.load(path, weights_only=True))
    with torch.no_grad():
        copied = copy.deepcopy(model)(x)
        assert torch.equal(model(x), copied)
        assert torch.equal(twin(x), copied)


def test_devices_drift_when_time_passes() -> None:
    model = convert(nn.Sequential(nn.Linear(6, 3)), PCM, seed=1).eval()
    x = torch.ones(200, 6)
    with torch.no_grad():
        before = model(x).mean(0)
        for module in noisy_modules(model):
            module.advance(30 * 86400)
        assert (model(x).mean(0) - before).abs().max() > 0.02


def test_convert_leaves_the_model_alone_and_reaches_every_linear_map() -> None:
    model = nn.Sequential(
        nn.Linear(4, 6),
        snntorch.RLeaky(0.9, linear_features=6, init_hidden=True),
        nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.1)),
        snntorch.Leaky(0.9, init_hidden=True, output=True),
    )
    neurons = len(snntorch.SpikingNeuron.instances)
    model(torch.ones(2, 4))  # neurons now hold membranes, with their graph
    found = convert(model, "pcm", seed=1)
    assert len(noisy_modules(found)) == 3
    assert not noisy_modules(model)
    assert len(snntorch.SpikingNeuron.instances) == neurons
    spikes, membrane = found(torch.ones(2, 4))
    assert spikes.shape == membrane.shape == (2, 6)
    seeds = {module.seed for module in noisy_modules(found)}
    assert len(seeds) == 3
    snntorch.SpikingNeuron.init()


def test_hardware_aware_training_is_three_lines_and_pays() -> None:
    """On a chip of a few levels and much noise, weights trained there do better than weights put there."""
    task = tasks.load("digits")
    harsh = kind(conductance={}, programming_noise={"sigma": {"shape": "polynomial", "coefficients": [6.0]}})
    x, y = torch.tensor(task.train.x), torch.tensor(task.train.y)
    plain = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    aware = convert(plain, harsh, seed=5, headroom=1.0)
    for model in (plain, aware):
        optimizer = torch.optim.Adam(model.parameters(), 1e-2)
        for step in range(150):
            rows = Stream(step, "rows").generator().integers(0, len(x), 64)
            optimizer.zero_grad()
            functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    scores = [accuracy(convert(plain, harsh, seed=9), task), accuracy(aware, task)]
    assert scores[1] > scores[0] + 0.03


def accuracy(model: nn.Module, task: Any) -> float:
    """Mean over five chips."""
    model.eval()
    found = []
    with torch.no_grad():
        for _ in range(5):
            for module in noisy_modules(model):
                module.redraw()
            guess = model(torch.tensor(task.test.x)).argmax(1)
            found.append(float((guess == torch.tensor(task.test.y)).float().mean()))
    return float(np.mean(found))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NoisyLinear(3, 2, "pmc"), "'pmc'"),
        (lambda: NoisyConv2d(3, 2, 3, PCM, headroom=0.2), "headroom must be from 1 to 100"),
        (lambda: convert(nn.Sequential(nn.ReLU()), PCM), "no Linear, Conv1d or Conv2d"),
    ],
)
def test_what_has_no_place_on_a_chip_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
