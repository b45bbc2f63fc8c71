"""snnTorch's own neurons, stepped by hand: what our networks with time are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import snntorch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[Any]
KINDS = ("Leaky", "Synaptic", "RLeaky", "one to one")
RESETS = ("subtract", "zero", "none")
NETWORKS, INPUTS, HIDDEN, OUTPUTS = 100, 5, 4, 3  # networks side by side, and the sizes of each
torch.set_num_threads(1)


@dataclass(frozen=True)
class Rule:
    """One neuron of snnTorch and what it does at a spike."""

    kind: str
    reset: str
    delay: bool = True

    def __str__(self) -> str:
        return f"{self.kind}-{self.reset}-{'delayed' if self.delay else 'undelayed'}"


RULES = [
    *(Rule(kind, r, d) for kind in KINDS for r in RESETS for d in (True, False)),
    *(Rule("Lapicque", reset) for reset in RESETS),
]  # fmt: skip


def neuron(rule: Rule, n: int, decay: Any, threshold: Any = 1.0, **options: Any) -> nn.Module:
    """A neuron of ``rule`` for ``n`` inputs; recurrent weights are as torch draws them."""
    options = {"threshold": threshold, "reset_mechanism": rule.reset, **options}
    if rule.kind == "Lapicque":
        r = options.pop("R", 4.0)
        return snntorch.Lapicque(R=r, C=2.0, **options)
    options["reset_delay"] = rule.delay
    if rule.kind == "Synaptic":
        return snntorch.Synaptic(0.5, decay, **options)
    if rule.kind == "RLeaky":
        return snntorch.RLeaky(decay, linear_features=n, **options)
    if rule.kind == "one to one":
        return snntorch.RLeaky(decay, V=torch.full((n,), 0.25), all_to_all=False, **options)
    return snntorch.Leaky(decay, **options)


def networks(rule: Rule, rng: np.random.Generator, exact: bool) -> nn.Sequential:
    """``NETWORKS`` random networks of two layers side by side, as one chain of modules.

    With ``exact``, weights are sixteenths, and where our sums have another order than snnTorch's (in
    loops) nothing leaks: then no sum rounds.
    """
    layers: list[nn.Module] = []
    for n_in, n_out in ((INPUTS, HIDDEN), (HIDDEN, OUTPUTS)):
        dense = nn.Linear(NETWORKS * n_in, NETWORKS * n_out)
        _fill(dense, rng, exact)
        n = NETWORKS * n_out
        loops = rule.kind in ("RLeaky", "one to one")
        decay = torch.ones(n) if loops and exact else _each(rng, n_out, np.arange(1, 9) / 8)
        threshold = 1.0 if rule.kind == "Lapicque" else _each(rng, n_out, np.arange(2, 7) / 4)
        decay = decay if loops else decay.clamp(max=0.875)
        after = neuron(rule, n, decay, threshold, init_hidden=True, output=len(layers) > 0)
        if rule.kind == "RLeaky":
            _fill(after.recurrent, rng, exact)
        layers += [dense, after]
    snntorch.SpikingNeuron.init()
    return nn.Sequential(*layers)


def image_networks(rule: Rule, rng: np.random.Generator) -> nn.Sequential:
    """The same with a filter, a pool and a dense layer each, on images of 6 x 6 that all of them see."""
    filters = nn.Conv2d(1, NETWORKS, 3)
    weight = torch.tensor(rng.integers(-12, 21, (NETWORKS, 1, 3, 3)) / 16, dtype=torch.float32)
    filters.load_state_dict({"weight": weight, "bias": torch.zeros(NETWORKS)})
    dense = nn.Linear(4 * NETWORKS, OUTPUTS * NETWORKS)
    _fill(dense, rng, exact=True)
    layers: list[nn.Module] = []
    for places, before in (((1, 1), [filters]), ((), [nn.AvgPool2d(2), nn.Flatten(), dense])):
        n_out = 1 if places else OUTPUTS
        decay, threshold = (
            _each(rng, n_out, np.array(choices)).reshape(-1, *places)
            for choices in (np.arange(1, 8) / 8, np.arange(2, 7) / 4)
        )
        threshold = torch.tensor(1.0) if rule.kind == "Lapicque" else threshold
        n = NETWORKS * n_out
        layers += [*before, neuron(rule, n, decay, threshold, init_hidden=True, output=not places)]
    snntorch.SpikingNeuron.init()
    return nn.Sequential(*layers)


def run(model: nn.Sequential, x: Array) -> tuple[list[Array], list[Array], list[Array]]:
    """Spikes, membranes (rows, steps, n) and last membranes of every neuron, for ``x`` (rows, steps, n)."""
    neurons = [m for m in model if isinstance(m, snntorch.SpikingNeuron)]
    for each in neurons:
        each.reset_mem()
    spikes: list[list[Tensor]] = [[] for _ in neurons]
    membranes: list[list[Tensor]] = [[] for _ in neurons]
    with torch.no_grad():
        for now in torch.from_numpy(x).unbind(1):
            value = now
            for module in model:
                value = module(value)
                value = value[0] if isinstance(value, tuple) else value
                if isinstance(module, snntorch.SpikingNeuron):
                    at = neurons.index(module)
                    spikes[at].append(value)
                    membranes[at].append(module.mem)
    stacked = [[torch.stack(part, 1).numpy() for part in parts] for parts in (spikes, membranes)]
    return stacked[0], stacked[1], [part[:, -1] for part in stacked[1]]


def _each(rng: np.random.Generator, n_out: int, choices: Array) -> Tensor:
    """One number for each network, the same for all its neurons of a layer."""
    return torch.tensor(np.repeat(rng.choice(choices, NETWORKS), n_out), dtype=torch.float32)


def _fill(dense: nn.Linear, rng: np.random.Generator, exact: bool) -> None:
    """Random weights within each network, none between them."""
    rows, columns = dense.out_features // NETWORKS, dense.in_features // NETWORKS
    size = (NETWORKS, rows, columns)
    blocks = rng.integers(-12, 21, size) / 16 if exact else rng.uniform(-0.75, 1.25, size)
    weight = torch.block_diag(*torch.tensor(blocks, dtype=torch.float32))
    bias = torch.tensor(rng.integers(-2, 3, dense.out_features) / 16, dtype=torch.float32)
    dense.load_state_dict({"weight": weight, "bias": bias})


def inputs(rng: np.random.Generator, steps: int, rows: int = 1) -> Array:
    """Spikes (rows, steps, n) at a third of all places."""
    return (rng.random((rows, steps, NETWORKS * INPUTS)) < 1 / 3).astype(np.float32)
