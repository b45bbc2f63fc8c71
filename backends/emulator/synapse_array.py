"""Weights on synapses that release with a probability: every read is a draw, every synapse knows its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.release_state import ReleaseState
from hwnoise.backends.emulator.release_view import ReleaseView
from hwnoise.devices.stochastic_synapse import FixedRelease, StochasticSynapse
from hwnoise.kernels import stochastic_synapse as kernels
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]


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
        kind: Substrate | None = None,
    ) -> None:
        self.synapse, self._kind = synapse, kind
        largest = float(np.abs(weight).max(initial=0.0)) or 1.0
        self.weight_range = np.full(weight.shape[1], largest * headroom / synapse.reach, np.float32)
        self.writes = np.zeros(weight.shape, np.uint32)
        self._keys = np.array([stream.child(f"release/{k}").key for k in range(synapse.draws)], np.uint64)
        self.parameter = synapse.parameter_of(weight / self.weight_range).astype(np.float32)
        self._plasticity = self._release_state(len(weight))
        self._read_key, self._mismatch_key = stream.child("read").key, stream.child("mismatch").key
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
        if self._kind is not None and self._kind.mismatch is not None:
            uneven = self._kind.mismatch.factors(self._mismatch_key, (1, amplitude.size))
            amplitude = amplitude * uneven.reshape(amplitude.shape)
        mean = (amplitude * probability * self.synapse.draws).reshape(len(last), -1, len(self.weight_range))
        score = np.float32(self.synapse.gain) / self.weight_range if self.synapse.teaches else None
        factor = self.synapse.score_factor(probability)
        weight = mean.sum(axis=1).astype(np.float32)
        noise = None if self._kind is None else self._kind.read_noise
        return ReleaseView(
            weight, amplitude.astype(np.float32), last, self._keys, score,
            self.synapse.release == "certain", self._plasticity,
            None if factor is None else factor.astype(np.float32),
            None if noise is None else noise.variance_at(weight).astype(np.float32), self._read_key,
        )  # fmt: skip

    def _release_state(self, lines: int) -> ReleaseState | None:
        kind = self._kind
        if kind is None or kind.short_term_plasticity is None or not isinstance(self.synapse, FixedRelease):
            return None
        period, use = kind.clock.read_period, self.synapse.probability
        return ReleaseState(kind.short_term_plasticity, use, lines, period)
