"""What a chip refuses, each in one sentence and before anything has changed."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwnoise.backends.base import Order, Probe
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.node import is_known
from hwnoise.errors import InputError, MismatchError
from hwnoise.substrate import Substrate

Array = NDArray[Any]
OBSERVABLE = ("nodes", "noise", "weights", "events")
LAST_TICK = 2**62  # ticks are 64-bit numbers


def checked_inputs(x: ArrayLike, n_in: int) -> Array:
    """Return ``x`` as (samples, n_in) float32; InputError unless it can be that, with finite values."""
    try:
        with np.errstate(over="ignore"):
            rows = np.asarray(x, np.float32)
    except (TypeError, ValueError):
        raise InputError(f"inputs must be an array of numbers (samples, {n_in})") from None
    shape = rows.shape
    if rows.ndim < 2:
        rows = rows.reshape(1, -1)
    if rows.size == 0 or rows[0].size != n_in:
        raise InputError(f"inputs of shape {shape} do not fit this network, which takes (samples, {n_in})")
    if not _is_finite(rows):
        raise InputError("inputs must be finite numbers, and some are not")
    return rows.reshape(len(rows), n_in)


def check_headroom(headroom: float) -> None:
    """Raise InputError unless the range of the devices is 1 to 100 times the largest weight."""
    if not (isinstance(headroom, Real) and 1 <= headroom <= 100):
        raise InputError(f"headroom must be from 1 to 100, not {headroom!r}")


def check_probe(probe: Probe, substrate: Substrate) -> None:
    """Raise InputError for a probe that means nothing, MismatchError for one this chip cannot answer."""
    if probe.passes < 1 or probe.order not in get_args(Order) or not probe.observe <= set(OBSERVABLE):
        raise InputError(
            f"a probe has passes >= 1, an order of {' or '.join(get_args(Order))} and observes some of "
            f"{', '.join(OBSERVABLE)}, not {probe.passes}, {probe.order!r} and {sorted(probe.observe)}"
        )
    if not set(probe.quiet_passes) <= set(range(probe.passes)):
        raise InputError(f"quiet passes must be from 0 to {probe.passes - 1}, not {probe.quiet_passes}")
    name = substrate.name
    if (probe.quiet_passes or probe.quiet_layers) and substrate.quiet == "none":
        raise MismatchError(f"'{name}' cannot be made quiet; average several passes instead")
    if probe.quiet_layers:
        raise MismatchError("the emulator makes whole passes quiet, not single layers")
    if probe.perturbation is not None:
        raise MismatchError("the emulator injects no perturbation: it has the substrate's own noise")
    if "noise" in probe.observe and not any(
        is_known(effect) for effect in (substrate.node_noise, substrate.telegraph, substrate.loihi_noise)
    ):
        raise MismatchError(f"the node noise of '{name}' is not known, only its effect on two passes is")
    if "events" in probe.observe:
        _check_events(probe, substrate)
    if "weights" in probe.observe and (probe.order != "batch" or len(probe.observe) > 1):
        raise MismatchError("weights are read back between passes: ask for them alone, with order='batch'")


def _check_events(probe: Probe, substrate: Substrate) -> None:
    synapse = substrate.stochastic_synapse
    if synapse is None or not synapse.teaches:
        raise MismatchError(
            f"'{substrate.name}' has no synapses whose releases say something about their weight: "
            "stochastic_synapse with law = 'logistic' does, and law = 'junction'"
        )
    if probe.quiet_passes:
        raise MismatchError("a quiet pass has no events: ask for them in passes that are all noisy")


def checked_update(
    update: Mapping[str, ArrayLike], parameters: Mapping[str, Array], layers: Mapping[str, Layer]
) -> dict[str, Array]:
    """Return ``update`` as the arrays hold it; InputError unless it fits the parameters and is finite."""
    wanted = {f"{name}.weight": parameters[f"{name}.weight"].shape for name in layers}
    wanted |= {f"{name}.bias": (layer.n_out,) for name, layer in layers.items()}
    found = {key: np.asarray(delta) for key, delta in update.items()}
    for key, delta in found.items():
        if key not in wanted:
            raise InputError(f"the network on this chip has no parameter '{key}'")
        if delta.shape != wanted[key] or delta.dtype.kind not in "fiu":
            raise InputError(f"{key}: the update is {delta.dtype} {delta.shape}, not numbers {wanted[key]}")
        if not _is_finite(delta):
            raise InputError(f"{key}: the update must be finite numbers, and some are not")
    return {key: delta.reshape(len(delta), -1) if delta.ndim > 1 else delta for key, delta in found.items()}


def check_state(saved: Mapping[str, Array], own: Mapping[str, Array]) -> None:
    """Raise InputError unless ``saved`` has every array that ``own`` has, of its shape.

    What grows with the number of writes, ``write_ticks``, may have any length.
    """
    for key, value in own.items():
        if key not in saved:
            raise InputError(f"the saved chip state lacks '{key}': it is of another network or substrate")
        grows = key.endswith("/write_ticks") and saved[key].ndim == 1
        if saved[key].shape != value.shape and not grows:
            raise InputError(
                f"the saved chip state has '{key}' of shape {saved[key].shape}, not {value.shape}"
            )


def checked_reads(seconds: float, period: float, tick: int) -> int:
    """Reads of ``period`` seconds that fit into ``seconds``; InputError unless time can go on that far."""
    if not (seconds >= 0 and np.isfinite(seconds)):
        raise InputError(f"time advances by a finite number of seconds >= 0, not {seconds}")
    reads = round(seconds / period)
    if tick + reads > LAST_TICK:
        most = (LAST_TICK - tick) * period
        raise InputError(f"the chip's clock can advance by at most {most:.3g} s, not {seconds:g} s")
    return reads


def _is_finite(a: Array) -> bool:
    """Whether no element is NaN or infinite, without an array of answers."""
    return not a.size or bool(np.isfinite(a.min()) and np.isfinite(a.max()))
