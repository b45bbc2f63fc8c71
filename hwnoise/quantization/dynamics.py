"""What one step of a float neuron does, and the decays and thresholds of the chip that come closest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.arithmetic import Arithmetic
from hwnoise.convention import Convention, convention_of
from hwnoise.errors import InputError, MismatchError
from hwnoise.integers import Kind
from hwnoise.network import Network
from hwnoise.nodes import IF, LI, LIF, CubaLI, CubaLIF, Integrator, Neuron, Node
from hwnoise.nodes.spiking import AdaptiveLIF, GradedLIF, RefractoryLIF, TernaryLIF
from hwnoise.quantization.graded import check_graded

Array = NDArray[Any]
PLAIN = (IF, LI, LIF, CubaLI, CubaLIF, Integrator)
KNOWN = {"loihi": (*PLAIN, RefractoryLIF, TernaryLIF, AdaptiveLIF, GradedLIF), "xylo": PLAIN}
_SPECIAL: dict[type[Node], Kind] = {TernaryLIF: "ternary", AdaptiveLIF: "adaptive", GradedLIF: "graded"}


@dataclass(frozen=True)
class Dynamics:
    """One step of a population, the membrane counted from its reset value.

    Attributes
    ----------
    kind : str
        ``"lif"``, ``"ternary"``, ``"li"``, ``"adaptive"`` or ``"graded"``.
    fade, fade_synapse : float
        Share of membrane and synaptic current that a step takes away, 0 to 1.
    gain : float
        Membrane per unit of weighted input, in the first step of a current that is used as it comes, > 0.
    threshold, threshold_low : float
        Above the reset value; infinite for an integrator.
    offset : float
        The reset value; of an integrator its resting value.
    rest : float
        What the leak adds in every step.
    refractory : int
        Steps.
    rise, fade_rise : float
        What a spike adds to an adaptive threshold, and the share of it that a step takes away, 0 to 1.
    notes : tuple of str
        Where the chip differs from the float neuron by more than rounding, a sentence each.
    """

    kind: Kind
    fade: float
    fade_synapse: float
    gain: float
    threshold: float
    threshold_low: float
    offset: float
    rest: float
    refractory: int
    rise: float
    fade_rise: float
    notes: tuple[str, ...]


def dynamics_of(network: Network, name: str, rules: Arithmetic) -> Dynamics:
    """Return what the neurons ``name`` of ``network`` do in one step; ``rules`` are the chip's.

    Raises
    ------
    InputError, MismatchError
        If the network does not state dt or its reset, if neurons of one population differ, or if the
        chip has no neuron of this kind.
    """
    node = network.nodes[name]
    if not isinstance(node, KNOWN[rules.name]):
        raise MismatchError(
            f"neurons {name!r} ({node.kind}) have no counterpart on a chip with the integers of {rules.name}"
        )
    if network.dt is None:
        raise InputError(
            f"neurons {name!r}: the network does not state dt, its time step in seconds (dt=..., --dt)"
        )
    rule, dt = convention_of(network.metadata, name), network.dt
    _check_reset(network, name, node, rule, rules)
    tau = _parameter(node, name, "tau_mem" if hasattr(node, "tau_mem") else "tau")
    fade = 0.0 if tau is None else _lost(dt / tau, rule, name)
    tau_syn = _parameter(node, name, "tau_syn")
    fade_synapse = 1.0 if tau_syn is None else _lost(dt / tau_syn, rule, name)
    gain = _enters(_parameter(node, name, "r"), dt if tau is None else fade, rule.gain)
    if tau_syn is not None:
        gain *= _enters(_parameter(node, name, "w_in"), fade_synapse, rule.synapse_gain)
        gain *= 1 - fade_synapse if rule.synapse == "add_decay_use" else 1.0
    if not gain > 0:
        raise InputError(f"neurons {name!r}: the gain r (times w_in) must be > 0 on the chip, not {gain:g}")
    rest = _parameter(node, name, "v_leak") or 0.0
    offset = _parameter(node, name, "v_reset")
    offset = rest if offset is None else offset
    if isinstance(node, GradedLIF):
        check_graded(name, fade, rest, offset)
    threshold = _parameter(node, name, "v_threshold")
    low = _parameter(node, name, "v_low")
    refractory = _parameter(node, name, "refractory")
    rise, tau_rise = _parameter(node, name, "adaptation"), _parameter(node, name, "tau_adaptation")
    return Dynamics(
        kind=_SPECIAL.get(type(node), "li" if threshold is None else "lif"),
        fade=fade,
        fade_synapse=fade_synapse,
        gain=gain * _correction(fade_synapse, rules),
        threshold=math.inf if threshold is None else _above(threshold - offset, name),
        threshold_low=-math.inf if low is None else low - offset,
        offset=offset,
        rest=fade * (rest - offset),
        refractory=round((refractory or 0.0) / dt),
        rise=rise or 0.0,
        fade_rise=0.0 if tau_rise is None else _lost(dt / tau_rise, rule, name),
        notes=tuple(_notes(name, rule, rules, tau_syn is not None, threshold is not None)),
    )


def _enters(value: float | None, lost: float, gain: str) -> float:
    """How much of an input enters a membrane or a current (``Convention.gain``)."""
    return 1.0 if gain == "one" else (value or 0.0) * (1.0 if gain == "unit" else lost)


def _correction(fade: float, rules: Arithmetic) -> float:
    """What makes the chip's nearest current drive as much as one that fades by ``fade``; on Loihi nothing."""
    du = rules.decay_synapse(fade)
    return 1.0 if du is None or rules.name == "loihi" else rules.sustaining(du) / fade


