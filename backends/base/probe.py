"""What a learner asks a chip to do with one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Order = Literal["interleaved", "batch"]


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


ONE_PASS = Probe()
