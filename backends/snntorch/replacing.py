"""Put a user's torch model onto a chip: its linear maps become noisy modules, all else stays digital."""

from __future__ import annotations

import copy

from torch import Tensor, nn

from hwnoise import substrate as substrates
from hwnoise.backends.snntorch.modules import NoisyConv2d, NoisyLinear, NoisyModule
from hwnoise.backends.snntorch.neurons import forget
from hwnoise.errors import InputError
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate


def convert(
    model: nn.Module, substrate: Substrate | str, *, seed: int = 0, headroom: float = 1.0
) -> nn.Module:
    """Return a copy of ``model`` with every ``Linear`` and ``Conv2d`` on a chip of the kind ``substrate``.

    Weights are copied. Everything else (neurons, activations, pools, normalisation) is computed as
    before: it is digital. Recurrent weights of snnTorch's RLeaky are on the chip, too.

    Parameters
    ----------
    model : Module
        ``nn.Sequential``, an snnTorch model, or any other.
    substrate : Substrate or str
        A kind of chip, a preset's name or a TOML file.
    seed : int
        Of the chips.
    headroom : float
        Range of the devices over the largest weight, 1 to 100.

    Raises
    ------
    InputError
        If there is nothing to put on a chip, or a layer has no place there.

    Examples
    --------
    >>> convert(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), "pcm")[0].out_features
    2
    """
    kind = substrates.load(substrate) if isinstance(substrate, str) else substrate
    if type(model) in (nn.Linear, nn.Conv2d):
        return _on_chip("model", model, kind, seed, headroom)
    found = _copy_of(model)
    if not _replace_below(found, "", kind, seed, headroom):
        raise InputError("the model has no Linear and no Conv2d to put on a chip")
    return found


def _copy_of(model: nn.Module) -> nn.Module:
    """A copy whose neurons hold what they held, without the graph of the run that left it there."""
    held = (
        value
        for module in model.modules()
        for value in (*module._buffers.values(), *vars(module).values())
        if isinstance(value, Tensor) and value.grad_fn is not None
    )
    found = copy.deepcopy(model, {id(value): value.detach().clone() for value in held})
    forget(found)
    return found


def noisy_modules(model: nn.Module) -> list[NoisyModule]:
    """The modules of ``model`` that are on a chip, to redraw them or to let time pass."""
    return [module for module in model.modules() if isinstance(module, NoisyModule)]


def _replace_below(module: nn.Module, path: str, kind: Substrate, seed: int, headroom: float) -> int:
    """Replace what lies below ``module``; return how many modules that were."""
    count = 0
    for name, child in module.named_children():
        where = f"{path}.{name}" if path else name
        if type(child) in (nn.Linear, nn.Conv2d):
            setattr(module, name, _on_chip(where, child, kind, seed, headroom))
            count += 1
        else:
            count += _replace_below(child, where, kind, seed, headroom)
    return count


def _on_chip(path: str, module: nn.Module, kind: Substrate, seed: int, headroom: float) -> NoisyModule:
    """The noisy module that has the weights of ``module``; its chips are a stream of its own."""
    own = int(Stream(seed, path).key) >> 1
    has_bias = module.bias is not None
    if isinstance(module, nn.Linear):
        sizes = module.in_features, module.out_features
        found: NoisyModule = NoisyLinear(*sizes, kind, bias=has_bias, seed=own, headroom=headroom)
    else:
        assert isinstance(module, nn.Conv2d)
        found = _convolution(path, module, kind, own, headroom)
    found.load_state_dict(module.state_dict(), strict=False)
    return found.to(module.weight.device).train(module.training)


def _convolution(path: str, module: nn.Conv2d, kind: Substrate, seed: int, headroom: float) -> NoisyConv2d:
    if module.groups != 1 or module.padding_mode != "zeros" or isinstance(module.padding, str):
        raise InputError(
            f"{path}: a convolution on a chip has groups = 1 and a number of zeros as padding, "
            f"not groups = {module.groups}, padding = {module.padding!r} of {module.padding_mode}"
        )
    return NoisyConv2d(
        module.in_channels, module.out_channels, _two(module.kernel_size), kind,
        stride=_two(module.stride), padding=_two(module.padding), dilation=_two(module.dilation),
        bias=module.bias is not None, seed=seed, headroom=headroom,
    )  # fmt: skip


def _two(values: tuple[int, ...]) -> tuple[int, int]:
    return values[0], values[1]
