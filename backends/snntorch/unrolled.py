"""The graph of a run through time: what every node did, linked by derivatives instead of physics."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.timed.array_stage import ArrayStage
from hwnoise.backends.emulator.timed.convolution import ConvolutionStage
from hwnoise.backends.emulator.timed.plan import Part, parts_of, sources_of
from hwnoise.backends.emulator.timed.population import Population
from hwnoise.backends.emulator.timed.reading import Seen
from hwnoise.backends.emulator.timed.stage import Stage
from hwnoise.backends.snntorch.activations import activate
from hwnoise.backends.snntorch.neurons import scan
from hwnoise.backends.snntorch.rule_neurons import State
from hwnoise.backends.snntorch.stages import TorchPopulation
from hwnoise.backends.snntorch.straight_through import smooth_read, straight_through
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.nodes import (
    AvgPool2d,
    Delay,
    Flatten,
    Input,
    Node,
    Output,
    Relu,
    Scale,
    Shape,
    Sigmoid,
    Softmax,
    SumPool2d,
    Tanh,
)
from hwnoise.patches import Patches
from hwnoise.stepping import checked_dt, delay_steps

Map = Callable[[Tensor], Tensor]
_ACTIVATIONS: dict[type[Node], str] = {Relu: "relu", Tanh: "tanh", Sigmoid: "sigmoid", Softmax: "softmax"}


class Unrolled:
    """Links what ``seen`` holds of a run: arrays give what they gave, neurons run again with a graph.

    Parameters
    ----------
    network : Network
    stages : mapping of str to Stage
    seen : Seen
    leaves : mapping of str to Tensor
        The parameters that derivatives are taken by.
    device : torch.device
    """

    def __init__(
        self,
        network: Network,
        stages: Mapping[str, Stage],
        seen: Seen,
        leaves: Mapping[str, Tensor],
        device: torch.device,
    ) -> None:
        self._network, self._stages, self._seen, self._leaves = network, stages, seen, leaves
        self._device, self._sources = device, sources_of(network)

    def output(self) -> Tensor:
        """What the network gave (rows, steps, n_out), with its graph."""
        gave: dict[str, Tensor] = {}
        for part in parts_of(self._network):
            if part.is_loop:
                self._carry_loop(part, gave)
            else:
                (name,) = part.names
                gave[name] = self._carry(name, self._fed(name, gave))
        name = next(n for n, node in self._network.nodes.items() if isinstance(node, Output))
        return gave[name]

    def _fed(self, name: str, gave: Mapping[str, Tensor]) -> Tensor:
        """What arrives at a node."""
        sources = [gave[n] for n in self._sources[name]]
        if not sources:
            return torch.as_tensor(self._seen.given[name], device=self._device)
        return sources[0] if len(sources) == 1 else torch.stack(sources).sum(dim=0)

    def _carry(self, name: str, x: Tensor) -> Tensor:
        """All steps of ``x`` (rows, steps, n) through one node."""
        stage, node = self._stages[name], self._network.nodes[name]
        if isinstance(stage, ArrayStage):
            return self._read(name, stage, x, slice(None))
        if isinstance(stage, TorchPopulation):
            return scan(stage.neurons, x, self._rest(stage, len(x)))[0]
        if isinstance(node, Delay):
            return _delayed(x, delay_steps(node, checked_dt(self._network, name)).tolist())
        flat = map_of(name, node, self._network.input_shapes[name])(x.flatten(0, 1))
        return flat.reshape(*x.shape[:2], -1)

    def _read(self, name: str, stage: ArrayStage, x: Tensor, steps: slice) -> Tensor:
        """What an array gave at ``steps``, differentiated as a smooth read of ``x`` (rows, steps, n_in).

        In a loop, steps are read apart: weights are then taken as they were when each row began.
        """
        gave = torch.as_tensor(self._seen.gave[name].out[:, steps], device=self._device)
        weight, bias = self._leaves[f"{name}.weight"].flatten(1), self._leaves[f"{name}.bias"]
        rows, layer = x.flatten(0, 1), stage.layer
        if isinstance(stage, ConvolutionStage):
            nodes = _smooth_groups(layer, _taken(stage.patches, rows), self._seen.tick * layer.rate, weight)
            smooth = (nodes + bias).reshape(len(rows), stage.patches.count, -1).transpose(1, 2)
        else:
            smooth = smooth_read(layer, rows, self._seen.tick, weight) + bias
        return straight_through(gave, smooth.reshape(gave.shape))

    def _rest(self, stage: Population, rows: int) -> State:
        return {k: torch.as_tensor(v, device=self._device) for k, v in stage.begin(rows).items()}

    def _carry_loop(self, part: Part, gave: dict[str, Tensor]) -> None:
        """The nodes of a loop, step by step; an edge that runs backwards carries the step before."""
        rows, steps, _ = self._seen.gave[part.names[0]].out.shape
        states = {n: self._rest(s, rows) for n in part.names if isinstance(s := self._stages[n], Population)}
        sizes = {n: self._seen.gave[n].out.shape[-1] for n in part.names}
        before = {n: torch.zeros(rows, size, device=self._device) for n, size in sizes.items()}
        found: dict[str, list[Tensor]] = {n: [] for n in part.names}
        for t in range(steps):
            now: dict[str, Tensor] = {}
            for name in part.names:
                outside = {n: gave[n][:, t] for n in self._sources[name] if n not in found}
                now[name] = self._step(name, self._fed(name, {**before, **outside, **now}), states, t)
                found[name].append(now[name])
            before = now
        gave.update({n: torch.stack(values, dim=1) for n, values in found.items()})

    def _step(self, name: str, x: Tensor, states: dict[str, State], t: int) -> Tensor:
        """One step of ``x`` (rows, n) through a node of a loop."""
        stage = self._stages[name]
        if isinstance(stage, TorchPopulation):
            out: Tensor
            out, _, states[name] = stage.neurons(x, states[name])
            return out
        if isinstance(stage, ArrayStage):
            return self._read(name, stage, x[:, None], slice(t, t + 1))[:, 0]
        if isinstance(self._network.nodes[name], Delay):
            raise MismatchError(f"node {name!r}: derivatives do not go through a delay in a loop")
        return map_of(name, self._network.nodes[name], self._network.input_shapes[name])(x)


def _smooth_groups(layer: Layer, x: Tensor, tick: int, weight: Tensor) -> Tensor:
    """A smooth read of every group of ``layer``, each of its share of the inputs ``x`` (rows, n)."""
    count = len(layer.parts)
    shares = zip(layer.parts, x.chunk(count, dim=1), weight.chunk(count), strict=True)
    return torch.cat([smooth_read(part, seen, tick, own) for part, seen, own in shares], dim=1)


def map_of(name: str, node: Node, shape: Shape) -> Map:
    """What ``node`` does to flat rows (rows, n), each an input of ``shape``.

    Raises
    ------
    MismatchError
        If it has no derivative here.
    """
    if isinstance(node, (Input, Output, Flatten)):
        return lambda x: x
    if isinstance(node, Scale):
        scale = torch.tensor(node.scale.ravel())
        return lambda x: x * scale.to(x)
    if isinstance(node, (SumPool2d, AvgPool2d)):
        return lambda x: _pooled(node, x.reshape(-1, *shape))
    if type(node) in _ACTIVATIONS:
        kind = _ACTIVATIONS[type(node)]
        return lambda x: activate(kind, x.reshape(-1, *shape)).flatten(1)
    raise MismatchError(f"node {name!r}: the snntorch backend has no derivative of {node.kind}")


def _pooled(node: SumPool2d | AvgPool2d, x: Tensor) -> Tensor:
    """Sum or mean of each window of ``x`` (rows, channels, height, width), flat per row."""
    assert not isinstance(node.padding, str)
    mean = functional.avg_pool2d(x, node.kernel_size, node.stride, node.padding)
    size = node.kernel_size[0] * node.kernel_size[1] if isinstance(node, SumPool2d) else 1
    return (mean * size).flatten(1)


def _taken(patches: Patches, x: Tensor) -> Tensor:
    """The patches of ``x`` (rows, n), one row for each place, as ``Patches.taken`` has them."""
    (top, bottom), (left, right) = patches.padding
    images = functional.pad(x.reshape(-1, *patches.shape), (left, right, top, bottom))
    windows = functional.unfold(images, patches.kernel, patches.dilation, 0, patches.stride)
    return windows.transpose(1, 2).flatten(0, 1)


def _delayed(x: Tensor, lags: list[int]) -> Tensor:
    """What arrived ``lags[j]`` steps before each step, element by element."""
    steps = x.shape[1]
    late = [min(lag, steps) for lag in lags]
    parts = [functional.pad(x[:, : steps - lag, j], (lag, 0)) for j, lag in enumerate(late)]
    return torch.stack(parts, dim=-1)
