"""Every number of an integer network within what a chip has bits for, or one sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from hwnoise.arithmetic import SLOWEST_SHIFT
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import InputError
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses
from hwnoise.quantization.grid import limits, prepare

Range = tuple[str, Any, int, int]


def check_ranges(integers: IntegerNetwork, chip: FixedPoint | None = None) -> None:
    """Raise InputError, naming node, parameter, value and range, unless all numbers fit the chip.

    Without ``chip`` the ranges are those of Loihi 2.
    """
    chip = chip or FixedPoint()
    for name, node in integers.nodes.items():
        if isinstance(node, IntegerNeurons) and node.arithmetic != chip.arithmetic:
            raise InputError(f"layer {name!r} has the arithmetic of {node.arithmetic}, not {chip.arithmetic}")
        ranges = _of_neurons(node, chip) if isinstance(node, IntegerNeurons) else _of_synapses(node, chip)
        for parameter, values, low, high in ranges:
            _check(name, parameter, values, low, high)
        if isinstance(node, IntegerSynapses) and not node.geometry:
            _check_grid(name, node)


def check_room(integers: IntegerNetwork, chip: FixedPoint) -> None:
    """Raise InputError if one chip has not room for so many neurons or synapses."""
    neurons = sum(node.n for node in integers.neurons.values())
    synapses = sum(_count(node) for node in integers.synapses.values())
    for what, count, most in (("neurons", neurons, chip.neurons), ("synapses", synapses, chip.synapses)):
        if most is not None and count > most:
            raise InputError(f"the network has {count:,} {what}, and one chip has room for {most:,}")


def _of_neurons(node: IntegerNeurons, chip: FixedPoint) -> Iterator[Range]:
    if node.kind == "graded":
        yield from _of_graded(node)
        return
    slowest = 4095 if node.arithmetic == "loihi" else SLOWEST_SHIFT
    yield "du", node.du, 0, slowest
    yield "dv", node.dv, 0, slowest
    if node.kind == "li":
        yield "vth", node.vth, node.rules.never, node.rules.never
    else:
        yield "vth", node.vth, int(node.arithmetic == "xylo"), chip.threshold_max
    if node.kind == "ternary":
        yield "vth_low", node.vth_low, -chip.threshold_max, node.vth
    yield "bias_mant", node.bias_mant, -chip.bias_max - 1, chip.bias_max
    yield "bias_exp", node.bias_exp, 0, chip.bias_exponent_max
    yield "refractory", node.refractory, 0, 63
    if node.kind == "adaptive":
        yield "dtheta", node.dtheta, 0, slowest
        yield "theta_step", node.theta_step, -chip.threshold_max, chip.threshold_max


def _of_graded(node: IntegerNeurons) -> Iterator[Range]:
    """Neurons that keep nothing, without biases (eq:loihi-graded)."""
    yield "du", node.du, 4095, 4095
    yield "dv", node.dv, 4096, 4096
    yield "vth", node.vth, 0, node.rules.limit - 1
    yield "bias_mant", node.bias_mant, 0, 0
    yield "refractory", node.refractory, 0, 0


def _of_synapses(node: IntegerSynapses, chip: FixedPoint) -> Iterator[Range]:
    yield "bits", node.bits, 1, chip.weight_bits
    yield "exponent", node.exponent, chip.exponent_min, chip.exponent_max
    yield "message_bits", node.message_bits, 0, 24
    low, high, _ = limits(node.bits, node.sign_mode)
    yield "weight", node.weight, low, high
    if node.delay is not None:
        yield "delay", node.delay, 0, 63


def _check(name: str, parameter: str, values: Any, low: int, high: int) -> None:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise InputError(f"layer {name!r}: {parameter} must be whole numbers, not {array.dtype}")
    wrong = array[(array < low) | (array > high)]
    if wrong.size:
        raise InputError(f"layer {name!r}: {parameter} must be {low} to {high}, not {wrong.flat[0]}")


def _check_grid(name: str, node: IntegerSynapses) -> None:
    moved = node.weight[prepare(node.weight, node.bits, node.sign_mode) != node.weight]
    if moved.size:
        step = limits(node.bits, node.sign_mode)[2]
        raise InputError(
            f"layer {name!r}: a {node.sign_mode} weight of {node.bits} bits must be a multiple of {step}, "
            f"not {moved.flat[0]}"
        )


def _count(node: IntegerSynapses) -> int:
    """Count synapses; a convolution's are shared, and its filters count once."""
    return math.prod(node.weight.shape)
