"""Neurons in torch: snnTorch's own where one of them follows the same rule, else that rule on tensors."""

from __future__ import annotations

from typing import Any, Protocol

import snntorch
import torch
from torch import Tensor, nn

from hwnoise.backends.snntorch.rule_neurons import RuleNeurons, State
from hwnoise.errors import MismatchError
from hwnoise.stepping import Step


class Neurons(Protocol):
    """A population that takes one step; ``state`` has the names that the emulator's has."""

    def __call__(self, x: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Take ``x`` (rows, n): what is sent, the membrane that was compared, and the state after it."""


def neurons_of(name: str, step: Step) -> nn.Module:
    """Return the population of the node ``name`` as a module; see ``Neurons``.

    Raises
    ------
    MismatchError
        For a neuron that has more than membrane, current, threshold and reset.
    """
    extra = {
        "waits after a spike": step.refractory is not None,
        "adapts its threshold": step.adaptation is not None,
        "sends spikes of both signs": step.low is not None,
        "sends graded spikes": step.is_graded,
        "sends several spikes a step": step.convention.spikes == "several",
    }
    for what, has in extra.items():
        if has:
            raise MismatchError(
                f"node {name!r}: the snntorch backend has no neuron that {what}; the emulator has"
            )
    return SnnTorchNeurons(step) if is_snntorch(step) else RuleNeurons(step)


def is_snntorch(step: Step) -> bool:
    """Whether snnTorch's Leaky or Synaptic, reset in the next step, follows this rule bit for bit."""
    rule, current = step.convention, step.current
    if step.threshold is None or step.offset.any() or step.v_reset.any():
        return False
    if step.reset == "subtract" and (step.drop != step.threshold).any():
        return False
    if step.reset != "none" and rule.reset_timing != "next":
        return False
    if current is not None:
        return current.order == "decay_add_use" and bool((step.gain == 1).all())
    return step.reset != "zero" or rule.keeps_input


class SnnTorchNeurons(nn.Module):
    """``snntorch.Leaky``, or ``snntorch.Synaptic`` where inputs feed a current."""

    gain: Tensor

    def __init__(self, step: Step) -> None:
        super().__init__()
        rule: dict[str, Any] = {
            "beta": torch.tensor(step.decay),
            "threshold": torch.tensor(step.threshold),
            "reset_mechanism": step.reset,
        }
        current = step.current
        if current is None:
            self.neuron: nn.Module = snntorch.Leaky(**rule)
        else:
            self.neuron = snntorch.Synaptic(alpha=torch.tensor(current.decay), **rule)
        forget(self.neuron)
        self.has_current = current is not None
        self.register_buffer("gain", torch.tensor(step.gain if current is None else current.gain))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """See ``Neurons``."""
        driven = self.gain * x
        if self.has_current:
            spikes, i, v = self.neuron(driven, state["i"], state["v"])
            return spikes, v, {"v": v, "i": i}
        spikes, v = self.neuron(driven, state["v"])
        return spikes, v, {"v": v}


def forget(module: nn.Module) -> None:
    """Take snnTorch's neurons below ``module`` out of its list of all neurons, which only grows."""
    kept = snntorch.SpikingNeuron.instances
    for own in module.modules():
        kept[:] = [neuron for neuron in kept if neuron is not own]


def scan(neurons: nn.Module, x: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
    """Step ``neurons`` through ``x`` (rows, steps, n) from ``state``.

    Returns
    -------
    out, membranes : (rows, steps, n) float32
        Spikes, or the membranes of an integrator; membranes before a reset in the same step.
    state : dict of str to (rows, n) float32
        After the last step.
    """
    sent, seen = [], []
    for now in x.unbind(dim=1):
        out, membrane, state = neurons(now, state)
        sent.append(out)
        seen.append(membrane)
    own = getattr(neurons, "neuron", None)
    if own is not None:
        own.reset_mem()  # it would keep the graph of the whole run alive
    return torch.stack(sent, dim=1), torch.stack(seen, dim=1), state
