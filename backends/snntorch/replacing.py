"""Put a user's torch model onto a chip: its linear maps become noisy modules, all else stays digital."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from torch import Tensor, nn

from hwnoise import substrate as substrates
from hwnoise.backends.snntorch.convolutions import NoisyConv1d, NoisyConv2d
from hwnoise.backends.snntorch.modules import NoisyLinear, NoisyModule
from hwnoise.backends.snntorch.neurons import forget
from hwnoise.errors import InputError
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

_LINEAR_MAPS = (nn.Linear, nn.Conv1d, nn.Conv2d)
_OTHER_MAPS = (
    nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Bilinear, nn.RNNBase,
    nn.RNNCellBase, nn.MultiheadAttention,
)  # fmt: skip


def convert(
    model: nn.Module,
    substrate: Substrate | str,
    *,
    seed: int = 0,
    headroom: float = 1.0,
    digital: Collection[str] = (),
) -> nn.Module:
    """Return a copy of ``model`` with its linear maps on a chip of the kind ``substrate``.

    Every ``Linear``, ``Conv1d`` and ``Conv2d`` keeps its weights, shared ones included. Everything else
    (neurons, activations, pools, normalisation) is computed as before: it is digital. Recurrent weights
    of snnTorch's RLeaky are on the chip, too.

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
    digital : collection of str
        Names of modules (``"features.0"``) that stay as they are, with all below them.

    Raises
    ------
    InputError, MismatchError
        If there is nothing to put on a chip, or a layer has no place there; it is named.

    Examples
    --------
    >>> convert(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), "pcm")[0].out_features
    2
    """
    kind = substrates.load(substrate) if isinstance(substrate, str) else substrate
    found = _copy_of(model)
    linear_maps = _linear_maps(found, digital)
    if not linear_maps:
        raise InputError("the model has no Linear, Conv1d or Conv2d to put on a chip")
    made: dict[int, NoisyModule] = {}
    for path, module in linear_maps.items():
        if id(module) not in made:
            made[id(module)] = _on_chip(path or "model", module, kind, seed, headroom)
        if not path:
            return made[id(module)]
        above, _, name = path.rpartition(".")
        setattr(found.get_submodule(above), name, made[id(module)])
    return found


def noisy_modules(model: nn.Module) -> list[NoisyModule]:
    """The modules of ``model`` that are on a chip, to redraw them or to let time pass."""
    return [module for module in model.modules() if isinstance(module, NoisyModule)]


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


def _linear_maps(model: nn.Module, digital: Collection[str]) -> dict[str, Any]:
    """The modules to be put on a chip, by their places in the model: a shared one has several."""
    modules = dict(model.named_modules(remove_duplicate=False))
    for name in digital:
        if name not in modules or not name:
            raise InputError(f"digital: the model has no module {name!r}")
    found = {}
    for path, module in modules.items():
        if any(path == name or path.startswith(f"{name}.") for name in digital):
            continue
        if type(module) in _LINEAR_MAPS and isinstance(module.weight, nn.Parameter):
            found[path] = module
        elif isinstance(module, (*_LINEAR_MAPS, *_OTHER_MAPS)):
            raise InputError(
                f"{path or 'model'}: a {type(module).__name__} has no place on a chip, as Linear, Conv1d and "
                f"Conv2d have; convert(..., digital=[{path!r}]) leaves it digital"
            )
    return found


def _on_chip(path: str, module: Any, kind: Substrate, seed: int, headroom: float) -> NoisyModule:
    """The noisy module that has the very weights of ``module``; its chips are a stream of its own."""
    common: dict[str, Any] = {
        "bias": module.bias is not None, "seed": int(Stream(seed, path).key) >> 1, "headroom": headroom,
    }  # fmt: skip
    if isinstance(module, nn.Linear):
        found: NoisyModule = NoisyLinear(module.in_features, module.out_features, kind, **common)
    else:
        found = _convolution(module, kind, common)
    found.weight, found.bias = module.weight, module.bias
    return found.to(module.weight.device).train(module.training)


def _convolution(module: nn.Conv1d | nn.Conv2d, kind: Substrate, common: dict[str, Any]) -> NoisyModule:
    is_line = isinstance(module, nn.Conv1d)

    def size(value: Any) -> Any:
        """One number of a line, two of an image; a padding may be a word."""
        return value if isinstance(value, str) else value[0] if is_line else (value[0], value[1])

    make = NoisyConv1d if is_line else NoisyConv2d
    geometry = {key: size(getattr(module, key)) for key in ("stride", "padding", "dilation")}
    options = {"groups": module.groups, "padding_mode": module.padding_mode, **geometry, **common}
    return make(module.in_channels, module.out_channels, size(module.kernel_size), kind, **options)
