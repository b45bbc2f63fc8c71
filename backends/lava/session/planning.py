"""From an integer network to the graph of a session: Dense as Lava has it, neurons and learners ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from hwnoise.backends.emulator.integer.releases import Law
from hwnoise.backends.lava import layout, stand_ins
from hwnoise.backends.lava.depths import depths
from hwnoise.backends.lava.plan import Plan, Population, Process, Shape
from hwnoise.backends.lava.session.board import Layout
from hwnoise.backends.lava.session.diary import Synapses
from hwnoise.backends.lava.session.score import Score
from hwnoise.devices.loihi_noise import LoihiNoise
from hwnoise.errors import MismatchError
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses
from hwnoise.quantization import check_ranges


@dataclass(frozen=True, eq=False)
class SessionPlan:
    """A graph that can be run again and again, as data.

    Attributes
    ----------
    plan : Plan
        Processes and wires; ``steps`` is 0, for a session has no length of its own.
    layers : tuple of Synapses
        Each gets a Learner.
    gap : int
        Steps between rows in which what is still under way round a loop dies out.
    """

    plan: Plan
    layers: tuple[Synapses, ...]
    gap: int

    def board(self, steps: int) -> Layout:
        """Return the arrays that the processes share, for runs of up to ``steps`` steps, rows counted."""
        shared = {**Score.layout(steps), "samples": ((steps, *self.plan.input_shape), "int32")}
        for population in self.plan.populations:
            shared[f"{population.name}/states"] = ((3, *population.shape), "int32")
            shared[f"{population.name}/losses"] = ((2,), "int64")
            shared[f"{population.name}/factors"] = ((3,), "int32")
        for layer in self.layers:
            shared |= layer.layout(steps)
        return shared


def plan_session(
    network: IntegerNetwork,
    noise: LoihiNoise | None,
    keys: Mapping[str, int],
    laws: Mapping[str, Law] = MappingProxyType({}),
) -> SessionPlan:
    """Return the graph for ``network``.

    ``keys`` are those of each population's noise, ``laws`` those of the synapses that release at random.

    Raises
    ------
    InputError
        For a number outside the range that the chip has for it.
    MismatchError
        For a network with images, pooling or delays, or with ways of unequal length.
    """
    check_ranges(network)
    for name, node in network.nodes.items():
        _require_plain(name, node)
    lags, has_loops = depths(network)
    populations = tuple(Population(name, node.shape, lags[name]) for name, node in network.neurons.items())
    processes = [
        _releasing(name, node, laws[name], lags[_target(name, network)])
        if name in laws
        else _dense(name, node, network)
        for name, node in network.synapses.items()
    ]
    processes += [
        _neurons(name, node, lags[name], noise, keys[name]) for name, node in network.neurons.items()
    ]
    wires = tuple((a, b) for a, b in network.edges if b != "output")
    output = network.sources("output")[0]
    plan = Plan(0, layout.input_shape(network), tuple(processes), wires, populations, output, not has_loops)
    layers = tuple(_layer(name, node, network, lags) for name, node in network.synapses.items())
    return SessionPlan(plan, layers, max(lags.values()) if has_loops else 0)


def _require_plain(name: str, node: IntegerSynapses | IntegerNeurons) -> None:
    if isinstance(node, IntegerNeurons) and node.kind == "adaptive":
        raise MismatchError(
            f"neurons {name!r} have a threshold that rises with each spike, which those of the lava backend "
            "have not: run them on the emulator"
        )
    reason = ""
    if isinstance(node, IntegerSynapses):
        if node.geometry:
            reason = f"is a {node.geometry['kind']}"
        elif node.delay is not None and node.delay.any():
            reason = "has delays"
    elif len(node.shape) != 1:
        reason = "is an image"
    elif node.kind == "graded":
        reason = "sends graded spikes"
    if reason:
        raise MismatchError(
            f"node {name!r} {reason}, and the lava backend runs dense layers of neurons with noise: "
            "train on the emulator, and take what comes out to Lava by hwnoise deploy"
        )


def _dense(name: str, node: IntegerSynapses, network: IntegerNetwork) -> Process:
    """Return a Dense even where few weights are not 0: a Learner writes the whole matrix."""
    return replace(stand_ins.synapses(name, node, network), kind="Dense")


def _releasing(name: str, node: IntegerSynapses, law: Law, depth: int) -> Process:
    settings = {
        "weights": node.weight,
        "depth": depth,
        "exponents": (node.exponent, node.exponent + law.lift),
        "last": law.last,
        "keys": law.keys,
        "graded": node.message_bits > 0,
    }
    n_out, n_in = node.weight.shape
    return Process(name, "ReleasingDense", settings, (n_in,), (n_out,))


def _target(name: str, network: IntegerNetwork) -> str:
    return next(b for a, b in network.edges if a == name)


def _neurons(name: str, node: IntegerNeurons, depth: int, noise: LoihiNoise | None, key: int) -> Process:
    low = node.vth_low << 6 if node.kind == "ternary" else -(2**30)  # below any membrane
    rule = (node.du + 1, node.dv, low, node.vth << 6, node.refractory)
    settings = {
        "shape": node.shape,
        "depth": depth,
        "rule": np.array(rule, np.int32),
        "bias_mant": layout.full(node.bias_mant, node.shape),
        "bias_exp": node.bias_exp,
        "key": int(key),
        "noise": () if noise is None else (noise.mantissa, noise.exponent),
        "on_membrane": noise is not None and noise.target == "membrane",
    }
    return Process(name, "NoisyLIF", settings, node.shape, node.shape)


def _layer(name: str, node: IntegerSynapses, network: IntegerNetwork, lags: Mapping[str, int]) -> Synapses:
    target = _target(name, network)
    neurons = network.neurons[target]
    shape: Shape = node.weight.shape
    return Synapses(
        name,
        network.sources(name)[0],
        target,
        n_in=shape[1],
        n_out=shape[0],
        depth=lags[target],
        keep=1 - neurons.dv / 4096,
        scale=neurons.scale,
        offset=neurons.offset,
        integrates=neurons.kind == "li",
        first=network.sources(target)[0] == name,
    )
