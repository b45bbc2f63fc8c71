"""Synapses of a digital chip that release at random: each transmits a spike, or does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.synapses import (
    WORTH_THREADS,
    DenseSynapses,
    FilterSynapses,
    Slot,
    make_synapses,
)
from hwnoise.backends.emulator.threads import for_each, thread_count
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.devices.stochastic_synapse import FixedRelease, StochasticSynapse
from hwnoise.errors import MismatchError
from hwnoise.integers import IntegerSynapses
from hwnoise.kernels.loihi_release import add_released
from hwnoise.kernels.stochastic_synapse import fill_last
from hwnoise.streams import Stream

Array = NDArray[Any]


@dataclass(frozen=True)
class Law:
    """When the synapses of one layer release, and how much more those transmit that do.

    Attributes
    ----------
    last : int
        Last random word that means release.
    lift : int
        Power of two that makes up for what is not released.
    keys : tuple of int
        One stream per event of a spike.
    """

    last: int
    lift: int
    keys: tuple[int, ...]


def law_of(synapse: StochasticSynapse | None, stream: Stream) -> Law | None:
    """Return what ``synapse`` says of the layer with this ``stream``; None where nothing is random."""
    if not isinstance(synapse, FixedRelease) or synapse.release == "certain":
        return None
    assert synapse.lift is not None, "a Substrate refuses other probabilities beside whole numbers"
    last = np.empty((1, 1), np.uint32)
    fill_last(np.full((1, 1), synapse.probability), last)
    keys = tuple(int(stream.child(f"release/{k}").key) for k in range(synapse.draws))
    return Law(int(last[0, 0]), synapse.lift, keys)


def room_for(chip: FixedPoint, synapse: StochasticSynapse | None) -> FixedPoint:
    """Return ``chip`` with exponents that leave room for the power of two that releases need."""
    lift = (synapse.lift or 0) if isinstance(synapse, FixedRelease) else 0
    low, high = chip.exponent_min + max(-lift, 0), chip.exponent_max - max(lift, 0)
    return chip.model_copy(update={"exponent_min": low, "exponent_max": high})


class ReleasingSynapses(DenseSynapses):
    """Dense synapses that release at random, each at every step by a draw of its own (eq:loihi-release)."""

    def __init__(self, spec: IntegerSynapses, law: Law) -> None:
        super().__init__(spec)
        self.law = law
        self._keys = np.array(law.keys, np.uint64)

    @property
    def plain(self) -> None:
        """None: every spike is drawn for."""

    def release(self, spikes: Array, ticks: Array, quiet: Array, current: Array) -> int:
        """Add what ``spikes`` (rows, before + steps, n_in) bring to ``current`` (rows, steps, n_out).

        ``before`` steps were sent earlier, and reach the neurons through delays. Step t of a row is
        tick ``ticks[row] + t``; ``quiet`` (rows, steps) says where every synapse transmits its mean.
        """
        before, steps = spikes.shape[1] - current.shape[1], current.shape[1]
        done = 0
        for slot in self.slots:
            start = before - slot.lag
            sent = np.ascontiguousarray(spikes[:, start : start + steps])
            done += self._release(sent, slot, ticks, quiet, current)
        return done

    def _release(self, sent: Array, slot: Slot, ticks: Array, quiet: Array, current: Array) -> int:
        graded, last = self.spec.message_bits > 0, np.uint32(self.law.last)
        exponents = slot.exponent, slot.exponent + self.law.lift
        size = -(-len(sent) // thread_count())
        blocks = [slice(first, first + size) for first in range(0, len(sent), size)]
        done: dict[int, int] = {}

        def work(rows: slice) -> None:
            done[rows.start] = add_released(
                sent[rows], slot.weight, exponents, last, self._keys, ticks[rows], quiet[rows],
                graded, current[rows],
            )  # fmt: skip

        for_each(work, blocks, np.count_nonzero(sent) * current.shape[2] > WORTH_THREADS)
        return sum(done.values())


def made_synapses(
    name: str, spec: IntegerSynapses, synapse: StochasticSynapse | None, stream: Stream
) -> DenseSynapses | FilterSynapses:
    """Return the synapses that ``spec`` describes, on a chip whose synapses release by ``synapse``.

    Raises
    ------
    MismatchError
        For a convolution that would release at random; a pooling has no synapses that could.
    """
    law = law_of(synapse, stream)
    if law is None or spec.is_relay:
        return make_synapses(spec)
    if spec.geometry:
        raise MismatchError(
            f"node {name!r} ({spec.geometry['kind']}): on a chip of whole numbers the synapses of dense "
            "layers release at random, and those of a convolution serve many places"
        )
    return ReleasingSynapses(spec, law)
