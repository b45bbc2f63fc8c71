"""Weights on synapses that release with a probability: every read is a draw, every synapse knows its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.read import PARALLEL_FROM, TILE
from hwnoise.backends.emulator.release_state import ReleaseState
from hwnoise.backends.emulator.rows import by_pass
from hwnoise.backends.emulator.threads import for_each
from hwnoise.devices.short_term_plasticity import ShortTermPlasticity
from hwnoise.devices.stochastic_synapse import StochasticSynapse
from hwnoise.errors import MismatchError
from hwnoise.kernels import short_term_plasticity
from hwnoise.kernels import stochastic_synapse as kernels
from hwnoise.streams import Stream

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ReleaseView:
    """An array's synapses between two writes, normalised to the weight range.

    Attributes
    ----------
    weight : (n_in, n_out) float32
        Mean transmission.
    amplitude : (n_in, synapses) float32
        Of one event; with two synapses a weight, the inhibitory ones follow the excitatory ones.
    last : (n_in, synapses) uint32
        Last random word that means release.
    keys : (events,) uint64
    score : (n_out,) float32, optional
        What a synapse's logit gains by a unit of its weight's parameter; None where the
        parameter has no part in the probability.
    certain : bool
        Whether the mean is transmitted instead of draws.
    plasticity : ReleaseState, optional
        What earlier events left of the probabilities.
    factor : (n_in, synapses) float32, optional
        What a release less its probability counts in the score of its synapse; None for 1.
    """

    weight: Floats
    amplitude: Floats
    last: NDArray[np.uint32]
    keys: NDArray[np.uint64]
    score: Floats | None
    certain: bool
    plasticity: ReleaseState | None = None
    factor: Floats | None = None

    @property
    def exact(self) -> bool:
        """Whether equal inputs give equal outputs."""
        return self.certain and self.plasticity is None

    def product(self, x: Floats, tick: int, y: Floats) -> None:
        """Write what ``x`` (rows, n_in) sends to ``y`` (rows, n_out); row r is read at ``tick + r``."""
        factor = None if self.plasticity is None else self.plasticity.factors(x, tick)
        if self.certain:
            np.matmul(x if factor is None else x * factor, self.weight, out=y)
            return

        def work(rows: slice) -> None:
            part, start = (
                np.empty((len(x[rows]), self.last.shape[1]), np.float32),
                np.uint64(tick + rows.start),
            )
            synapses = self.amplitude, self.last, self.keys, start, part
            if factor is None:
                kernels.release(x[rows], *synapses)
            else:
                short_term_plasticity.release_scaled(x[rows], factor[rows], *synapses)
            part.reshape(len(part), -1, y.shape[1]).sum(axis=1, out=y[rows])  # both synapses of a weight

        for_each(work, _slices(len(x), TILE), len(x) * self.last.size >= PARALLEL_FROM)

    def eligibility(self, x: Floats, tick: int, probe: Probe) -> ReleaseTrace:
        """What the synapses remember of reading ``x`` (rows, n_in) from ``tick`` on, as ``probe`` ordered it.

        Raises
        ------
        MismatchError
            If the probability of release is fixed: its events say nothing about the weight.
        """
        if self.score is None:
            raise MismatchError(
                "releases of fixed probability say nothing about weights: law = 'logistic' does"
            )
        return ReleaseTrace(self, self.score, x != 0, tick, probe)


@dataclass(frozen=True)
class ReleaseTrace:
    """Released less expected, of every synapse and row of a run (eq:eligibility).

    It holds what arrived and when; which synapses released is drawn again from that.
    """

    view: ReleaseView
    score: Floats
    arrived: NDArray[np.bool_]
    tick: int
    probe: Probe

    def correlate(self, credit: NDArray[np.floating]) -> Floats:
        """Sum of ``credit`` [pass, sample] times the score of every weight: (n_out, n_in)."""
        last, n_out = self.view.last, len(self.score)
        if self.view.certain:
            return np.zeros((n_out, len(last)), np.float32)
        found, rows = np.empty(last.shape, np.float32), np.empty(credit.size, np.float32)
        by_pass(rows, self.probe)[...] = credit

        def work(lines: slice) -> None:
            kernels.correlate(
                rows, self.arrived[:, lines], last[lines], self.view.keys, np.uint64(self.tick),
                found[lines], lines.start,
            )  # fmt: skip

        group = kernels.lines_in_group(last.shape[1])  # lines that share words stay together
        for_each(work, _slices(len(last), TILE // group * group), rows.size * last.size >= PARALLEL_FROM)
        if self.view.factor is not None:
            found *= self.view.factor
        excitatory, inhibitory = found[:, :n_out], found[:, n_out:]
        return ((excitatory - inhibitory) * self.score).T


class SynapseArray:
    """One layer's weights (n_in, n_out) on stochastic synapses; their parameters are digital.

    ``write`` moves a weight's parameter by what would move its mean by the update, were it
    undecided; a decided synapse moves less (eq:release-logistic).
    """

    block = 0  # ticks over which a view holds: until the next write

    def __init__(
        self,
        synapse: StochasticSynapse,
        weight: Floats,
        stream: Stream,
        headroom: float,
        plasticity: ShortTermPlasticity | None = None,
        period: float = 1.0,
    ) -> None:
        self.synapse = synapse
        largest = float(np.abs(weight).max(initial=0.0)) or 1.0
        self.weight_range = np.full(weight.shape[1], largest * headroom / synapse.reach, np.float32)
        self.writes = np.zeros(weight.shape, np.uint32)
        self._keys = np.array([stream.child(f"release/{k}").key for k in range(synapse.draws)], np.uint64)
        self.parameter = synapse.parameter_of(weight / self.weight_range).astype(np.float32)
        use = getattr(synapse, "probability", 1.0)
        self._plasticity = plasticity and ReleaseState(plasticity, use, len(weight), period)
        self._view = self._viewed()

    def view(self, tick: int) -> ReleaseView:
        """The synapses; which of them release is a matter of the read."""
        return self._view

    def write(self, delta: Floats, tick: int) -> int:
        """Add ``delta`` (n_in, n_out) in weight units; returns how many device writes it took: none."""
        moved = self.parameter + delta * np.float32(self.synapse.gain) / self.weight_range
        self.parameter = self.synapse.bounded(moved).astype(np.float32)
        self._view = self._viewed()
        return 0

    def state(self) -> dict[str, NDArray[Any]]:
        """The parameters (weights, or logits), and how tired the synapses are."""
        tired = self._plasticity.state() if self._plasticity else {}
        return {"parameter": self.parameter.copy(), **tired}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        self.parameter = np.array(state["parameter"], np.float32)
        if self._plasticity:
            self._plasticity.restore(state)
        self._view = self._viewed()

    def _viewed(self) -> ReleaseView:
        amplitude, probability = self.synapse.synapses(self.parameter)
        last = np.empty(probability.shape, np.uint32)
        kernels.fill_last(probability, last)
        mean = (amplitude * probability * self.synapse.draws).reshape(len(last), -1, len(self.weight_range))
        score = np.float32(self.synapse.gain) / self.weight_range if self.synapse.teaches else None
        factor = self.synapse.score_factor(probability)
        return ReleaseView(
            mean.sum(axis=1).astype(np.float32), amplitude.astype(np.float32), last, self._keys, score,
            self.synapse.release == "certain", self._plasticity,
            None if factor is None else factor.astype(np.float32),
        )  # fmt: skip


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
