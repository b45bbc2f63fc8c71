"""Multilayer perceptrons of spiking neurons, from a few sizes: ``784-128-10``."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from hwnoise.errors import InputError
from hwnoise.graph import Edge
from hwnoise.mlp import draw_weight
from hwnoise.nodes import LI, LIF, Affine, Input, Neuron, Node, Output

READOUTS = ("li", "lif")


def draw_spiking_mlp(
    sizes: tuple[int, ...], generator: np.random.Generator, tau: float, dt: float, gain: float, readout: str
) -> tuple[dict[str, Node], tuple[Edge, ...]]:
    """Return the nodes and edges of a spiking perceptron with random weights and zero biases.

    See :meth:`hwnoise.network.Network.spiking`, the door to this.
    """
    _check(tau, dt, gain, readout)
    nodes: dict[str, Node] = {"input": Input((sizes[0],))}
    for layer, (n_in, n_out) in enumerate(pairwise(sizes), 1):
        is_last = layer == len(sizes) - 1
        name = "readout" if is_last else f"hidden{layer}"
        weight = gain * draw_weight(generator, n_out, n_in, 1 if is_last else 2)
        nodes[name] = Affine(weight.astype(np.float32), np.zeros(n_out, np.float32))
        nodes[f"{name}_neurons"] = _neurons(n_out, tau, dt, is_last and readout == "li")
    nodes["output"] = Output((sizes[-1],))
    return nodes, tuple(pairwise(nodes))


def _neurons(n: int, tau: float, dt: float, is_integrator: bool) -> Neuron:
    """Neurons with threshold 1 to whose membrane a step adds its whole input: r dt/tau = 1."""
    taus, r = np.full(n, tau, np.float32), np.full(n, tau / dt, np.float32)
    zero, one = np.zeros(n, np.float32), np.ones(n, np.float32)
    return LI(taus, r, zero) if is_integrator else LIF(taus, r, zero, one, zero)


def _check(tau: float, dt: float, gain: float, readout: str) -> None:
    for name, value in (("tau", tau), ("dt", dt), ("gain", gain)):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} must be a finite number > 0, got {value}")
    if tau < dt:
        raise InputError(f"tau must be at least dt = {dt:g} s, got {tau:g} s")
    if readout not in READOUTS:
        raise InputError(f"readout must be one of {', '.join(READOUTS)}, got {readout!r}")
