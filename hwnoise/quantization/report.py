"""What quantization lost, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.integers import IntegerNetwork, IntegerNeurons
from hwnoise.network import Network
from hwnoise.quantization.dynamics import Dynamics, dynamics_of
from hwnoise.quantization.grid import limits
from hwnoise.quantization.weights import float_weight, is_graded, largest_payload
from hwnoise.quantization.wiring import Wiring

Array = NDArray[Any]


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
        Relative errors of the neurons' time constants and threshold; of an adaptive one the larger of
        membrane's and threshold's time constant, of threshold and its rise.
    load : float
        Largest current that the weights allow, all inputs firing at every step, relative to what fits
        its bits; above 1 it could wrap or saturate. Graded spikes count as large as they are expected.
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
                f"{r.tau_error:.2%}", f"{r.tau_synapse_error:.2%}", f"{r.threshold_error:.2%}",
                f"{r.load:.2f}",
            )
            for r in self.layers
        ]  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*lines, *self.notes])


def report(network: Network, wiring: Wiring, integers: IntegerNetwork) -> QuantizationReport:
    """Compare ``integers`` with the ``network`` they were made from."""
    layers: list[LayerReport] = []
    notes: list[str] = []
    for name, neurons in integers.neurons.items():
        step = dynamics_of(network, name, neurons.rules)
        notes.extend(step.notes)
        errors = _neuron_errors(step, neurons)
        for source in wiring.feeds(name):
            layers.append(_layer(network, wiring, integers, source, neurons, errors))
    return QuantizationReport(tuple(layers), (*notes, *_long_loops(integers)))


def _long_loops(integers: IntegerNetwork) -> Iterator[str]:
    """A loop takes a step in the float network, and on the chip one for each of its synapses."""
    place, depth = {name: i for i, name in enumerate(integers.nodes)}, integers.depths()
    for name in integers.synapses:
        source = integers.sources(name)[0]
        for target in (b for a, b in integers.edges if a == name):
            if source != "input" and place[target] < place[source]:
                steps = 1 + depth[source] - depth[target]
                yield f"{name}: leads back over {steps} synapses, which takes the chip {steps} steps, not one"


def _neuron_errors(step: Dynamics, neurons: IntegerNeurons) -> tuple[float, float, float]:
    rules, unit = neurons.rules, neurons.rules.align * neurons.scale
    tau = _error(rules.fade(neurons.dv), step.fade)
    synapse = _error(rules.fade_synapse(neurons.du), step.fade_synapse)
    threshold = _error(neurons.vth * unit, step.threshold) if np.isfinite(step.threshold) else 0.0
    if step.kind != "adaptive":
        return tau, synapse, threshold
    fall = _error(rules.fade(neurons.dtheta), step.fade_rise)
    return max(tau, fall), synapse, max(threshold, _error(neurons.theta_step * unit, step.rise))


def _error(found: float, wanted: float) -> float:
    return abs(found / wanted - 1) if wanted else 0.0


def _layer(
    network: Network,
    wiring: Wiring,
    integers: IntegerNetwork,
    name: str,
    neurons: IntegerNeurons,
    errors: tuple[float, float, float],
) -> LayerReport:
    synapses, wanted = integers.synapses[name], float_weight(network, wiring, name, integers.nodes)
    low, high, step = limits(synapses.bits, synapses.sign_mode)
    beyond = (wanted / synapses.unit > high + step / 2) | (wanted / synapses.unit < low - step / 2)
    change = np.abs(synapses.weight * synapses.unit - wanted).max() / (np.abs(wanted).max() or 1.0)
    strongest = int(np.abs(synapses.weight.reshape(len(wanted), -1)).sum(axis=1).max())
    graded = is_graded(network, source := wiring.feeds(name)[0])
    payload = largest_payload(network, wiring, source) if graded else 2 ** max(synapses.message_bits - 1, 0)
    rules = neurons.rules
    lasting = rules.align / rules.fade_synapse(neurons.du)
    load = strongest * payload * 2.0**synapses.exponent * lasting / rules.limit
    return LayerReport(
        name, synapses.unit, synapses.exponent, int(beyond.sum()), float(change), *errors, load
    )
