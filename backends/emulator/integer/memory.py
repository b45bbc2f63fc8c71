"""The weights and biases on a digital chip, by the names that learners use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwnoise.backends.emulator.integer.held import Held
from hwnoise.backends.emulator.integer.parts import Parts
from hwnoise.dense_layers import with_bias
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import InputError
from hwnoise.integers import IntegerNetwork
from hwnoise.network import Network
from hwnoise.nodes import Linear
from hwnoise.parameters import parameters_of
from hwnoise.quantization.filling import MANTISSA
from hwnoise.quantization.grid import limits
from hwnoise.quantization.numbers import NeuronNumbers, from_metadata
from hwnoise.streams import Stream

Array = NDArray[Any]


class Memory:
    """Every parameter of ``network`` as integers; those of ``integers`` at first. Each layer has a bias.

    Attributes
    ----------
    held : dict of str to Held
        ``"<layer>.weight"`` and ``"<layer>.bias"``.
    """

    def __init__(self, network: Network, integers: IntegerNetwork, chip: FixedPoint, stream: Stream) -> None:
        self._integers = integers
        self._numbers = from_metadata(network.metadata["integers"])
        self.held: dict[str, Held] = {}
        for name, value in _parameters(network).items():
            layer, _, kind = name.rpartition(".")
            unit, grid = self._weight_grid(layer) if kind == "weight" else self._bias_grid(layer)
            key = stream.child(name).key if chip.rounding == "stochastic" else None
            self.held[name] = Held(value, unit, grid, key)

    def read(self) -> dict[str, Array]:
        """Every parameter in units of the float network."""
        return {name: held.read() for name, held in self.held.items()}

    def write(self, update: Mapping[str, ArrayLike]) -> int:
        """Add ``update``, all of it or, with InputError, nothing; return how many integers changed."""
        given = {name: self._checked(name, value) for name, value in update.items()}
        return sum(self.held[name].write(value) for name, value in given.items())

    def load(self, parts: Parts) -> None:
        """Put the integers where they are used."""
        for name, part in parts.synapses.items():
            if f"{name}.weight" in self.held:
                part.load(self.held[f"{name}.weight"].integers)
        for name, population in parts.populations.items():
            population.load(self._mantissa(name))

    def network(self) -> IntegerNetwork:
        """The integer network as it stands."""
        nodes = dict(self._integers.nodes)
        for name, synapses in self._integers.synapses.items():
            if f"{name}.weight" in self.held:
                nodes[name] = replace(synapses, weight=self.held[f"{name}.weight"].integers.copy())
        for name, neurons in self._integers.neurons.items():
            nodes[name] = replace(neurons, bias_mant=self._mantissa(name))
        return replace(self._integers, nodes=nodes)

    def state(self) -> dict[str, Array]:
        """All parameters, as named arrays."""
        return {
            f"parameters/{name}/{key}": array
            for name, held in self.held.items()
            for key, array in held.state().items()
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""
        for name, held in self.held.items():
            held.restore({key: state[f"parameters/{name}/{key}"] for key in held.state()})

    def _weight_grid(self, layer: str) -> tuple[float, tuple[int, int, int]]:
        synapses = self._integers.synapses[layer]
        before = self._numbers.get(self._integers.sources(layer)[0])
        factor = 1.0 if before is None else before.spike_unit
        return synapses.unit / factor, limits(synapses.bits, synapses.sign_mode)

    def _bias_grid(self, layer: str) -> tuple[float, tuple[int, int, int]]:
        neurons = self._numbers[self._target(layer)]
        assert isinstance(neurons, NeuronNumbers)
        unit = neurons.bias_unit(self._integers.synapses[layer].scale)
        return unit, (0, 0, 1) if neurons.kind == "graded" else (*MANTISSA, 1)

    def _target(self, layer: str) -> str:
        return next(b for a, b in self._integers.edges if a == layer)

    def _mantissa(self, name: str) -> Array:
        """Biases of all that feeds a population, one per channel where it convolves, and its leak's part."""
        neurons, numbers = self._integers.neurons[name], self._numbers[name]
        assert isinstance(numbers, NeuronNumbers)
        total = np.full(neurons.n, numbers.rest, np.int32)
        for source in self._integers.sources(name):
            if f"{source}.bias" in self.held:
                bias = self.held[f"{source}.bias"].integers
                total += np.repeat(bias, neurons.n // len(bias))
        return np.clip(total, *MANTISSA)

    def _checked(self, name: str, value: ArrayLike) -> Array:
        if name not in self.held:
            raise InputError(f"the network on this chip has no parameter '{name}'")
        array, shape = np.asarray(value), self.held[name].integers.shape
        if array.shape != shape or array.dtype.kind not in "fiu":
            raise InputError(f"{name}: the update is {array.dtype} {array.shape}, not numbers {shape}")
        if not np.isfinite(array).all():
            raise InputError(f"{name}: the update must be finite numbers, and some are not")
        return array


def _parameters(network: Network) -> dict[str, Array]:
    """Every parameter, and a bias of zeros where a layer has none: neurons of the chip can take one."""
    nodes = {name: with_bias(n) if isinstance(n, Linear) else n for name, n in network.nodes.items()}
    return parameters_of(nodes)
