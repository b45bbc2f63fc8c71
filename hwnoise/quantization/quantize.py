"""Quantization: a float network as the integers of a chip, once, before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import InputError
from hwnoise.integers import IntegerNetwork
from hwnoise.network import Network
from hwnoise.quantization.filling import fill
from hwnoise.quantization.numbers import as_metadata, from_metadata
from hwnoise.quantization.ranges import check_ranges, check_room
from hwnoise.quantization.report import QuantizationReport, report
from hwnoise.quantization.scaling import Settings, choose
from hwnoise.quantization.wiring import Wiring, wire


def quantize(
    network: Network,
    fixed_point: FixedPoint,
    *,
    percentile: float = 100.0,
    headroom: float = 1.0,
    peaks: Mapping[str, float] | None = None,
) -> tuple[IntegerNetwork, QuantizationReport]:
    """Return ``network`` in the integers of a chip, and what was lost.

    A network whose metadata carries ``"integers"``, as every network read back from such a chip does,
    gets the scales it had there: the same integers, bit for bit.

    Parameters
    ----------
    network : Network
        With neurons, dt and a reset to zero; see ``Network.assumptions``.
    fixed_point : FixedPoint
        The chip's ranges.
    percentile : float
        Of a layer's magnitudes, 50 to 100: the weight that fills the grid; those beyond are clipped.
    headroom : float
        1 to 100: how many times that weight fits the grid; room for weights to grow in training.
    peaks : mapping of str to float, optional
        Largest membrane of each integrator, measured on data, in units of the float network: it
        then uses its whole range. By default no more than one in eight inputs is taken to fire.

    Raises
    ------
    InputError, MismatchError
        If the network does not fit; the sentence names node, parameter, value and range.
    """
    settings = Settings(percentile, headroom, peaks)
    wiring, integers = _quantized(scaled(network, fixed_point, settings), fixed_point)
    return integers, report(network, wiring, integers)


def scaled(network: Network, fixed_point: FixedPoint, settings: Settings) -> Network:
    """Return ``network`` with scales, exponents, decays and thresholds of the chip among its metadata."""
    if "integers" in network.metadata:
        return network
    if not (50 <= settings.percentile <= 100 and 1 <= settings.headroom <= 100):
        raise InputError(
            f"percentile must be from 50 to 100 and headroom from 1 to 100, "
            f"not {settings.percentile} and {settings.headroom}"
        )
    numbers = choose(network, wire(network), fixed_point, settings)
    return replace(network, metadata={**network.metadata, "integers": as_metadata(numbers)})


def integers_of(network: Network, fixed_point: FixedPoint) -> IntegerNetwork:
    """Return the integers that a ``scaled`` network is, checked against the chip's ranges."""
    return _quantized(network, fixed_point)[1]


def _quantized(network: Network, chip: FixedPoint) -> tuple[Wiring, IntegerNetwork]:
    wiring = wire(network)
    integers = fill(network, wiring, from_metadata(network.metadata["integers"]))
    check_ranges(integers, chip)
    check_room(integers, chip)
    return wiring, integers
