"""A population of neurons on the chip: its numbers, its state, and the kernel that steps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.read import aligned_empty
from hwnoise.backends.emulator.threads import for_each, shares
from hwnoise.backends.emulator.timed.stage import Floats, Moment, Outcome, Remembering, State
from hwnoise.errors import InputError
from hwnoise.kernels import leaky, lif, spiking
from hwnoise.kernels.lif_corrected import lif_corrected
from hwnoise.stepping import Step

PARALLEL_FROM = 1 << 18  # neuron steps below which threads cost more than they give
_RESETS = {"zero": lif.ZERO, "subtract": lif.SUBTRACT, "none": lif.NONE}
_ORDERS = {
    "decay_add_use": leaky.DECAY_ADD_USE,
    "add_decay_use": leaky.ADD_DECAY_USE,
    "add_use_decay": leaky.ADD_USE_DECAY,
    "use_decay_add": leaky.USE_DECAY_ADD,
}


class Population(Remembering):
    """Neurons that take one step after the other; rows are separate presentations.

    Attributes
    ----------
    step : Step
        The numbers of one step, as this chip has them.
    """

    def __init__(self, name: str, step: Step) -> None:
        self.step = step
        self._neuron = aligned_empty((6, step.decay.size))
        self._neuron[:] = [step.decay, step.gain, step.offset, _or_zero(step), step.drop, step.v_reset]
        self._advance = _kernel(name, step)
        n = step.decay.size
        rest: State = {"v": np.zeros(n, np.float32)}
        if step.current is not None:
            rest["i"] = np.zeros(n, np.float32)
        if step.refractory is not None:
            rest["wait"] = np.zeros(n, np.int32)
        if step.adaptation is not None:
            rest["theta"] = np.zeros(n, np.float32)
        super().__init__(rest)

    def run(self, x: Floats, state: State, moment: Moment) -> Outcome:
        """Step the neurons through ``x`` (rows, steps, n): spikes, or the membranes of an integrator."""
        out = aligned_empty(x.shape)
        observes = moment.observes and self.step.threshold is not None
        membranes = np.empty_like(x) if observes else np.empty((1, 1, 1), np.float32)

        def work(rows: slice) -> None:
            seen = membranes[rows] if observes else membranes
            own = {key: value[rows] for key, value in state.items()}
            self._advance(self._taken(x[rows], own), self._neuron, own, observes, out[rows], seen)

        parallel = x.size >= PARALLEL_FROM
        for_each(work, shares(len(x), len(x), parallel), parallel)
        return Outcome(out, membranes if observes else out)

    def _taken(self, x: Floats, state: State) -> Floats:
        """What the membrane takes: the input, or the synaptic current that it feeds."""
        current = self.step.current
        if current is None:
            return x
        taken = np.empty_like(x)
        leaky.synapse_current(x, current.decay, current.gain, _ORDERS[current.order], state["i"], taken)
        return taken


Advance = Callable[[Floats, Floats, State, bool, Floats, Floats], None]


def _kernel(name: str, step: Step) -> Advance:
    """The kernel that steps neurons of this kind, with one signature for all kinds."""
    if step.threshold is None:
        return lambda x, neuron, state, keep, out, seen: leaky.leak(x, neuron, state["v"], out)
    reset = _RESETS[step.reset]
    special = _special(step, reset)
    rule = step.convention
    if special is not None:
        if rule.reset_timing != "same" or rule.spikes != "one":
            raise InputError(f"node {name!r}: neurons of its kind reset in their own step, once")
        return special
    if rule.spikes == "several":
        if rule.reset_timing != "same" or step.threshold.min() <= 0:
            raise InputError(
                f"node {name!r}: several spikes a step need thresholds > 0 and reset in that step"
            )
        return _plain(lif.lif_several, reset)
    if rule.reset_timing == "corrected" and reset == lif.SUBTRACT:
        return lambda x, neuron, state, keep, out, seen: lif_corrected(x, neuron, keep, state["v"], out, seen)
    if rule.reset_timing != "next":
        return _plain(lif.lif, reset)
    keeps = rule.keeps_input and step.current is None and reset == lif.ZERO
    return _plain(lif.lif_next, lif.ZERO_KEEPING if keeps else reset)


def _plain(kernel: Callable[..., None], reset: int) -> Advance:
    return lambda x, neuron, state, keep, out, seen: kernel(x, neuron, reset, keep, state["v"], out, seen)


def _special(step: Step, reset: int) -> Advance | None:
    """Kernels of the neurons that have something beside membrane, threshold and reset."""
    if step.refractory is not None:
        period = step.refractory
        return lambda x, neuron, state, keep, out, seen: spiking.refractory(
            x, neuron, period, reset, keep, state["v"], state["wait"], out, seen
        )
    if step.adaptation is not None:
        adaptation = step.adaptation
        return lambda x, neuron, state, keep, out, seen: spiking.adaptive(
            x, neuron, adaptation, reset, keep, state["v"], state["theta"], out, seen
        )
    if step.low is not None and step.low_drop is not None:
        low, low_drop = step.low, step.low_drop
        return lambda x, neuron, state, keep, out, seen: spiking.ternary(
            x, neuron, low, low_drop, reset, keep, state["v"], out, seen
        )
    if step.is_graded:
        return _plain(spiking.graded, reset)
    return None


def _or_zero(step: Step) -> NDArray[Any]:
    return np.zeros_like(step.decay) if step.threshold is None else step.threshold
