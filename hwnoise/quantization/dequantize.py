"""The float network that an integer network is: the same on a chip, bit for bit."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError, MismatchError
from hwnoise.graph import Edge
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses
from hwnoise.network import Network
from hwnoise.nodes import (
    IF,
    LI,
    LIF,
    Affine,
    AvgPool2d,
    Conv2d,
    CubaLI,
    CubaLIF,
    Delay,
    Flatten,
    Input,
    Integrator,
    Linear,
    Node,
    Output,
    SumPool2d,
)
from hwnoise.nodes.spiking import AdaptiveLIF, GradedLIF, RefractoryLIF, TernaryLIF
from hwnoise.quantization.numbers import NeuronNumbers, SynapseNumbers, as_metadata

Array = NDArray[Any]
_CONVENTION = {"gain": "unit", "synapse_gain": "unit"}
_SLOWEST = 2**20  # steps of a time constant that stands for no decay at all


def dequantize(integers: IntegerNetwork) -> Network:
    """Return ``integers`` as a float network, whose quantization gives them back, bit for bit.

    Neurons have the equations of Lava's floating-point ones: inputs enter membranes as they are.

    Raises
    ------
    InputError, MismatchError
        If dt is not stated, or no float node has the delays or the biases of a layer.
    """
    if integers.dt is None:
        raise InputError("the integer network does not state dt, the seconds that a step stands for")
    if any(node.arithmetic != "loihi" for node in integers.neurons.values()):
        raise MismatchError("only integers of Loihi's arithmetic have a float network here")
    nodes: dict[str, Node] = {"input": Input(_input_shape(integers))}
    edges: list[Edge] = []
    for name, node in integers.nodes.items():
        sources = integers.sources(name)
        if isinstance(node, IntegerNeurons):
            nodes[name] = _neurons(integers, name, node)
            edges += [(source, name) for source in sources]
        else:
            edges += _lead_in(integers, name, node, sources[0], nodes)
            nodes[name] = _synapses(integers, name, node)
    nodes["output"] = Output(integers.neurons[integers.sources("output")[0]].shape)
    edges.append((integers.sources("output")[0], "output"))
    metadata = {"convention": _CONVENTION, "integers": as_metadata(_numbers(integers))}
    return Network(nodes, tuple(edges), dt=integers.dt, reset="zero", metadata=metadata)


def _numbers(integers: IntegerNetwork) -> dict[str, SynapseNumbers | NeuronNumbers]:
    """The numbers of every node; biases are whole in the float network, the leak's part too."""
    found: dict[str, SynapseNumbers | NeuronNumbers] = {}
    for name, node in integers.nodes.items():
        kind: Any = NeuronNumbers if isinstance(node, IntegerNeurons) else SynapseNumbers
        shared = {f.name for f in fields(kind)} & {f.name for f in fields(node)}
        found[name] = kind(**{key: getattr(node, key) for key in shared})
    return found


def _input_shape(integers: IntegerNetwork) -> tuple[int, ...]:
    first = next(node for name, node in integers.synapses.items() if "input" in integers.sources(name))
    return _taken(first)


def _taken(node: IntegerSynapses) -> tuple[int, ...]:
    return tuple(node.geometry["input_shape"]) if node.geometry else (node.weight.shape[1],)


def _lead_in(
    integers: IntegerNetwork, name: str, node: IntegerSynapses, source: str, nodes: dict[str, Node]
) -> list[Edge]:
    """Edges from ``source`` to synapses; images are flattened and inputs delayed on the way."""
    way = [source]
    before = integers.nodes.get(source)
    shape = before.shape if isinstance(before, IntegerNeurons) else _taken(node)
    if isinstance(before, IntegerSynapses):
        shape = tuple(before.geometry["output_shape"])
    if len(shape) > 1 and not node.geometry:
        way.append(f"{name}_flatten")
        nodes[way[-1]] = Flatten()
    if node.delay is not None:
        if (node.delay != node.delay[0]).any():
            raise MismatchError(f"layer {name!r}: delays of single synapses, and a float node delays inputs")
        way.append(f"{name}_delay")
        nodes[way[-1]] = Delay(node.delay[0] * (integers.dt or 0.0))
    return list(zip(way, [*way[1:], name], strict=True))


