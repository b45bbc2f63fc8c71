"""From an integer network to the plan of its Lava graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hwnoise.backends.lava import layout, stand_ins
from hwnoise.backends.lava.depths import depths
from hwnoise.backends.lava.plan import Plan, Population, Process
from hwnoise.errors import MismatchError
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses
from hwnoise.quantization import check_ranges


def make_plan(network: IntegerNetwork, steps: int) -> Plan:
    """Return the graph for presentations of ``steps`` steps each.

    Raises
    ------
    InputError
        For a number outside the range that the chip has for it, and for a graph that Lava's
        processes cannot stand for.
    """
    _check(network)
    lags, has_loops = depths(network)
    seamless = not has_loops and not any(map(_outlives, network.nodes.values()))
    processes: list[Process] = []
    populations: list[Population] = []
    for name, node in network.nodes.items():
        if isinstance(node, IntegerSynapses):
            processes.append(stand_ins.synapses(name, node, network))
            continue
        reset = (steps, lags[name] + 1) if seamless else None
        process, population = stand_ins.neurons(name, node, reset), Population(name, node.shape, lags[name])
        if not seamless:
            process, population = _waiting(process, population)
        processes.append(process)
        populations.append(population)
    wires = tuple((a, b) for a, b in network.edges if b != "output")
    output = next(a for a, b in network.edges if b == "output")
    shape = layout.input_shape(network)
    return Plan(steps, shape, tuple(processes), wires, tuple(populations), output, seamless)


def _check(network: IntegerNetwork) -> None:
    check_ranges(network)
    for name, node in network.neurons.items():
        if node.refractory:
            raise MismatchError(
                f"neurons {name!r} wait {node.refractory} steps after a spike, "
                "and Lava has no fixed-point model of that"
            )
        if node.kind == "adaptive":
            raise MismatchError(
                f"neurons {name!r} have a threshold that rises with each spike, and Lava's ATRLIF moves its "
                "own by another rule: run them on the emulator"
            )


def _outlives(node: IntegerSynapses | IntegerNeurons) -> bool:
    """Whether something of a sample is left in ``node`` that LIFReset does not clear."""
    if isinstance(node, IntegerNeurons):
        return node.kind == "ternary"
    return node.delay is not None and bool(node.delay.any())


def _waiting(process: Process, population: Population) -> tuple[Process, Population]:
    """Take a bias out of the process, to be set when the population's first step comes."""
    bias = process.settings.get("bias_mant")
    if bias is None or not bias.any():
        return process, population
    silent = replace(process, settings=process.settings | {"bias_mant": np.zeros_like(bias)})
    return silent, replace(population, late_bias=bias)
