"""Which scale, exponent and threshold each layer gets (eq:quantize-decay, eq:quantize-scale)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.arithmetic import ARITHMETICS, Arithmetic, rules_of
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import InputError
from hwnoise.integers import SignMode
from hwnoise.network import Network
from hwnoise.nodes import Neuron
from hwnoise.quantization.dynamics import Dynamics, dynamics_of
from hwnoise.quantization.graded import check_no_bias, check_no_pooling
from hwnoise.quantization.grid import limits, sign_mode_of
from hwnoise.quantization.numbers import NeuronNumbers, Numbers, SynapseNumbers
from hwnoise.quantization.weights import (
    float_weight,
    is_filter,
    is_graded,
    is_relay,
    largest_payload,
    payload_bits,
    pool_factor,
)
from hwnoise.quantization.wiring import Wiring

Array = NDArray[Any]
THRESHOLD_BITS = 11
ROUNDED = 1e-6  # what float32 may have taken off a threshold that was a whole number
LONGEST = 256  # steps over which an integrator that does not leak is taken to sum
ONE_IN = 8  # the inputs of an integrator are taken to fire at most once in so many steps


@dataclass(frozen=True)
class Settings:
    """What a user may say about scales; see ``quantize``."""

    percentile: float = 100.0
    headroom: float = 1.0
    peaks: Mapping[str, float] | None = None


@dataclass(frozen=True)
class _Inputs:
    """What feeds one population: weights as floats, and for each the float that a weight of 1 would be.

    ``payloads`` are the largest that are to be expected.
    """

    weights: dict[str, Array]
    units: dict[str, float]
    payloads: dict[str, int]
    modes: dict[str, SignMode]
    exponents: tuple[int, int]


def choose(
    network: Network, wiring: Wiring, chip: FixedPoint, settings: Settings
) -> dict[str, SynapseNumbers | NeuronNumbers]:
    """Return the numbers of every node, in the order of the network."""
    found: dict[str, SynapseNumbers | NeuronNumbers] = {}
    for name, node in network.nodes.items():
        if is_relay(network, wiring, name):
            check_no_pooling(name, is_graded(network, wiring.feeds(name)[0]))
            found[name] = SynapseNumbers(pool_factor(node), sign_mode="excitatory")
        elif isinstance(node, Neuron):
            found |= _population(network, wiring, chip, name, settings, found)
    return {name: found[name] for name in network.nodes if name in found}


def _population(
    network: Network, wiring: Wiring, chip: FixedPoint, name: str, settings: Settings, known: Numbers
) -> dict[str, SynapseNumbers | NeuronNumbers]:
    """One scale for all that enters a population, an exponent for each of its synapses.

    ``known`` are the numbers of the populations before it.
    """
    step = dynamics_of(network, name, ARITHMETICS[chip.arithmetic])
    rules = rules_of(chip.arithmetic, step.kind)
    inputs = _inputs(network, wiring, chip, name, settings, known)
    unit = max(inputs.units.values()) or min(step.threshold, 1.0) / step.gain / 2**THRESHOLD_BITS
    if step.kind == "li":
        scale, vth = _integrator_scale(step, inputs, unit, rules.never, settings, name), rules.never
    elif step.kind == "graded":
        room = largest_payload(network, wiring, name)
        scale = _integrator_scale(step, inputs, unit, room, settings, name)
        vth = min(math.floor(step.threshold / step.gain / scale), rules.limit - 1)
    else:
        scale, vth = _threshold(step, unit, inputs.exponents, chip, name)
    found: dict[str, SynapseNumbers | NeuronNumbers] = {
        s: SynapseNumbers(
            scale,
            _exponent(inputs.units[s], scale, inputs.exponents),
            chip.weight_bits,
            payload_bits(network, wiring, chip.message_bits, rules.most, s),
            inputs.modes[s],
        )
        for s in inputs.weights
    }
    bias = max(_largest_bias(network, s) for s in inputs.weights)
    if step.kind == "graded":
        check_no_bias(name, bias)
    found[name] = _neurons(step, rules, chip, vth, scale, settings.headroom * bias, name)
    return found


def _largest_bias(network: Network, name: str) -> float:
    bias = network.nodes[name].parameters().get("bias")
    return 0.0 if bias is None else float(np.abs(bias).max())


def _neurons(
    step: Dynamics, rules: Arithmetic, chip: FixedPoint, vth: int, scale: float, bias: float, name: str
) -> NeuronNumbers:
    """The numbers of a population; its bias has the smallest exponent that one threshold a step needs.

    Those of an adaptive threshold are eq:quantize-adaptation's.
    """
    du = _known(rules.decay_synapse(step.fade_synapse), step.fade_synapse, name)
    dv = 4096 if step.kind == "graded" else _known(rules.decay(step.fade), step.fade, name)
    largest = max(bias * rules.align / scale / rules.sustaining(du), float(rules.align * vth))
    exponent = min(max(math.ceil(math.log2(largest / 4095)), 0), chip.bias_exponent_max)
    membrane = scale * step.gain / rules.align
    low = round(step.threshold_low / membrane / rules.align) if step.kind == "ternary" else 0
    return NeuronNumbers(
        kind=step.kind,
        du=du,
        dv=dv,
        vth=vth,
        scale=membrane,
        offset=step.offset,
        bias_exp=exponent,
        vth_low=low,
        rest=round(step.rest / membrane / 2**exponent),
        refractory=step.refractory,
        dtheta=_known(rules.decay(step.fade_rise), step.fade_rise, name) if step.kind == "adaptive" else 0,
        theta_step=round(step.rise / membrane / rules.align),
        arithmetic=rules.name,
    )


def _known(decay: int | None, lost: float, name: str) -> int:
    if decay is None:
        steps = f"{1 / lost:.4g} steps" if lost else "without end"
        raise InputError(f"neurons {name!r}: a time constant, {steps}, is longer than the chip has bits for")
    return decay


def _inputs(
    network: Network, wiring: Wiring, chip: FixedPoint, name: str, settings: Settings, known: Numbers
) -> _Inputs:
    weights = {s: float_weight(network, wiring, s, known) for s in wiring.feeds(name)}
    modes: dict[str, SignMode] = {
        s: "signed"
        if chip.arithmetic == "xylo"
        else "mixed"
        if chip.sign_mode == "mixed"
        else sign_mode_of(w)
        for s, w in weights.items()
    }
    units = {}
    for s, w in weights.items():
        low, high, _ = limits(chip.weight_bits, modes[s])
        largest = float(np.percentile(np.abs(w), settings.percentile))
        units[s] = settings.headroom * largest / (high or -low)
    fixed = any(is_filter(network, s) for s in weights)  # Lava's Conv ignores its exponent
    payloads = {s: largest_payload(network, wiring, wiring.feeds(s)[0]) for s in weights}
    return _Inputs(
        weights, units, payloads, modes, (0, 0) if fixed else (chip.exponent_min, chip.exponent_max)
    )


def _threshold(
    step: Dynamics, unit: float, exponents: tuple[int, int], chip: FixedPoint, name: str
) -> tuple[float, int]:
    """Scale and threshold of spiking neurons: the threshold exact, 2048 to 4095 where an exponent allows.

    That leaves 32 thresholds of range below saturation and resolves a threshold to 1/2000.
    """
    inputs_to_fire = step.threshold / step.gain
    raw = inputs_to_fire / unit
    exponent = min(max(THRESHOLD_BITS - math.floor(math.log2(raw)), exponents[0]), exponents[1])
    vth = min(math.floor(raw * 2.0**exponent * (1 + ROUNDED)), chip.threshold_max)
    if vth < 1:
        raise InputError(
            f"neurons {name!r}: the largest weight is {1 / raw:.3g} of a threshold per unit, "
            "more than the chip's exponent can express"
        )
    return inputs_to_fire / vth, vth


def _integrator_scale(
    step: Dynamics, inputs: _Inputs, unit: float, room: int, settings: Settings, name: str
) -> float:
    """Scale of neurons whose membrane is sent: fine, but the largest to be expected is ``room``, in sums."""
    peak = (settings.peaks or {}).get(name)
    if peak is None:
        strongest = sum(inputs.payloads[s] * float(_one_signed(w).max()) for s, w in inputs.weights.items())
        lasting = 1 / max(step.fade, 1 / LONGEST) / step.fade_synapse
        growth = 1.0 if step.kind == "graded" else settings.headroom  # payloads have bits left to grow
        peak = growth * strongest * lasting * step.gain / ONE_IN
    most = room * unit * step.gain / peak if peak > 0 else 1.0
    exponent = min(max(math.floor(math.log2(most)), inputs.exponents[0]), inputs.exponents[1])
    return unit / min(2.0**exponent, most)


def _one_signed(weight: Array) -> Array:
    """Per output, the larger of its summed positive and its summed negative weights."""
    rows = weight.reshape(len(weight), -1)
    return np.asarray(np.maximum(np.maximum(rows, 0).sum(axis=1), np.maximum(-rows, 0).sum(axis=1)))


def _exponent(unit: float, scale: float, exponents: tuple[int, int]) -> int:
    """Return the smallest exponent with which weights of this ``unit`` fit the grid."""
    if unit == 0:
        return min(max(0, exponents[0]), exponents[1])
    return min(max(math.ceil(math.log2(unit / scale) - 1e-6), exponents[0]), exponents[1])
