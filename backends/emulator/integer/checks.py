"""What a digital chip refuses, each in one sentence and before anything has changed."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwnoise.backends.base import LocalRule, Order, Probe
from hwnoise.errors import InputError, MismatchError
from hwnoise.substrate import Substrate

Array = NDArray[Any]
OBSERVABLE = ("nodes", "spikes", "membranes")


def check_probe(probe: Probe, substrate: Substrate) -> None:
    """Raise InputError for a probe that means nothing, MismatchError for one this chip cannot answer."""
    if probe.passes < 1 or probe.order not in get_args(Order):
        raise InputError(f"a probe has passes >= 1 and an order, not {probe.passes} and {probe.order!r}")
    if not set(probe.quiet_passes) <= set(range(probe.passes)):
        raise InputError(f"quiet passes must be from 0 to {probe.passes - 1}, not {probe.quiet_passes}")
    name, beyond = substrate.name, sorted(set(probe.observe) - set(OBSERVABLE))
    if beyond:
        raise MismatchError(f"'{name}' lets one observe {', '.join(OBSERVABLE)}, not {', '.join(beyond)}")
    if (probe.quiet_passes or probe.quiet_layers) and substrate.quiet == "none":
        raise MismatchError(f"'{name}' cannot be made quiet; average several passes instead")
    if probe.quiet_layers:
        raise MismatchError("the emulator makes whole passes quiet, not single layers")
    if probe.perturbation is not None:
        raise MismatchError("the emulator injects no perturbation: it has the substrate's own noise")
    if probe.local is not None:
        _check_local(probe, probe.local)


def _check_local(probe: Probe, rule: LocalRule) -> None:
    if rule.decay is not None and not 0 <= rule.decay < 1:
        raise InputError(f"the decay of a trace must be from 0 to below 1, not {rule.decay}")
    if rule.post.endswith("_difference") and probe.passes % 2:
        raise InputError(f"differences need passes in pairs, not {probe.passes}")
    if not probe.reset:
        raise MismatchError("a local rule needs presentations that start from rest: reset = True")


def checked_spikes(x: ArrayLike, n_in: int, message_bits: int) -> Array:
    """Return ``x`` as whole numbers (samples, steps, n_in) without gaps: int8 spikes, or int32 with payloads.

    Raises
    ------
    InputError
        For another shape, or values that are neither 0 nor 1 where a spike carries no payload.
    """
    values = np.asarray(x)
    if values.dtype.kind not in "biuf" or values.ndim < 2 or values.size == 0:
        raise InputError(
            f"inputs must be numbers (samples, steps, {n_in}), not {values.dtype} {values.shape}"
        )
    flat = values[None] if values.ndim == 2 and values.shape[1] == n_in else values
    if flat.ndim < 3 or flat[0, 0].size != n_in:
        raise InputError(
            f"inputs of shape {values.shape} do not fit this network, which takes (samples, steps, {n_in})"
        )
    flat = flat.reshape(*flat.shape[:2], n_in)
    if message_bits == 0 and flat.dtype == np.int8 and flat.view(np.uint8).max() <= 1:
        return np.ascontiguousarray(flat)  # as kernels take them
    spikes = np.ascontiguousarray(flat != 0)
    if message_bits == 0:
        if flat.dtype != np.bool_ and not (flat == spikes).all():
            raise InputError("inputs must be spikes, 0 or 1: this chip's carry no payload (message_bits = 0)")
        return np.asarray(spikes.view(np.int8))
    whole = np.ascontiguousarray(flat, np.int32)
    if not (whole == flat).all() or int(np.abs(whole).max()) >= 2**message_bits:
        raise InputError(
            f"inputs must be whole numbers below 2**{message_bits}: message_bits = {message_bits}"
        )
    return whole
