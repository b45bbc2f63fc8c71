"""The few numbers that turn a float layer into integers, and back: what travels in a file beside the floats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from hwnoise.errors import InputError
from hwnoise.integers import IntegerNetwork, IntegerNeurons, SignMode


@dataclass(frozen=True)
class SynapseNumbers:
    """Of one set of synapses; see :class:`~hwnoise.integers.IntegerSynapses`."""

    scale: float
    exponent: int = 0
    bits: int = 8
    message_bits: int = 0
    sign_mode: SignMode = "mixed"


@dataclass(frozen=True)
class NeuronNumbers:
    """Of one population; see :class:`~hwnoise.integers.IntegerNeurons`. ``rest`` is the leak's part of the bias."""

    kind: Literal["lif", "ternary", "li"]
    du: int
    dv: int
    vth: int
    scale: float
    offset: float
    bias_exp: int
    vth_low: int = 0
    rest: int = 0
    refractory: int = 0

    def bias_unit(self, synapse_scale: float) -> float:
        """Return the bias of the float network per unit of mantissa (eq:quantize-bias).

        A bias enters the membrane past the synaptic current, with the sum that current would reach.
        """
        return synapse_scale / 64 * (self.du + 1) / 4096 * 2.0**self.bias_exp


Numbers = Mapping[str, SynapseNumbers | NeuronNumbers]


def as_metadata(numbers: Numbers) -> dict[str, Any]:
    """Return the value of ``Network.metadata["integers"]``: with the float weights, all that a chip holds."""
    return {name: asdict(entry) for name, entry in numbers.items()}


def from_metadata(stated: Any) -> dict[str, SynapseNumbers | NeuronNumbers]:
    """Return the numbers that a network's metadata states.

    Raises
    ------
    InputError
        If the metadata were not written by ``as_metadata``.
    """
    try:
        return {name: _entry(values) for name, values in stated.items()}
    except (TypeError, KeyError, AttributeError) as error:
        raise InputError(f"metadata 'integers' is not of this version's form: {error}") from None


def _entry(values: dict[str, Any]) -> SynapseNumbers | NeuronNumbers:
    return NeuronNumbers(**values) if "du" in values else SynapseNumbers(**values)


def numbers_of(integers: IntegerNetwork) -> dict[str, SynapseNumbers | NeuronNumbers]:
    """Return the numbers of an integer network, its biases apart."""
    found: dict[str, SynapseNumbers | NeuronNumbers] = {}
    for name, node in integers.nodes.items():
        kind = NeuronNumbers if isinstance(node, IntegerNeurons) else SynapseNumbers
        shared = {f.name for f in fields(kind)} & {f.name for f in fields(node)}
        found[name] = kind(**{key: getattr(node, key) for key in shared})  # type: ignore[arg-type]  # same names
    return found
