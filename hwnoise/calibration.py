"""Quantization against data: what spikes, membranes and answers become on a digital chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwnoise import substrate
from hwnoise.backends.base import Probe, Reading
from hwnoise.backends.emulator.integer import IntegerProgram
from hwnoise.backends.emulator.timed.program import TimedProgram
from hwnoise.errors import InputError
from hwnoise.network import Network
from hwnoise.nodes import LI, CubaLI, Integrator
from hwnoise.nodes.spiking import GradedLIF
from hwnoise.quantization import QuantizationReport, quantize, scaled
from hwnoise.quantization.scaling import Settings
from hwnoise.streams import Stream

Array = NDArray[Any]
_SEEN = Probe(observe=frozenset({"spikes", "membranes"}))
_ROOM = 1.5  # of an integrator's range over the largest membrane seen


@dataclass(frozen=True)
class Calibration:
    """What quantization lost on data.

    Attributes
    ----------
    network : Network
        With the scales that the data gave; any chip with this arithmetic takes them over.
    quantization : QuantizationReport
    agreement : dict of str to float
        By population: share of neurons and steps in which the chip spikes as the float network does, of
        graded spikes by their sign.
    losses : dict of str to int
        By population: how often a current wrapped or a membrane was cut off.
    same_answers : float
        Share of samples with the same largest output, summed over the steps.
    accuracy, float_accuracy : float or None
        Where labels were given.
    """

    network: Network
    quantization: QuantizationReport
    agreement: Mapping[str, float] = field(default_factory=dict)
    losses: Mapping[str, int] = field(default_factory=dict)
    same_answers: float = 1.0
    accuracy: float | None = None
    float_accuracy: float | None = None


def calibrate(
    network: Network,
    device: substrate.Substrate,
    x: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    percentile: float = 100.0,
    headroom: float = 1.0,
) -> Calibration:
    """Choose scales with data, and compare the chip, without its noise, with the float network.

    Parameters
    ----------
    network : Network
        As for :func:`hwnoise.quantization.quantize`; scales it may have from before are chosen anew.
    device : Substrate
        With a [fixed_point] table.
    x : (samples, steps, n_in)
        Spikes to calibrate with.
    labels : (samples,) int, optional
    percentile, headroom : float
        As for ``quantize``.

    Raises
    ------
    InputError
        If the substrate has no integers, or network or data do not fit.
    """
    chip = device.fixed_point
    if chip is None:
        raise InputError(f"'{device.name}' has no [fixed_point] table: it is no chip of integers")
    plain = Network(
        network.nodes,
        network.edges,
        network.dt,
        network.reset,
        {key: value for key, value in network.metadata.items() if key != "integers"},
    )
    data = np.asarray(x, np.float32)
    exact = TimedProgram(plain, substrate.load("ideal"), Stream(0), 1.0).run(data, _SEEN)
    settings = Settings(percentile, headroom, _peaks(plain, exact))
    found = scaled(plain, chip, settings)
    quiet = device.model_copy(update={"loihi_noise": None, "stochastic_synapse": None})
    program = IntegerProgram(found, quiet, Stream(0), headroom)
    ours = program.run(data, _SEEN)
    agreement = {n: float((np.sign(s) == np.sign(exact.spikes[n])).mean()) for n, s in ours.spikes.items()}
    answers, expected = _answers(ours), _answers(exact)
    return Calibration(
        found,
        quantize(found, chip)[1],
        agreement,
        program.losses,
        float((answers == expected).mean()),
        *(None if labels is None else float((a == np.asarray(labels)).mean()) for a in (answers, expected)),
    )


def _peaks(network: Network, reading: Reading) -> dict[str, float]:
    """The largest membrane of each population that sends it, counted from rest, with some room."""
    found = {}
    for name, node in network.nodes.items():
        if isinstance(node, (LI, CubaLI, Integrator, GradedLIF)):
            rest = getattr(node, "v_leak", np.zeros(1))
            found[name] = _ROOM * float(np.abs(reading.membranes[name] - rest.ravel()).max())
    return found


def _answers(reading: Reading) -> Array:
    return np.asarray(reading.output[0].sum(axis=1).argmax(axis=-1))
