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
class LocalRule:
    """The local part of a rule for networks with time: what every synapse sums up while the chip runs.

    A synapse from j to i adds ``post_i(t) pre_j(t)`` over the steps of a presentation. Pure data: a
    backend compiles it beside the weights, and nothing per step and neuron crosses to the host.

    Attributes
    ----------
    pre : str
        ``"spike"``: the input of the step; ``"trace"``: inputs that fade by ``decay`` a step.
    post : str
        ``"membrane_difference"``: the membrane in one pass minus that in the next, so passes come in
        pairs; ``"drive_difference"``: the same of what the membrane took in at this step (noise
        included), in which no earlier step lives on; ``"membrane_excess"``: the membrane above its
        mean over the passes;
        ``"spike_excess"``: the spike (0 or 1) minus its mean over the passes; of a leaky integrator,
        which has none, its membrane.
    decay : float or None
        Share of a trace that is left after one step, in [0, 1); None: as the membrane it feeds.
    """

    pre: Literal["spike", "trace"] = "trace"
    post: Literal["membrane_difference", "drive_difference", "membrane_excess", "spike_excess"] = (
        "membrane_difference"
    )
    decay: float | None = None


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
        ``"events"`` (what each synapse remembers of its own releases),
        ``"spikes"`` and ``"membranes"`` (of every neuron at every step: for pictures and comparisons),
        ``"derivatives"`` (only where ``Capabilities.gradient``: see ``Derivatives``),
        ``"error"`` and ``"curvature"`` (of the loss by the output; filled in by the training loop, since
        only the host knows labels).
    quiet_layers, perturbation, reset
        See DESIGN; ``reset`` clears neuron states before each sample.
    local : LocalRule, optional
        What the synapses of a network with time sum up; it arrives as ``Reading.eligibility``.
    """

    passes: int = 1
    order: Order = "interleaved"
    quiet_passes: tuple[int, ...] = ()
    quiet_layers: tuple[str, ...] = ()
    perturbation: Perturbation | None = None
    observe: frozenset[str] = frozenset()
    reset: bool = True
    local: LocalRule | None = None


class Eligibility(Protocol):
    """What the synapses of one layer remember of a run, each of itself alone; the host sends them credit.

    Synapse by synapse it is the score of what was released: the derivative of the logarithm of
    its probability by the parameter that ``Program.write`` changes, 0 where no input arrived.
    """

    def correlate(self, credit: Array) -> Array:
        """Sum of ``credit`` [pass, sample] times the score of each weight: (n_out, n_in) float32."""


class Traces(Eligibility, Protocol):
    """What a ``LocalRule`` summed up in one layer; ``credit`` has a row per pass, or per pair of passes."""

    @property
    def power(self) -> Array:
        """Sum over neurons and steps of the squared post variable: (passes or pairs, samples) float32."""

    def correlate_bias(self, credit: Array) -> Array:
        """As ``correlate``, for a bias, which is an input of 1 at every step: (n_out,) float32."""


class Derivatives(Protocol):
    """Derivatives of one reading's outputs by the parameters: yardsticks, never on-chip learning."""

    def backward(self, error: Array) -> dict[str, Array]:
        """Vector-Jacobian product: ``error`` has the shape of the output; one array per parameter."""

    def forward(self, direction: Mapping[str, Array]) -> Array:
        """Jacobian-vector product along a direction in parameter space: the shape of the output."""


@runtime_checkable
class SecondDerivatives(Derivatives, Protocol):
    """Derivatives that can be taken twice."""

    def backward_change(self, error: Array, direction: Mapping[str, Array]) -> dict[str, Array]:
        """How ``backward(error)`` changes per unit step of the parameters along ``direction``."""


@dataclass(frozen=True)
class Curvature:
    """Second derivative of each sample's loss by its own output, which is diagonal for every loss here.

    Attributes
    ----------
    exact : (passes, samples, ...) float32
        With the label that the sample has.
    expected : (passes, samples, ...) float32
        Mean over labels drawn from what the network itself predicts: its Fisher information, >= 0.
    """

    exact: Array
    expected: Array


ONE_PASS = Probe()


@dataclass(frozen=True)
class Reading:
    """What a chip showed: arrays indexed ``[pass, sample, ...]``.

    Attributes
    ----------
    output : (passes, samples, classes) float32
        The read-out (probabilities after softmax, else the last node values). A network with time
        gives (passes, samples, steps, n_out): spikes, or the membranes of a leaky integrator.
    steps : int
        Steps of time that an ``output`` without a time axis sums up; 1 without time.
    inputs : dict of str to (passes, samples, n_in) float32
        Digital input of each layer, if ``"nodes"`` was observed.
    nodes : dict of str to (passes, samples, n_out) float32
        Node value of each layer as its converter delivered it, before the activation.
    noise : dict of str to (passes, samples, n_out) float32
        Node noise, if ``"noise"`` was observed and the chip knows it.
    weights : dict of str to (passes, n_out, n_in) float32
        Read-back of each layer before each pass, if ``"weights"`` was observed.
    ticks : (passes, samples) uint64
        The read period in which each read took place; with time, in which the first step did.
    events : dict of str to int
        What this run cost: reads, conversions, device reads (see ``Program.events``).
    eligibility : dict of str to Eligibility
        What the synapses of each layer remember, if ``"events"`` were observed or ``local`` was set
        (then ``Traces``).
    spikes, membranes : dict of str to (passes, samples, steps, n) float32
        By neuron node, if observed; membranes before the reset.
    derivatives : Derivatives or None
        If ``"derivatives"`` were observed.
    error : (passes, samples, ...) float32 or None
        Derivative of each sample's loss by its output, if ``"error"`` was observed.
    curvature : Curvature or None
        If ``"curvature"`` was observed.
    """

    output: Array
    inputs: Mapping[str, Array] = field(default_factory=dict)
    nodes: Mapping[str, Array] = field(default_factory=dict)
    noise: Mapping[str, Array] = field(default_factory=dict)
    weights: Mapping[str, Array] = field(default_factory=dict)
    ticks: Array = field(default_factory=lambda: np.zeros((1, 0), np.uint64))
    events: Mapping[str, int] = field(default_factory=dict)
    eligibility: Mapping[str, Eligibility] = field(default_factory=dict)
    spikes: Mapping[str, Array] = field(default_factory=dict)
    membranes: Mapping[str, Array] = field(default_factory=dict)
    derivatives: Derivatives | None = None
    error: Array | None = None
    steps: int = 1
    curvature: Curvature | None = None


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
        """Read the batch ``x`` (samples, n_in) as ``probe`` says; every row is one tick.

        A network with time takes (samples, steps, n_in); every step of a sample is one tick.
        """

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
