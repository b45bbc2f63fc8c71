"""What a NIR file leaves open, filled in from the simulator that wrote it, and said so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

import numpy as np

from hwnoise.convention import Convention, tool
from hwnoise.network import Network
from hwnoise.nodes import IF, LI, LIF, Array, CubaLIF

_ROCKPOOL_NAMES = ("LIFTorch", "LIFNeuronTorch", "LIFBitshiftTorch", "ExpSynTorch", "LinearTorch")
_SNNTORCH_DT = 1e-4  # s, fixed in its export: r = tau / dt
_CLOSE = 1e-5
Value = TypeVar("Value")


def completed(
    network: Network,
    dt: float | None,
    reset: str | None,
    convention: str | Convention | None,
    is_foreign: bool,
) -> Network:
    """Return ``network`` with what the caller states, then the file, then the tool that wrote it.

    What was filled in is listed in ``metadata["assumed"]``; ``Network.assumptions`` says it in words.

    Parameters
    ----------
    network : Network
        As the file has it.
    dt, reset, convention
        As in :func:`hwnoise.nir_io.read`.
    is_foreign : bool
        Whether another program wrote the file: then its tool may show in names and numbers.

    Raises
    ------
    InputError
        For an unknown convention, or a dt or reset that a network cannot have.
    """
    metadata, assumed = dict(network.metadata), []
    name = convention or (recognised(network) if is_foreign else None)
    if isinstance(name, Convention):
        metadata["convention"] = name.as_metadata()
    elif name is not None or (is_foreign and network.is_timed):
        metadata["convention"] = name or "nir"
        assumed += ["convention"] * (convention is None)
    if name == "norse" and _integrates(network):
        metadata["conventions"] = {each: {"gain": "unit"} for each in _integrates(network)}
    own_dt, own_reset = _defaults(network, name) if isinstance(name, str) else (None, None)
    assumed += ["dt"] * (dt is None and network.dt is None and own_dt is not None)
    assumed += ["reset"] * (reset is None and network.reset is None and own_reset is not None)
    if assumed:
        metadata["assumed"] = assumed
    return replace(
        network,
        dt=_first(dt, network.dt, own_dt),
        reset=_first(reset, network.reset, own_reset),
        metadata=metadata,
    )


def recognised(network: Network) -> str | None:
    """Return the tool whose export looks like ``network``; None if several could, or none.

    Rockpool names nodes after its classes. snnTorch writes r = tau / dt with a dt of its own, and so
    does hardly anybody else.
    """
    if any(name.endswith(_ROCKPOOL_NAMES) for name in network.nodes):
        return "rockpool"
    gains = list(_snntorch_gains(network))
    return "snntorch" if gains and all(np.abs(gain - 1).max() < _CLOSE for gain in gains) else None


def _snntorch_gains(network: Network) -> Iterator[Array]:
    """What the input of each neuron is multiplied with at snnTorch's own dt, by Euler."""
    for node in network.nodes.values():
        if isinstance(node, LIF):
            yield node.r * _SNNTORCH_DT / node.tau
        elif isinstance(node, CubaLIF):
            yield node.r * _SNNTORCH_DT / node.tau_mem
            yield node.w_in * _SNNTORCH_DT / node.tau_syn


def _defaults(network: Network, name: str) -> tuple[float | None, str | None]:
    """Return the dt and reset of ``name``, where the network has any use for them."""
    known = tool(name)
    dt = {"rockpool": _rockpool_dt, "norse": _norse_dt}.get(name, lambda _: known.dt)(network)
    return dt if network.is_timed else None, known.reset if network.is_spiking else None


def _integrates(network: Network) -> list[str]:
    """The neurons without a leak: Norse's take an input as it is, whatever dt is."""
    return [name for name, node in network.nodes.items() if isinstance(node, IF)]


def _norse_dt(network: Network) -> float | None:
    """Norse's default; its square where the file's time constants are shorter.

    Norse 1.1 writes dt / (1 / tau), which is the time constant in units of its dt.
    """
    dt = tool("norse").dt
    neurons = (node for node in network.nodes.values() if isinstance(node, (LI, LIF, CubaLIF)))
    shortest = min((float(tau.min()) for node in neurons for tau in _time_constants(node)), default=math.inf)
    return dt if dt is None or shortest >= dt else float(f"{dt * dt:.6g}")


def _time_constants(node: LI | LIF | CubaLIF) -> tuple[Array, ...]:
    return (node.tau_mem, node.tau_syn) if isinstance(node, CubaLIF) else (node.tau,)


def _rockpool_dt(network: Network) -> float | None:
    """The dt for which r = exp(-dt/tau) tau/dt, which is what Rockpool writes; None without a leak."""
    from scipy.special import lambertw

    for node in network.nodes.values():
        if isinstance(node, (LI, LIF, CubaLIF)):
            tau = node.tau_mem if isinstance(node, CubaLIF) else node.tau
            dt = float(tau.flat[0]) * float(lambertw(1 / float(node.r.flat[0])).real)
            return float(f"{dt:.6g}") if math.isfinite(dt) and dt > 0 else None
    return None


def _first(*values: Value | None) -> Value | None:
    return next((value for value in values if value is not None), None)
