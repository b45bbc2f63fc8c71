"""A neuron's equation as the numbers of one time step: the same for every backend (eq:step-euler)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwnoise.convention import Convention, convention_of
from hwnoise.errors import InputError
from hwnoise.network import Network
from hwnoise.nodes import (
    AdaptiveLIF,
    Array,
    CubaLI,
    CubaLIF,
    Delay,
    GradedLIF,
    Neuron,
    RefractoryLIF,
    TernaryLIF,
)

Floats = NDArray[np.float32]
Reset = Literal["zero", "subtract", "none"]
_UNIT = 1e-6  # a file's float32 gain r dt/tau as near to 1 as this was meant to be 1


@dataclass(frozen=True, eq=False)
class Current:
    """A synaptic current in one step, per neuron (n,) float32.

    Attributes
    ----------
    decay, gain : (n,) float32
        What a step leaves of the current; how much of the input enters it.
    order : str
        As ``Convention.synapse``.
    """

    decay: Floats
    gain: Floats
    order: str


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a population: v = decay v + gain x + offset, then it is compared with ``threshold``.

    Attributes
    ----------
    decay, gain, offset : (n,) float32
    current : Current or None
        What makes x of the input; None: x is the input.
    threshold : (n,) float32 or None
        A membrane above it fires; None: the population does not spike.
    drop : (n,) float32
        What a reset by subtraction takes off.
    v_reset : (n,) float32
        Where a reset to zero leads.
    reset : str
        ``"zero"``, ``"subtract"`` or ``"none"``.
    convention : Convention
        The rest of the rule: timing, several spikes a step.
    low, low_drop : (n,) float32 or None
        A membrane below it sends -1, and a reset by subtraction then takes this off.
    refractory : (n,) int32 or None
        Steps without change after a spike.
    adaptation : (2, n) float32 or None
        What a step leaves of the raised threshold; by how much a spike raises it.
    is_graded : bool
        Whether a spike carries the membrane.
    """

    decay: Floats
    gain: Floats
    offset: Floats
    current: Current | None
    threshold: Floats | None
    drop: Floats
    v_reset: Floats
    reset: Reset
    convention: Convention
    low: Floats | None = None
    low_drop: Floats | None = None
    refractory: NDArray[np.int32] | None = None
    adaptation: Floats | None = None
    is_graded: bool = False


def step_of(network: Network, name: str, node: Neuron | None = None) -> Step:
    """Return the numbers of one step of the node ``name``; ``node`` may stand in for it.

    Raises
    ------
    InputError
        If dt or, for a spiking node, the reset is not stated, or dt is too long for Euler.
    """
    own = network.nodes[name] if node is None else node
    assert isinstance(own, Neuron)
    convention = convention_of(network.metadata, name)
    dt, reset = checked_dt(network, name), convention.reset or network.reset
    if own.is_spiking and reset is None:
        raise InputError(f"node {name!r} spikes, and the network does not state reset: {_RESETS}")
    try:
        return _step(own, dt, reset or "none", convention)
    except InputError as error:
        raise InputError(f"node {name!r}: {error}") from None


def checked_dt(network: Network, name: str) -> float:
    """Return the network's time step [s]; InputError, naming the node that needs it, if it states none."""
    if network.dt is None:
        raise InputError(
            f"node {name!r} needs the network's time step dt, which is not stated (dt=..., --dt)"
        )
    return network.dt


def delay_steps(node: Delay, dt: float) -> NDArray[np.int64]:
    """Return the delays (n,) in whole steps; a positive one takes at least a step."""
    steps = np.rint(node.delay.ravel().astype(np.float64) / dt).astype(np.int64)
    found: NDArray[np.int64] = np.where(node.delay.ravel() > 0, np.maximum(steps, 1), 0)
    return found


_RESETS = "'zero', 'subtract' or 'none' (reset=..., --reset)"


def _step(node: Neuron, dt: float, reset: str, convention: Convention) -> Step:
    values = {name: _wide(node, name) for name in ("tau", "tau_mem", "tau_syn") if hasattr(node, name)}
    tau = values.get("tau", values.get("tau_mem"))
    r, v_leak = _wide(node, "r"), _wide(node, "v_leak")
    decay = np.ones_like(r) if tau is None else _decay(tau, dt, convention)
    lost = dt if tau is None else 1 - decay
    threshold, v_reset = _wide(node, "v_threshold"), _wide(node, "v_reset")
    return Step(
        decay=_narrow(decay),
        gain=_gain(r, lost, convention.gain),
        offset=_narrow(v_leak * (1 - decay)),
        current=_current(node, dt, convention),
        threshold=_compared(threshold, convention) if node.is_spiking else None,
        drop=_narrow(threshold - v_reset),
        v_reset=_narrow(v_reset),
        reset=reset,  # type: ignore[arg-type]  # Network and Convention have checked it
        convention=convention,
        low=-_compared(-_wide(node, "v_low"), convention) if isinstance(node, TernaryLIF) else None,
        low_drop=_narrow(_wide(node, "v_low") - v_reset) if isinstance(node, TernaryLIF) else None,
        refractory=_refractory(node, dt),
        adaptation=_adaptation(node, dt, convention),
        is_graded=isinstance(node, GradedLIF),
    )


def _current(node: Neuron, dt: float, convention: Convention) -> Current | None:
    if not isinstance(node, (CubaLI, CubaLIF)):
        return None
    decay, w_in = _decay(_wide(node, "tau_syn"), dt, convention), _wide(node, "w_in")
    gain = _gain(w_in, 1 - decay, convention.synapse_gain)
    return Current(_narrow(decay), gain, convention.synapse)


def _refractory(node: Neuron, dt: float) -> NDArray[np.int32] | None:
    if not isinstance(node, RefractoryLIF):
        return None
    return np.rint(_wide(node, "refractory") / dt).astype(np.int32)


def _adaptation(node: Neuron, dt: float, convention: Convention) -> Floats | None:
    if not isinstance(node, AdaptiveLIF):
        return None
    decay = _decay(_wide(node, "tau_adaptation"), dt, convention)
    return _narrow(np.stack([decay, _wide(node, "adaptation")]))


def _decay(tau: Array, dt: float, convention: Convention) -> Array:
    """What a step leaves (eq:step-euler, eq:step-exponential)."""
    if convention.integration == "exponential":
        return np.exp(-dt / tau)
    if tau.min() < dt * (1 - _UNIT):
        raise InputError(
            f"dt = {dt:g} s is longer than its time constant {tau.min():g} s: Euler needs dt <= tau"
        )
    return np.maximum(1 - dt / tau, 0)


def _compared(threshold: Array, convention: Convention) -> Floats:
    """The threshold that a strict comparison needs."""
    exact = _narrow(threshold)
    return np.nextafter(exact, np.float32(-np.inf)) if convention.fires_at_threshold else exact


def _wide(node: Neuron, name: str) -> Array:
    """A parameter (n,) in float64; 0 where the node has none of that name."""
    value = getattr(node, name, None)
    return np.zeros(int(np.prod(node.shape))) if value is None else value.ravel().astype(np.float64)


def _gain(r: Array, lost: Array | float, rule: str) -> Floats:
    gain = r * lost if rule == "physical" else r if rule == "unit" else np.ones_like(r)
    return _narrow(np.where(np.abs(gain - 1) < _UNIT, 1, gain))


def _narrow(values: Array) -> Floats:
    return np.ascontiguousarray(values, np.float32)
