"""What quantization lost, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.integers import IntegerNetwork
from hwnoise.network import Network
from hwnoise.quantization.dynamics import Dynamics, dynamics_of
from hwnoise.quantization.grid import limits
from hwnoise.quantization.weights import float_weight
from hwnoise.quantization.wiring import Wiring

Array = NDArray[Any]
LARGEST_INPUT = 131072


@dataclass(frozen=True)
class LayerReport:
    """What became of one set of synapses and the neurons behind it.

    Attributes
    ----------
    name : str
        Of the synapses.
    unit : float
        Float weight per unit of the chip's weight.
    exponent : int
    clipped : int
        Weights beyond the grid.
    weight_error : float
        Largest change of a weight, relative to the largest weight.
    tau_error, tau_synapse_error, threshold_error : float
        Relative errors of the neurons' time constants and threshold.
    load : float
        Largest current that the weights allow, all inputs firing at every step, relative to what fits
        24 bits; above 1 it could wrap.
    """

    name: str
    unit: float
    exponent: int
    clipped: int
    weight_error: float
    tau_error: float
    tau_synapse_error: float
    threshold_error: float
    load: float


@dataclass(frozen=True)
class QuantizationReport:
    """What a network lost on its way to integers.

    Attributes
    ----------
    layers : tuple of LayerReport
        In the order of the network; poolings have none.
    notes : tuple of str
        Where the chip's neurons differ by more than rounding.
    """

    layers: tuple[LayerReport, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        heads = ("layer", "unit", "exponent", "clipped", "weight", "tau", "tau_syn", "threshold", "load")
        rows = [heads] + [
            (
                r.name, f"{r.unit:.4g}", str(r.exponent), str(r.clipped), f"{r.weight_error:.2%}",
                f"{r.tau_error:.2%}", f"{r.tau_synapse_error:.2%}", f"{r.threshold_error:.2%}", f"{r.load:.2f}",
            )
            for r in self.layers
        ]  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*lines, *self.notes])


def report(network: Network, wiring: Wiring, integers: IntegerNetwork) -> QuantizationReport:
    """Compare ``integers`` with the ``network`` they were made from."""
    layers, notes = [], []
    for name, neurons in integers.neurons.items():
        step = dynamics_of(network, name)
        notes += step.notes
        errors = _neuron_errors(step, neurons.dv, neurons.du + 1, neurons.vth * 64 * neurons.scale)
        for source in wiring.feeds(name):
            layers.append(_layer(network, wiring, integers, source, neurons.du, errors))
    return QuantizationReport(tuple(layers), tuple(notes))


def _neuron_errors(step: Dynamics, dv: int, du: int, threshold: float) -> tuple[float, float, float]:
    tau = abs(dv / 4096 / step.fade - 1) if step.fade else 0.0
    at_threshold = abs(threshold / step.threshold - 1) if np.isfinite(step.threshold) else 0.0
    return tau, abs(du / 4096 / step.fade_synapse - 1), at_threshold


def _layer(
    network: Network,
    wiring: Wiring,
    integers: IntegerNetwork,
    name: str,
    du: int,
    errors: tuple[float, float, float],
) -> LayerReport:
    synapses, wanted = integers.synapses[name], float_weight(network, wiring, name)
    low, high, step = limits(synapses.bits, synapses.sign_mode)
    beyond = (wanted / synapses.unit > high + step / 2) | (wanted / synapses.unit < low - step / 2)
    change = np.abs(synapses.weight * synapses.unit - wanted).max() / (np.abs(wanted).max() or 1.0)
    strongest = int(np.abs(synapses.weight.reshape(len(wanted), -1)).sum(axis=1).max())
    payload = 2 ** max(synapses.message_bits - 1, 0)
    load = strongest * payload * 2.0**synapses.exponent * 4096 / (du + 1) / LARGEST_INPUT
    return LayerReport(
        name, synapses.unit, synapses.exponent, int(beyond.sum()), float(change), *errors, load
    )
