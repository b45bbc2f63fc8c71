"""snnTorch's neurons as nodes: its decays as time constants, its reset rules as conventions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import snntorch
from numpy.typing import NDArray
from torch import Tensor, nn

from hwnoise.errors import InputError
from hwnoise.nodes import IF, LI, LIF, CubaLIF, Linear, Node, Scale, Shape

Values = NDArray[np.float64]
SPIKING = (snntorch.Leaky, snntorch.RLeaky, snntorch.Synaptic, snntorch.Lapicque)


class Rule(NamedTuple):
    """What a spike does to the membrane, and when.

    ``keeps_input``: a reset to zero in the next step leaves the input of that step.
    """

    reset: str
    reset_timing: str
    keeps_input: bool


def rule_of(neuron: Any) -> Rule:
    """Return the rule by which ``neuron`` was built; what was assigned later has no effect in snnTorch."""
    reset = list(neuron.reset_dict)[int(neuron.reset_mechanism_val)]
    at_once = "corrected" if reset == "subtract" else "same"
    timing = "next" if getattr(neuron, "reset_delay", True) else at_once
    return Rule(reset, timing, type(neuron) is snntorch.Leaky)


def neuron_node(name: str, neuron: Any, shape: Shape, dt: float) -> Node:
    """Return the node of an snnTorch neuron for inputs of ``shape``.

    Raises
    ------
    InputError
        If it does something that no node has, such as inhibition.
    """
    _require_plain(name, neuron)
    threshold = _per_neuron(neuron.threshold, shape)
    if isinstance(neuron, snntorch.Lapicque):
        r, c = _per_neuron(neuron.R, shape), _per_neuron(neuron.C, shape)
        return LIF(r * c * dt / float(neuron.time_step), r, 0 * threshold, threshold)
    beta = np.clip(_per_neuron(neuron.beta, shape), 0, 1)
    if isinstance(neuron, snntorch.Synaptic):
        tau_syn = _time_constant(name, "alpha", np.clip(_per_neuron(neuron.alpha, shape), 0, 1), dt)
        tau = _time_constant(name, "beta", beta, dt)
        return CubaLIF(tau_syn, tau, tau / dt, 0 * tau, threshold, w_in=tau_syn / dt)
    if (beta == 1).all():
        return IF(np.full(shape, 1 / dt), threshold)
    tau = _time_constant(name, "beta", beta, dt)
    return LIF(tau, tau / dt, 0 * tau, threshold)


def integrator_node(name: str, module: nn.Module, shape: Shape, dt: float) -> Node:
    """Return the leaky integrator whose membrane is that of a Leaky without reset.

    Raises
    ------
    InputError
        If ``module`` is anything else.
    """
    node = neuron_node(name, module, shape, dt) if type(module) is snntorch.Leaky else None
    if not isinstance(node, LIF) or rule_of(module).reset != "none":
        raise InputError(
            f"{name}: the output can be a membrane only of a Leaky with reset_mechanism='none' "
            "and beta below 1"
        )
    return LI(node.tau, node.r, node.v_leak)


def recurrent_node(name: str, neuron: Any, shape: Shape) -> Node:
    """Return what leads from the spikes of an RLeaky back to its input, without its bias."""
    if not neuron.all_to_all:
        return Scale(_per_neuron(neuron.recurrent.V, shape).astype(np.float32))
    if isinstance(neuron.recurrent, nn.Conv2d):
        raise InputError(f"{name}: recurrence by a convolution has no node; by Linear or one to one it has")
    return Linear(array_of(neuron.recurrent.weight))


def array_of(values: Tensor) -> NDArray[np.float32]:
    """A tensor as an array of its own."""
    found: NDArray[np.float32] = values.detach().cpu().numpy().astype(np.float32)
    return found


def _require_plain(name: str, neuron: Any) -> None:
    """Refuse what snnTorch's neurons can do beside a plain spike."""
    for attribute in ("inhibition", "state_quant"):
        if getattr(neuron, attribute):
            raise InputError(f"{name}: {attribute} has no node in a network")
    if (neuron.graded_spikes_factor != 1).any():
        raise InputError(
            f"{name}: graded_spikes_factor must be 1, put another one into the weights that follow"
        )


def _per_neuron(values: Tensor, shape: Shape) -> Values:
    return np.broadcast_to(values.detach().cpu().numpy().astype(np.float64), shape).copy()


def _time_constant(name: str, symbol: str, decay: Values, dt: float) -> Values:
    """The time constant [s] that leaves ``decay`` of a step by Euler's rule."""
    if decay.max() >= 1:
        raise InputError(f"{name}: {symbol} must be below 1 for all neurons (or 1 for all of a Leaky)")
    return dt / (1 - decay)
