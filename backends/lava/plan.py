"""Plan: which Lava processes stand for an integer network, how they are wired, and when they start.

Lava's synapses take one step, so a population that lies ``depth`` synapses behind the input sees a
sample ``depth`` steps later. Samples follow each other without a pause: LIFReset clears each
population at its own first step of each sample. Nothing here imports Lava.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
NEVER = 1 << 17  # the threshold of an integrator, beyond the largest membrane
MODULES = {
    "Dense": "lava.proc.dense.process",
    "DelayDense": "lava.proc.dense.process",
    "LearningDense": "lava.proc.dense.process",
    "Sparse": "lava.proc.sparse.process",
    "Conv": "lava.proc.conv.process",
    "LIF": "lava.proc.lif.process",
    "LIFReset": "lava.proc.lif.process",
    "TernaryLIF": "lava.proc.lif.process",
    "GradedVec": "lava.proc.graded.process",
}


@dataclass(frozen=True, eq=False)
class Process:
    """One Lava process.

    Attributes
    ----------
    name : str
        The node it stands for.
    kind : str
        Its class; ``MODULES`` says where that is.
    settings : dict
        Keyword arguments: integers, words, tuples, and arrays of integers.
    takes, gives : tuple of int
        Shapes of its input and of its output, in Lava's order of axes.
    """

    name: str
    kind: str
    settings: dict[str, Any]
    takes: Shape
    gives: Shape

    @property
    def integrates(self) -> bool:
        """Whether it is neurons that never fire."""
        return not self.is_graded and self.settings.get("vth") == NEVER

    @property
    def is_graded(self) -> bool:
        """Whether it is neurons whose spikes are their membranes."""
        return self.kind == "GradedVec"


@dataclass(frozen=True, eq=False)
class Population:
    """A population of neurons, and where in time it lies.

    Attributes
    ----------
    name : str
        Of its node and process.
    shape : tuple of int
        In the network's order of axes.
    depth : int
        Steps by which it lags behind the input, >= 1.
    late_bias : array or None
        Set in an own graph for each sample: the bias must not act before the population's first step.
    """

    name: str
    shape: Shape
    depth: int
    late_bias: Array | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """A graph of Lava processes, as data.

    Attributes
    ----------
    steps : int
        Of one sample.
    input_shape : tuple of int
        Of one step of input, in the network's order of axes.
    processes : tuple of Process
    wires : tuple of (str, str)
        From, to; ``"input"`` is the source.
    populations : tuple of Population
    output : str
        The population whose spikes or membranes are the result.
    seamless : bool
        Whether samples may follow each other in one run. Where something outlives a sample that no
        stock process clears (a delay, a loop, a ternary neuron), each sample gets a graph of its own.
    """

    steps: int
    input_shape: Shape
    processes: tuple[Process, ...]
    wires: tuple[tuple[str, str], ...]
    populations: tuple[Population, ...]
    output: str
    seamless: bool

    @property
    def depth(self) -> int:
        """Steps after the last input until the deepest population has seen it."""
        return max(population.depth for population in self.populations)

    @property
    def spikes(self) -> bool:
        """Whether the output is spikes; else it is the membranes of integrators."""
        return any(p.name == self.output and not p.integrates for p in self.processes)

    @property
    def graded(self) -> frozenset[str]:
        """The populations whose spikes have payloads."""
        return frozenset(p.name for p in self.processes if p.is_graded)
