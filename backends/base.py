"""The seam between learners and chips: Probe, Reading, Program, Backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from hwnoise.network import Network
    from hwnoise.streams import Stream
    from hwnoise.substrate import Substrate

Array = NDArray[Any]
Handle = Literal[
    "known", "replayable", "readback", "paired", "mean_subtracted", "local_event", "mean_state", "none"
]
Quiet = Literal["none", "chip", "layer"]
Order = Literal["interleaved", "batch"]


@dataclass(frozen=True)
class Noise:
    """One noise of a substrate, as far as a learner may know it.

    Attributes
    ----------
    name : str
        The effect it comes from, for example ``"one_over_f"``.
    level : str
        Where it enters: ``"weight"``, ``"node"`` or ``"event"``.
    handles : frozenset of str
        How it can be observed (DESIGN: observability).
    time_scale : str
        ``"read"`` (fresh at every read), ``"memory"`` (correlated over reads) or ``"write"``
        (frozen until the device is written).
    """

    name: str
    level: Literal["weight", "node", "event"]
    handles: frozenset[str]
    time_scale: Literal["read", "memory", "write"]


@dataclass(frozen=True)
class Capabilities:
    """What a Program can do and what it lets one see."""

    noises: tuple[Noise, ...] = ()
    quiet: Quiet = "none"
    max_batch: int | None = None
    gradient: bool = False
    checkpoint: bool = True
    read_period: float = 0.0  # s between two reads of one array

    def handles(self, level: str | None = None) -> frozenset[str]:
        """Every way in which some noise (of ``level``, or of any) can be observed."""
        found = [n.handles for n in self.noises if level is None or n.level == level]
        return frozenset().union(*found) - {"none"}


@dataclass(frozen=True)
class Perturbation:
    """An injected perturbation, drawn inside the kernel; never intrinsic, never paid as a write.

    Attributes
    ----------
    key : int
        Philox key of the draw.
    sigma : float
        Standard deviation in weight units, >= 0.
    form : str
        ``"gaussian"`` or ``"rademacher"``.
    """

    key: int
    sigma: float
    form: Literal["gaussian", "rademacher"] = "gaussian"


@dataclass(frozen=True)
class Probe:
    """What a learner asks a chip to do with one batch.

    Attributes
    ----------
    passes : int
        How many times every sample is read, >= 1.
    order : str
        ``"interleaved"``: all passes of a sample, then the next sample.
        ``"batch"``: the whole batch, then the whole batch again.
    quiet_passes : tuple of int
        Passes run with the noise switched off (where the substrate can).
    observe : frozenset of str
        What is wanted beside the output: ``"nodes"`` (layer inputs and node values),
        ``"noise"`` (the node noise itself; only where it is known or replayable),
        ``"weights"`` (a counted read-back of the weights before each pass),
        ``"events"`` (what each synapse remembers of its own releases).
    quiet_layers, perturbation, reset
        See DESIGN; ``reset`` clears neuron states before each sample.
    """

    passes: int = 1
    order: Order = "interleaved"
    quiet_passes: tuple[int, ...] = ()
    quiet_layers: tuple[str, ...] = ()
    perturbation: Perturbation | None = None
    observe: frozenset[str] = frozenset()
    reset: bool = True


class Eligibility(Protocol):
    """What the synapses of one layer remember of a run, each of itself alone; the host sends them credit.

    Synapse by synapse it is the score of what was released: the derivative of the logarithm of
    its probability by the parameter that ``Program.write`` changes, 0 where no input arrived.
    """

    def correlate(self, credit: Array) -> Array:
        """Sum of ``credit`` [pass, sample] times the score of each weight: (n_out, n_in) float32."""


ONE_PASS = Probe()


@dataclass(frozen=True)
class Reading:
    """What a chip showed: arrays indexed ``[pass, sample, ...]``.

    Attributes
    ----------
    output : (passes, samples, classes) float32
        The read-out (probabilities after softmax, else the last node values).
    inputs : dict of str to (passes, samples, n_in) float32
        Digital input of each layer, if ``"nodes"`` was observed.
    nodes : dict of str to (passes, samples, n_out) float32
        Node value of each layer as its converter delivered it, before the activation.
    noise : dict of str to (passes, samples, n_out) float32
        Node noise, if ``"noise"`` was observed and the chip knows it.
    weights : dict of str to (passes, n_out, n_in) float32
        Read-back of each layer before each pass, if ``"weights"`` was observed.
    ticks : (passes, samples) uint64
        The read period in which each read took place.
    events : dict of str to int
        What this run cost: reads, conversions, device reads (see ``Program.events``).
    eligibility : dict of str to Eligibility
        What the synapses of each layer remember, if ``"events"`` were observed.
    """

    output: Array
    inputs: Mapping[str, Array] = field(default_factory=dict)
    nodes: Mapping[str, Array] = field(default_factory=dict)
    noise: Mapping[str, Array] = field(default_factory=dict)
    weights: Mapping[str, Array] = field(default_factory=dict)
    ticks: Array = field(default_factory=lambda: np.zeros((1, 0), np.uint64))
    events: Mapping[str, int] = field(default_factory=dict)
    eligibility: Mapping[str, Eligibility] = field(default_factory=dict)


@runtime_checkable
class Program(Protocol):
    """One chip instance with a network on it. Learners know this and nothing behind it.

    Parameters are named ``"<layer>.weight"`` (n_out, n_in) and ``"<layer>.bias"`` (n_out,).
    ``write`` adds an update to them; devices are programmed as the substrate says.
    A minimal chip implements ``run``, ``read_weights`` and ``write``; ``capabilities.checkpoint``
    says whether ``state`` / ``restore`` exist.
    """

    network: Network
    capabilities: Capabilities
    events: dict[str, int]

    def run(self, x: Array, probe: Probe = ...) -> Reading:
        """Read the batch ``x`` (samples, n_in) as ``probe`` says; every row is one tick."""

    def read_weights(self) -> dict[str, Array]:
        """Read every parameter back through the converters: noisy and counted."""

    def write(self, update: Mapping[str, Array]) -> None:
        """Add ``update`` to the named parameters; what is below a device step accumulates."""

    def advance(self, seconds: float) -> None:
        """Let time pass without reading."""

    def state(self) -> dict[str, Array]:
        """Everything needed to go on bit for bit, as named arrays."""

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""


class Backend(Protocol):
    """Turns a network and a substrate into a Program."""

    name: str

    def compile(
        self,
        network: Network,
        substrate: Substrate,
        stream: Stream,
        *,
        headroom: float = 1.0,
        **options: Any,
    ) -> Program:
        """Put ``network`` on a fresh chip of the kind ``substrate``, drawn from ``stream``.

        ``headroom`` is the range of the devices over the largest weight, >= 1.
        """
