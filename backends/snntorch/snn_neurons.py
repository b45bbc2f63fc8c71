"""Which snnTorch neuron follows the rule of a node, recurrence included."""

from __future__ import annotations

from typing import Any

import numpy as np
import snntorch
import torch
from numpy.typing import NDArray
from torch import Tensor

from hwnoise.errors import MismatchError
from hwnoise.nodes import Affine, Linear, Node, Scale
from hwnoise.stepping import Step


def snn_neuron(name: str, step: Step, back: Node | None, is_last: bool) -> Any:
    """Return the neuron that takes ``step``, with ``back`` leading from its spikes to its input.

    Raises
    ------
    MismatchError
        If snnTorch has none.
    """
    _require_plain(name, step)
    common: dict[str, Any] = {"init_hidden": True, "output": is_last}
    if step.threshold is None:
        _require(name, back is None and step.current is None, "integrates with a current or a loop")
        _require(name, bool((step.gain == 1).all()), "scales its input")
        return snntorch.Leaky(_tensor(step.decay), reset_mechanism="none", **common)
    common |= {"threshold": _tensor(step.threshold), "reset_mechanism": step.reset}
    rule = step.convention
    is_simple = back is None and step.current is None
    if rule.reset_timing == "next" and is_simple and not _is_leaky(step):
        return _lapicque(name, step, common)
    _require(name, bool((step.gain == 1).all()), "scales its input")
    _require(name, rule.reset_timing != "same" or step.reset != "subtract", "subtracts in its own step alone")
    common["reset_delay"] = rule.reset_timing == "next" or step.reset == "none"
    if step.current is not None:
        _require(name, back is None, "has a current and a loop")
        _require(name, step.current.order == "decay_add_use", "takes its current in that order")
        _require(name, bool((step.current.gain == 1).all()), "scales the input of its current")
        return snntorch.Synaptic(_tensor(step.current.decay), _tensor(step.decay), **common)
    if back is not None:
        _require(name, _loses_input(step) or step.reset != "zero", "keeps its input at a reset in a loop")
        return _recurrent(name, step, back, common)
    return snntorch.Leaky(_tensor(step.decay), **common)


def _loses_input(step: Step) -> bool:
    """Whether a reset to zero takes the input of its step away."""
    return step.reset == "zero" and not step.convention.keeps_input


def _is_leaky(step: Step) -> bool:
    return bool((step.gain == 1).all()) and not _loses_input(step)


def _lapicque(name: str, step: Step, common: dict[str, Any]) -> Any:
    """The neuron that scales its input, and whose reset to zero loses the input of its step."""
    decay, gain = _only(name, step.decay), _only(name, step.gain)
    _require(name, step.reset != "zero" or _loses_input(step), "scales an input that it keeps at a reset")
    _require(name, 0 < decay < 1 and gain > 0, "decays that little")
    return snntorch.Lapicque(R=gain / (1 - decay), C=1 / gain, time_step=1, **common)


def _recurrent(name: str, step: Step, back: Node, common: dict[str, Any]) -> Any:
    """The neuron with ``back`` as its recurrence; its weights are a parameter of it."""
    beta = _tensor(step.decay)
    if isinstance(back, Scale):
        return snntorch.RLeaky(beta, V=_tensor(back.scale.ravel()), all_to_all=False, **common)
    _require(name, isinstance(back, (Affine, Linear)), f"feeds itself through a {back.kind}")
    assert isinstance(back, (Affine, Linear))
    found = snntorch.RLeaky(beta, linear_features=len(beta), **common)
    bias = back.bias if isinstance(back, Affine) else np.zeros(len(beta), np.float32)
    found.recurrent.load_state_dict({"weight": _tensor(back.weight), "bias": _tensor(bias)})
    return found


def _require_plain(name: str, step: Step) -> None:
    special = (step.refractory, step.adaptation, step.low)
    _require(name, not step.is_graded and all(s is None for s in special), "is more than a leaky one")
    _require(name, step.convention.spikes == "one", "sends several spikes a step")
    _require(name, not step.offset.any(), "has a leak potential other than 0")
    _require(name, step.threshold is None or not step.v_reset.any(), "has a reset potential other than 0")
    if step.threshold is not None and step.reset == "subtract":
        _require(name, bool((step.drop == step.threshold).all()), "fires exactly at its threshold")


def _require(name: str, holds: bool, what: str) -> None:
    if not holds:
        raise MismatchError(f"node {name!r}: snnTorch has no neuron that {what}")


def _only(name: str, values: NDArray[np.float32]) -> float:
    """The number that all neurons share."""
    _require(name, bool((values == values[0]).all()), "scales or loses its input unlike its neighbours")
    return float(values[0])


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)
