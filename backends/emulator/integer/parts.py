"""The parts of a digital chip, put together from an integer network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.adaptive import AdaptivePopulation
from hwnoise.backends.emulator.integer.graded import GradedPopulation
from hwnoise.backends.emulator.integer.population import Population
from hwnoise.backends.emulator.integer.releases import made_synapses
from hwnoise.backends.emulator.integer.schedule import schedule
from hwnoise.backends.emulator.integer.synapses import Slot
from hwnoise.devices.composition import Substrate
from hwnoise.integers import IntegerNetwork
from hwnoise.streams import Stream

Array = NDArray[Any]
KINDS: dict[str, type[Population]] = {  # with kernels of their own
    "adaptive": AdaptivePopulation,
    "graded": GradedPopulation,
}


class Parts:
    """Populations, synapses, and the order in which they run.

    Attributes
    ----------
    network : IntegerNetwork
        As it was put on the chip; weights may have moved on since.
    populations : dict of str to Population
    synapses : dict of str to DenseSynapses or FilterSynapses
    tails : dict of str to (1, steps, n_in) int32
        By synapses through which spikes take time: what they were sent last, and is still under way.
    """

    def __init__(self, network: IntegerNetwork, substrate: Substrate, stream: Stream) -> None:
        self.network, self.schedule = network, schedule(network)
        strict = substrate.fixed_point is not None and substrate.fixed_point.strict
        self.populations = {
            name: KINDS.get(spec.kind, Population)(
                name, spec, substrate.loihi_noise, stream.child(name).child("noise").key, strict
            )
            for name, spec in network.neurons.items()
        }
        self.synapses = {
            name: made_synapses(name, spec, substrate.stochastic_synapse, stream.child(name))
            for name, spec in network.synapses.items()
        }
        self.tails = {
            name: np.zeros((1, time, self._n_in(name)), np.int32)
            for name in self.synapses
            if (time := self.lag(name) + self.synapses[name].delay)
        }

    def source(self, synapses: str) -> str:
        """What feeds a set of synapses: a population, a pooling or ``"input"``."""
        return self.network.sources(synapses)[0]

    def lag(self, synapses: str) -> int:
        """Steps that a spike takes to come back through synapses that close a loop; else 0."""
        return self.schedule.lags.get(synapses, 0)

    def plain(self, population: str) -> Slot | None:
        """The matrix through which all reaches a population that can run with it in one; else None."""
        first, *others = self.network.sources(population)
        spec = self.populations[population].spec
        if others or spec.arithmetic != "loihi" or spec.kind in KINDS:
            return None
        return self.synapses[first].plain

    def inner(self, population: str) -> tuple[str, ...]:
        """Synapses that feed a population from within its own loop."""
        return tuple(a for a, b in self.schedule.loops if b == population)

    def width(self, synapses: str) -> int:
        """How many outputs a set of synapses has."""
        spec = self.network.synapses[synapses]
        return int(np.prod(spec.geometry["output_shape"])) if spec.geometry else len(spec.weight)

    @property
    def output(self) -> str:
        """The population that the network hands back."""
        return self.network.sources("output")[0]

    def _n_in(self, synapses: str) -> int:
        spec = self.network.synapses[synapses]
        return int(np.prod(spec.geometry["input_shape"])) if spec.geometry else spec.weight.shape[1]
