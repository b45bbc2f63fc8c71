"""EngineProgram: a digital chip that learns by Lava's own learning engine; the host sends a reward.

Reward-modulated spike timing: a spike of a neuron adds the trace of each of its inputs to a tag of
that synapse; the third factor moves weights along the tags and clears them. All of it is one
three-factor rule of Loihi's (Loihi3FLearningRule), in the few bits that the engine has.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.lava.plan import Process
from hwnoise.backends.lava.program import LavaProgram
from hwnoise.backends.lava.session.diary import Synapses
from hwnoise.backends.lava.session.planning import SessionPlan
from hwnoise.errors import InputError, MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Array = NDArray[Any]
TRACE = 127  # the largest trace and factor, 7 bits
_TAG = 255  # the largest tag, 8 bits and a sign
_CLEARING = 64  # the factor y3 that takes a tag off itself: y3 t is shifted down by 5 bits, 2**-1 up by 6
_LONGEST = 256  # steps of a presentation for which a tag can be scaled down
_CALM = 5.0  # time constants between rows, after which nothing of a trace is left


class EngineProgram(LavaProgram):
    """A chip of the kind ``substrate`` whose synapses are Lava's LearningDense.

    Neurons, ticks and noise are those of ``LavaProgram``; weights change by ``reward`` alone, in the
    arithmetic of Lava's engine, which is close to Loihi's and not bit for bit.

    Parameters
    ----------
    network, substrate, stream, headroom, timeout
        As for ``LavaProgram``.
    steps : int
        Steps of one presentation, 1 to 256: by them tags are scaled so that they hold the sum of it.
    activity : float
        Share of the largest conceivable tag (all inputs and neurons active at every step) that a tag
        has room for, above 0 and up to 1: the smaller, the finer; beyond it a tag saturates.
    exponent : int
        Power of two on the change of weights, 0 to 5. At 0 a full reward for a full tag moves a
        weight by 8 of its 256 levels.

    References
    ----------
    M. Davies et al., IEEE Micro 38(1):82 (2018): the learning engine.
    R. Legenstein, S. Chase, A. Schwartz, W. Maass, J. Neurosci. 30:8400 (2010): reward-modulated Hebbian.
    """

    def __init__(
        self, network: Network, substrate: Substrate, stream: Stream, headroom: float = 1.0,
        timeout: float | None = None, *, steps: int, activity: float = 0.25, exponent: int = 3,
    ) -> None:  # fmt: skip
        if not 1 <= steps <= _LONGEST or not 0 < activity <= 1 or not 0 <= exponent <= 5:
            raise InputError(
                f"steps must be 1 to {_LONGEST}, activity above 0 and up to 1, exponent 0 to 5, "
                f"not {steps}, {activity} and {exponent}"
            )
        super().__init__(network, substrate, stream, headroom, timeout)
        if substrate.stochastic_synapse is not None:
            raise MismatchError(
                "the synapses of Lava's learning engine transmit every spike: none is stochastic"
            )
        self.steps = steps
        self._plan = _with_engine(self._plan, steps * activity, exponent)

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """As ``LavaProgram.run``, for rows of ``steps`` steps; tags add up until the next reward."""
        if x.shape[-2] != self.steps:
            raise InputError(
                f"rows must have {self.steps} steps, for which tags are scaled, not {x.shape[-2]}"
            )
        if not probe.reset:
            raise MismatchError("in Lava's engine, traces are let fade between rows: reset = True")
        return super().run(x, probe)

    def reward(self, factor: float) -> None:
        """Move every weight along its tag by ``factor``, -1 to 1, and clear all tags.

        The rounding of the engine is to 1/127; a factor below 0 is a punishment.
        """
        if not -1 <= factor <= 1:
            raise InputError(f"a reward must be a number from -1 to 1, not {factor}")
        if self._session is None or not self._session.is_open:
            raise InputError("there is nothing to reward before the first run")
        strength = round(abs(factor) * TRACE)
        self._session.tell((strength, 0, 0) if factor > 0 else (0, strength, 0))
        self._session.tell((0, 0, _CLEARING))
        for layer, integers in self._session.read().items():
            self._note(f"{layer}.weight", integers)
        self._memory.load(self._parts)

    def _note(self, name: str, integers: Array) -> None:
        """Keep what the engine made of a parameter, for states and deployment.

        The engine moves weights by single units; the grid of signed weights has every other one.
        """
        held = self._memory.held[name]
        kept = np.clip(integers // held.step * held.step, held.low, held.high).astype(np.int32)
        self.events["device_writes"] += int(np.count_nonzero(kept != held.integers))
        held.integers = kept
        held.wanted = held.read()


def _with_engine(plan: SessionPlan, steps: float, exponent: int) -> SessionPlan:
    """Put Lava's learning synapses in the places of its Dense, and neurons that tell them."""
    by_name = {layer.name: layer for layer in plan.layers}
    processes = tuple(
        _rewarded(process) if process.kind == "NoisyLIF"
        else _learning(process, by_name[process.name], steps, exponent)
        for process in plan.plan.processes
    )  # fmt: skip
    slowest = max(_time_constant(layer) for layer in plan.layers)
    gap = max(plan.gap, math.ceil(_CALM * slowest))
    return replace(plan, plan=replace(plan.plan, processes=processes), gap=gap)


def _rewarded(process: Process) -> Process:
    return replace(process, kind="RewardedLIF")


def _learning(process: Process, layer: Synapses, steps: float, exponent: int) -> Process:
    """Return a LearningDense whose traces fade as the membranes they feed.

    The impulse is such that an input at every step just fills the trace, and the power of two on the
    tag such that a neuron that fires at each of ``steps`` steps just fills it.
    """
    scale, change = min(math.floor(math.log2(_TAG / (TRACE * steps))), 7), exponent - 7
    rule = {
        "dt": f"y0 * x1 * 2^{scale} + (-1) * u0 * y3 * t * 2^-1",
        "dw": f"u0 * y1 * t * 2^{change} + (-1) * u0 * y2 * t * 2^{change}",
        "x1_impulse": TRACE * (1 - layer.keep),
        "x1_tau": _time_constant(layer),
        "t_epoch": 1,
        "rng_seed": 1,
    }
    return replace(process, kind="LearningDense", settings=process.settings | {"learning_rule": rule})


def _time_constant(layer: Synapses) -> float:
    """Steps in which a trace of the layer fades to 1/e."""
    if not 0 < layer.keep < 1:
        raise MismatchError(
            f"the membranes behind {layer.name!r} keep {layer.keep:g} of themselves in a step, "
            "and a trace that fades as they do has to keep more than 0 and less than 1"
        )
    return -1 / math.log(layer.keep)