def _synapses(integers: IntegerNetwork, name: str, node: IntegerSynapses) -> Node:
    if node.is_relay:
        area, shape = np.prod(node.weight.shape[2:]), node.geometry
        averages = abs(node.weight.flat[0] * node.unit * area - 1) < 0.5 * (area > 1)
        kind = AvgPool2d if averages else SumPool2d
        return kind(node.weight.shape[2:], shape["stride"], shape["padding"])
    before = integers.nodes.get(integers.sources(name)[0])
    factor = 1.0 if before is None else before.spike_unit
    weight = node.weight * (node.unit / factor)
    bias = _bias(integers, name, node)
    if node.geometry:
        given = {key: node.geometry[key] for key in ("stride", "padding", "dilation", "groups")}
        return Conv2d(weight, np.zeros(len(weight)) if bias is None else bias, **given)
    return Linear(weight) if bias is None else Affine(weight, bias)


def _bias(integers: IntegerNetwork, name: str, node: IntegerSynapses) -> Array | None:
    """The biases of the neurons behind, for the first of the synapses that feed them."""
    target = next(b for a, b in integers.edges if a == name)
    neurons = integers.neurons[target]
    if integers.sources(target)[0] != name or not neurons.bias_mant.any():
        return None
    mantissa = np.broadcast_to(neurons.bias_mant, neurons.n).reshape(len(node.weight), -1)
    if (mantissa != mantissa[:, :1]).any():
        raise MismatchError(f"layer {name!r}: biases differ within a channel, and a float node has one each")
    unit = node.scale / 64 * (neurons.du + 1) / 4096 * 2.0**neurons.bias_exp
    return np.asarray(mantissa[:, 0] * unit)


def _neurons(integers: IntegerNetwork, name: str, node: IntegerNeurons) -> Node:
    dt = integers.dt or 0.0
    first = integers.synapses[integers.sources(name)[0]]
    unit = node.rules.align * node.scale
    gain = unit / first.scale
    between = 0.5 * (node.kind == "graded")  # whole membranes, one of which may be the threshold
    values = {
        "r": gain,
        "tau": dt * min(4096 / node.dv, _SLOWEST) if node.dv else dt * _SLOWEST,
        "tau_syn": dt * 4096 / (node.du + 1),
        "v_leak": node.offset,
        "v_reset": node.offset,
        "v_threshold": (node.vth + between) * unit + node.offset,
        "v_low": node.vth_low * unit + node.offset,
        "refractory": node.refractory * dt,
        "tau_adaptation": dt * (4096 / node.dtheta if node.dtheta else _SLOWEST),
        "adaptation": node.theta_step * unit,
        "w_in": 1.0,
    }
    values["tau_mem"] = values["tau"]
    kind: Any = _kind(name, node)
    wide = np.ones(node.shape)
    return kind(**{f.name: values[f.name] * wide for f in fields(kind)})  # type: ignore[no-any-return]  # one of _kind's


def _kind(name: str, node: IntegerNeurons) -> type[Node]:
    by_kind: dict[str, type[Node]] = {"ternary": TernaryLIF, "adaptive": AdaptiveLIF, "graded": GradedLIF}
    special = by_kind.get(node.kind, RefractoryLIF if node.refractory else None)
    if special is not None:
        if node.du != 4095 or (node.kind in by_kind and node.refractory):
            raise MismatchError(f"neurons {name!r}: no float node is {node.kind}, with a current or a rest")
        return special
    if node.du != 4095:
        return CubaLI if node.kind == "li" else CubaLIF
    if node.dv == 0:
        return Integrator if node.kind == "li" else IF
    return LI if node.kind == "li" else LIF
