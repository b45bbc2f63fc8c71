"""Weights that another tool saved by name: which layer of a network each of them belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.network import Network

Array = NDArray[Any]
Module = dict[str, Array]
_OF_A_CHIP = ("chip", "tick")  # which chip a noisy module was on, and for how long


def with_foreign_weights(
    network: Network, arrays: Mapping[str, Array], source: str, *, in_order: bool = True
) -> Network:
    """Return ``network`` with weights and biases of another tool.

    Names of the network's own parameters are taken by name. Any others are taken by place: names differ
    between tools, the order of layers does not. A module without bias leaves its layer a bias of zero.

    Parameters
    ----------
    network : Network
    arrays : mapping of str to array
        ``"<module>.weight"`` and ``"<module>.bias"``.
    source : str
        Where they come from, to be named when they do not fit.
    in_order : bool
        Whether modules follow each other in ``arrays`` as in the network; if not, they are ordered by the
        numbers in their names, or by their shapes where these leave no choice.

    Raises
    ------
    InputError
        One sentence: what does not fit, and what was expected.
    """
    own, modules = network.parameters(), _modules(arrays, source)
    layers = [name.rpartition(".")[0] for name in own if name.endswith(".weight")]
    if len(modules) != len(layers):
        count = f"{len(modules)} layer{'s' * (len(modules) != 1)}"
        raise InputError(f"{source}: has weights of {count}, the network of {len(layers)}")
    if set(modules) == set(layers):
        names = layers
    elif in_order:
        names = list(modules)
    else:
        names = _ordered(modules, [own[f"{layer}.weight"] for layer in layers], source)
    found: dict[str, Array] = {}
    for layer, name in zip(layers, names, strict=True):
        found |= _of_layer(layer, name, modules[name], own, source)
    return network.with_parameters(found)


def sizes_of(arrays: Mapping[str, Array]) -> str | None:
    """Layer sizes such as ``"784-64-10"`` if ``arrays``, in order, are the matrices of a perceptron."""
    shapes = [a.shape for name, a in arrays.items() if name.rpartition(".")[2] == "weight"]
    chained = all(len(shape) == 2 for shape in shapes) and all(
        after[1] == before[0] for before, after in pairwise(shapes)
    )
    if not shapes or not chained:
        return None
    return "-".join(map(str, [shapes[0][1], *(shape[0] for shape in shapes)]))


def _modules(arrays: Mapping[str, Array], source: str) -> dict[str, Module]:
    """Arrays by module and kind; InputError for what is neither weight nor bias."""
    found: dict[str, Module] = {}
    for key, values in arrays.items():
        name, _, kind = key.rpartition(".")
        if kind in _OF_A_CHIP:
            continue
        if kind not in ("weight", "bias"):
            raise InputError(
                f"{source}: {key!r} is neither a weight nor a bias, and would be lost; "
                "write the whole network by nir_io.write(path, hwnoise.backends.snntorch.to_network(model))"
            )
        found.setdefault(name, {})[kind] = np.asarray(values)
    alone = next((name for name, module in found.items() if "weight" not in module), None)
    if alone is not None:
        raise InputError(f"{source}: '{alone}.bias' has no weight beside it")
    return found


def _ordered(modules: Mapping[str, Module], wanted: list[Array], source: str) -> list[str]:
    """Names of ``modules`` in the order of the network's weights ``wanted``."""
    patterns = {re.sub(r"\d+", "#", name) for name in modules}
    if len(patterns) == 1:
        return sorted(modules, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])
    found = []
    for weight in wanted:
        same = [name for name, module in modules.items() if module["weight"].shape == weight.shape]
        if len(same) != 1:
            raise InputError(
                f"{source}: no order of {', '.join(modules)} can be seen from their names, and "
                f"{len(same)} of them have the shape {weight.shape}: number the modules, or take a .pt file"
            )
        found += same
    return found


def _of_layer(
    layer: str, name: str, module: Module, own: Mapping[str, Array], source: str
) -> dict[str, Array]:
    """The parameters of one layer; a bias that the module lacks is zero."""
    weight = own[f"{layer}.weight"]
    wanted = {"weight": weight.shape, "bias": weight.shape[:1]}
    for kind, values in module.items():
        if values.shape != wanted[kind]:
            raise InputError(
                f"{source}: {name}.{kind} has shape {values.shape}, and {layer}.{kind} of the network "
                f"{wanted[kind]}"
            )
        if not np.isfinite(values).all():
            raise InputError(f"{source}: {name}.{kind} holds numbers that are not finite")
    found = {f"{layer}.{kind}": values for kind, values in module.items()}
    lacks_bias = f"{layer}.bias" in own and "bias" not in module
    return found | ({f"{layer}.bias": np.zeros(len(weight), weight.dtype)} if lacks_bias else {})
