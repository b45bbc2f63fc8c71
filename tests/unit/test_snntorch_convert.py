"""Ordinary models of users, put onto a chip: what is replaced, what is shared, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from tiny import EXACT, PCM
from torch import nn

from hwnoise import InputError
from hwnoise.backends.snntorch import NoisyConv1d, NoisyConv2d, NoisyLinear, convert, noisy_modules
from hwnoise.errors import HwnoiseError, MismatchError

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_torch_generator() -> Iterator[None]:
    """Give torch its generator back as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def image(*shape: int) -> torch.Tensor:
    return torch.randn(2, *shape)


LINEAR_MAPS: list[tuple[nn.Module, torch.Tensor]] = [
    (nn.Conv2d(4, 6, 3, groups=2, padding=1), image(4, 6, 5)),
    (nn.Conv2d(4, 4, 3, groups=4, bias=False), image(4, 6, 5)),
    (nn.Conv2d(2, 3, 3, padding="same", dilation=(2, 1)), image(2, 6, 5)),
    (nn.Conv2d(2, 3, 3, padding="valid"), image(2, 6, 5)),
    (nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode="reflect"), image(2, 6, 5)),
    (nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), image(2, 6, 5)),
    (nn.Conv2d(2, 3, 3), image(2, 6, 5)[0]),
    (nn.Conv2d(2, 3, 3), image(2, 6, 5)[:0]),
    (nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), image(4, 9)),
    (nn.Conv1d(2, 3, 3, padding="same", padding_mode="replicate"), image(2, 9)),
    (nn.Linear(6, 4), image(6)[:0]),
    (nn.Linear(6, 4), image(6)[0]),
]


@pytest.mark.parametrize(("module", "x"), LINEAR_MAPS, ids=range(len(LINEAR_MAPS)))
def test_without_noise_it_is_the_module(module: nn.Module, x: torch.Tensor) -> None:
    """Groups, every padding, inputs without a batch, and batches without an input; derivatives included."""
    chip = convert(module, EXACT)
    found, expected = chip(x), module(x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    for output in (found, expected):
        output.square().sum().backward()
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(chip.get_parameter(name).grad, parameter.grad, rtol=1e-4, atol=1e-4)


def test_an_odd_padding_has_more_behind() -> None:
    """``same`` of an even window, which torch itself does not pad without a warning."""
    layer, x = NoisyConv1d(2, 3, 4, EXACT, padding="same"), image(2, 9)
    expected = nn.functional.conv1d(nn.functional.pad(x, (1, 2)), layer.weight, layer.bias)
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_each_group_has_devices_of_its_own() -> None:
    """Two groups of equal weights differ by what their own devices do."""
    layer = NoisyConv2d(2, 2, 3, PCM, groups=2, bias=False, seed=1).eval()
    with torch.no_grad():
        layer.weight[1] = layer.weight[0]
        x = torch.randn(1, 1, 6, 6).expand(1, 2, 6, 6)
        first, second = layer(x)[0]
    assert not torch.equal(first, second)
    torch.testing.assert_close(first, second, atol=2.0, rtol=0)


def test_shared_modules_and_shared_weights_stay_shared() -> None:
    shared = nn.Linear(4, 4)
    tied = nn.Linear(4, 4)
    tied.weight = shared.weight
    model = convert(nn.Sequential(shared, nn.ReLU(), shared, tied), PCM)
    assert isinstance(model[0], NoisyLinear)
    assert model[0] is model[2]
    assert len(noisy_modules(model)) == 2
    assert model[3].weight is model[0].weight
    assert len(list(model.parameters())) == 3


def test_frozen_weights_stay_frozen_and_the_model_is_not_touched() -> None:
    plain = nn.Sequential(nn.Linear(4, 3))
    plain[0].weight.requires_grad_(False)
    model = convert(plain, PCM)
    assert not model[0].weight.requires_grad
    assert model[0].weight is not plain[0].weight
    assert isinstance(plain[0], nn.Linear)


def test_modules_can_be_left_digital_by_name() -> None:
    plain = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), nn.LSTM(4, 4), nn.Linear(4, 4))
    model = convert(plain, PCM, digital=["0", "1"])
    assert [type(m).__name__ for m in (model[0][0], model[1], model[2])] == ["Linear", "LSTM", "NoisyLinear"]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
def test_weights_of_another_precision(dtype: torch.dtype) -> None:
    """Made so before or after; the read itself is one of float32."""
    plain = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2))
    x = torch.randn(3, 6).to(dtype)
    after = convert(plain, EXACT).to(dtype)
    before = convert(plain.to(dtype), EXACT)
    for model in (after, before):
        output = model(x)
        assert output.dtype == model[0].weight.dtype == dtype
        output.sum().backward()
        assert all(p.grad is not None and p.grad.dtype == dtype for p in model.parameters())
        torch.testing.assert_close(output, plain(x), rtol=2e-2, atol=2e-2)


def test_whole_numbers_go_in_and_do_not_come_out() -> None:
    layer = NoisyLinear(4, 3, EXACT)
    whole = torch.ones(2, 4, dtype=torch.int64)
    torch.testing.assert_close(layer(whole), layer(whole.float()))


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch's own, while it compiles
def test_a_compiled_model_reads_its_chip_outside_of_the_graph() -> None:
    plain = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    x = torch.randn(5, 4)
    compiled = torch.compile(convert(plain, PCM, seed=1), backend="eager")
    assert torch.equal(compiled(x), convert(plain, PCM, seed=1)(x))


def test_a_module_says_what_it_is() -> None:
    assert str(NoisyLinear(4, 3, PCM, seed=5)) == f"NoisyLinear((3, 4), on '{PCM.name}', seed=5)"


@pytest.mark.parametrize(
    ("use", "error", "words"),
    [
        (lambda: convert(nn.Sequential(nn.LSTM(4, 4)), PCM), InputError, r"digital=\['0'\]"),
        (lambda: convert(nn.Sequential(nn.ConvTranspose2d(1, 1, 3)), PCM), InputError, "ConvTranspose2d has"),
        (lambda: convert(nn.Sequential(nn.LazyLinear(4)), PCM), InputError, "a LazyLinear has no place"),
        (lambda: convert(nn.Linear(4, 4), PCM, digital=["fc"]), InputError, "has no module 'fc'"),
        (lambda: convert(nn.Linear(4, 4), "loihi2"), MismatchError, "'loihi2' computes with whole numbers"),
        (lambda: NoisyConv2d(4, 4, 3, PCM, groups=3), InputError, "groups = 3 does not divide 4"),
        (lambda: NoisyConv2d(4, 4, 3, PCM, padding="full"), InputError, "or numbers, not 'full'"),
        (lambda: NoisyConv1d(4, 4, 3, PCM, padding_mode="wrap"), InputError, "circular, not 'wrap'"),
        (lambda: NoisyLinear(4, 3, PCM)(torch.ones(2, 8)), InputError, r"takes \(..., 4\), not \(2, 8\)"),
        (lambda: NoisyConv1d(4, 3, 3, PCM)(torch.ones(2, 3, 9)), InputError, "NoisyConv1d takes images of 4"),
    ],
)
def test_what_does_not_fit_is_one_sentence(use: Any, error: type[HwnoiseError], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        use()
    assert "\n" not in str(caught.value)
