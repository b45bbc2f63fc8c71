"""The few numbers that turn float layers into integers and back; files hold them beside the floats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hwnoise.arithmetic import Arithmetic, Name, rules_of
from hwnoise.errors import InputError
from hwnoise.integers import Kind, SignMode


@dataclass(frozen=True)
class SynapseNumbers:
    """Of one set of synapses; see :class:`~hwnoise.integers.IntegerSynapses`."""

    scale: float
    exponent: int = 0
    bits: int = 8
    message_bits: int = 0
    sign_mode: SignMode = "mixed"

    @property
    def spike_unit(self) -> float:
        """What 1 of what it sends to other synapses, a pooling's sum, is in the float network."""
        return self.scale


@dataclass(frozen=True)
class NeuronNumbers:
    """Of one population; see :class:`~hwnoise.integers.IntegerNeurons`.

    ``rest`` is the leak's part of the bias.
    """

    kind: Kind
    du: int
    dv: int
    vth: int
    scale: float
    offset: float
    bias_exp: int
    vth_low: int = 0
    rest: int = 0
    refractory: int = 0
    dtheta: int = 0
    theta_step: int = 0
    arithmetic: Name = "loihi"

    @property
    def rules(self) -> Arithmetic:
        """How the neurons count."""
        return rules_of(self.arithmetic, self.kind)

    @property
    def spike_unit(self) -> float:
        """What a spike of 1 is in the float network."""
        return self.scale if self.kind == "graded" else 1.0

    def bias_unit(self, synapse_scale: float) -> float:
        """Return the bias of the float network per unit of mantissa (eq:quantize-bias).

        A bias enters the membrane past the synaptic current, with the sum that current would reach.
        """
        sum_of_one = self.rules.sustaining(self.du)
        return synapse_scale / self.rules.align * sum_of_one * 2.0**self.bias_exp


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