def _parameter(node: Neuron, name: str, key: str) -> float | None:
    """Return the one value that all neurons have, or None where the node has no such parameter."""
    if not hasattr(node, key):
        return None
    values: Array = getattr(node, key)
    if np.ptp(values) > 1e-6 * np.abs(values).max():
        raise InputError(
            f"neurons {name!r}: {key} is {values.min():g} to {values.max():g}; "
            "a population of the chip has one value"
        )
    return float(values.flat[0])


def _lost(ratio: float, rule: Convention, name: str) -> float:
    lost = ratio if rule.integration == "euler" else -math.expm1(-ratio)
    if lost > 1 + 1e-6:
        raise InputError(f"neurons {name!r}: a time constant is shorter than dt, by a factor of {ratio:g}")
    return min(lost, 1.0)


def _above(threshold: float, name: str) -> float:
    if threshold <= 0:
        raise InputError(f"neurons {name!r}: v_threshold must be above v_reset, not {threshold:g} from it")
    return threshold


def _check_reset(network: Network, name: str, node: Neuron, rule: Convention, rules: Arithmetic) -> None:
    reset = rule.reset or network.reset
    if node.is_spiking and reset != rules.reset:
        stated = "the network does not state its reset" if reset is None else f"reset is {reset!r}"
        remedy = "" if rule.reset else f" (--reset {rules.reset} takes that instead)"
        raise MismatchError(f"neurons {name!r}: {stated}, and the chip resets by {rules.reset!r}{remedy}")


def _notes(name: str, rule: Convention, rules: Arithmetic, has_current: bool, is_spiking: bool) -> list[str]:
    found = []
    if is_spiking and rule.reset_timing == "next" and not rule.keeps_input and rules.reset == "zero":
        found.append(f"{name}: a reset in the next step drops its input; the chip keeps it")
    if is_spiking and rule.spikes == "several" and rules.most == 1:
        found.append(f"{name}: several spikes in one step become one on the chip")
    if is_spiking and rule.spikes == "one" and rules.most > 1:
        found.append(f"{name}: a membrane of several thresholds sends several spikes on the chip")
    if has_current and rule.synapse == "use_decay_add":
        found.append(f"{name}: its current is used before it takes its input; the chip's after that")
    if not has_current and rules.name == "xylo":
        found.append(f"{name}: has no synaptic current, and the chip's halves at every step")
    return found
