"""Synapses between two writes: what they transmit, and what each remembers of its own releases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.read import PARALLEL_FROM, TILE
from hwnoise.backends.emulator.release_state import ReleaseState
from hwnoise.backends.emulator.rows import by_pass
from hwnoise.backends.emulator.threads import for_each
from hwnoise.errors import MismatchError
from hwnoise.kernels import read_noise, short_term_plasticity
from hwnoise.kernels import stochastic_synapse as kernels

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
    fresh : (n_in, n_out) float32, optional
        Variance of further noise that is new at every read.
    read_key : uint64
        Of that noise.
    lines : slice, optional
        The input lines of one row of tiles, which ``weight`` and ``fresh`` are then cut to.
    """

    weight: Floats
    amplitude: Floats
    last: NDArray[np.uint32]
    keys: NDArray[np.uint64]
    score: Floats | None
    certain: bool
    plasticity: ReleaseState | None = None
    factor: Floats | None = None
    fresh: Floats | None = None
    read_key: Any = None
    lines: slice | None = None

    @property
    def exact(self) -> bool:
        """Whether equal inputs give equal outputs."""
        return self.certain and self.plasticity is None and self.fresh is None

    def part(self, lines: slice, read_key: Any) -> ReleaseView:
        """The synapses of input ``lines``, read by an array of their own."""
        fresh = None if self.fresh is None else self.fresh[lines]
        return replace(self, weight=self.weight[lines], fresh=fresh, read_key=read_key, lines=lines)

    def product(self, x: Floats, tick: int, y: Floats) -> None:
        """Write what ``x`` (rows, n_in) sends to ``y`` (rows, n_out); row r is read at ``tick + r``."""
        everywhere = x
        if self.lines is not None:  # where a release is drawn depends on its place among all lines
            everywhere = np.zeros((len(x), len(self.last)), np.float32)
            everywhere[:, self.lines] = x
        factor = None if self.plasticity is None else self.plasticity.factors(everywhere, tick)
        if self.certain:
            sent = everywhere if factor is None else everywhere * factor
            np.matmul(sent if self.lines is None else sent[:, self.lines], self.weight, out=y)
        else:
            self._release(everywhere, factor, tick, y)
        if self.fresh is not None:
            variance = np.square(x) @ self.fresh
            read_noise.add_output_noise(self.read_key, np.uint64(tick), variance, y)

    def _release(self, x: Floats, factor: Floats | None, tick: int, y: Floats) -> None:
        """Write what synapses transmit that release or do not."""

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


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
