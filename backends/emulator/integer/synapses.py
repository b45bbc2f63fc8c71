"""Synapses of a digital chip: which kernel brings their spikes to the neurons, dense or event by event."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.threads import for_each, one_blas_thread, thread_count
from hwnoise.integers import IntegerSynapses
from hwnoise.kernels.loihi_convolution import add_convolution
from hwnoise.kernels.loihi_synapses import LANES, add_dense

Array = NDArray[Any]
BUSY = 0.2  # share of active inputs with payloads from which one matrix product is faster; measured, 784-128
EXACT = 2**24  # float32 counts exactly up to here
LINE = 64  # bytes of a cache line
WORTH_THREADS = 200_000  # synaptic operations


class Slot(NamedTuple):
    """Synapses of one delay: steps, weights input by input, and the power of two that their sums lack."""

    lag: int
    weight: Array
    exponent: int


class DenseSynapses:
    """Dense synapses, with a matrix for every delay that occurs (eq:loihi-sum, eq:loihi-delay)."""

    def __init__(self, spec: IntegerSynapses) -> None:
        self.spec = spec
        self.load(spec.weight)

    def load(self, weight: Array) -> None:
        """Put the integers ``weight`` (n_out, n_in) in the order in which spikes use them."""
        delay, graded = self.spec.delay, self.spec.message_bits > 0
        parts = (
            {0: weight} if delay is None else {k: np.where(delay == k, weight, 0) for k in np.unique(delay)}
        )
        shift = 0 if graded else _spare_bits(weight)
        self.slots = [
            Slot(int(lag), _columns(w, shift), self.spec.exponent + shift) for lag, w in parts.items()
        ]
        self._strongest = int(np.abs(weight).sum(axis=1, dtype=np.int64).max(initial=0))

    @property
    def delay(self) -> int:
        """The longest delay, in steps."""
        return self.slots[-1].lag

    @property
    def plain(self) -> Slot | None:
        """The one matrix of synapses without delays, whose spikes have no payload; else None."""
        return self.slots[0] if self.delay == 0 and self.spec.message_bits == 0 else None

    def bring(self, spikes: Array, current: Array) -> int:
        """Add what ``spikes`` (rows, steps, n_in) bring to ``current`` (rows, steps, n_out)."""
        return sum(self._bring(spikes, slot, current) for slot in self.slots)

    def bring_step(self, sent: Array, step: int, current: Array) -> int:
        """Add to ``current`` (rows, 1, n_out) what arrives of all that was ``sent`` up to ``step``."""
        graded, done = self.spec.message_bits > 0, 0
        for lag, weight, exponent in self.slots:
            now = np.ascontiguousarray(sent[:, step - lag : step - lag + 1])
            done += add_dense(now, weight, exponent, graded, 0, current)
        return done

    def _bring(self, spikes: Array, slot: Slot, current: Array) -> int:
        lag, weight, exponent = slot
        graded = self.spec.message_bits > 0
        active = np.count_nonzero(spikes) / spikes.size
        if lag == 0 and graded and active > BUSY and self._counts_exactly(spikes):
            self._multiply(spikes, slot, current)
        else:
            # without a delay every step is for itself, as a row is: more to share among threads
            given, taken = (a if lag else a.reshape(-1, 1, a.shape[2]) for a in (spikes, current))

            def work(rows: slice) -> None:
                add_dense(given[rows], weight, exponent, graded, lag, taken[rows])

            _over_rows(work, len(given), active * spikes.size * current.shape[2])
        return round(active * spikes.size) * int(current.shape[2])

    def _counts_exactly(self, spikes: Array) -> bool:
        largest = int(np.abs(spikes).max())
        return len(spikes) * spikes.shape[1] >= 16 and self._strongest * largest < EXACT

    def _multiply(self, spikes: Array, slot: Slot, current: Array) -> None:
        """As one matrix product of float32: all its sums are whole numbers below 2**24, hence exact."""
        columns = slot.weight[:, : current.shape[2]].astype(np.float32)
        with one_blas_thread():
            total = (spikes.astype(np.float32) @ columns).astype(np.int32)
        up, down = max(slot.exponent, 0), max(-slot.exponent, 0)
        current += (total << up) >> down


class FilterSynapses:
    """A convolution or pooling (eq:loihi-convolution)."""

    delay, plain = 0, None

    def __init__(self, spec: IntegerSynapses) -> None:
        self.spec = spec
        shape = spec.geometry
        self._in, self._out = tuple(shape["input_shape"]), tuple(shape["output_shape"])
        self._place = np.array([*shape["stride"], *shape["padding"], *shape["dilation"]], np.int32)
        self.load(spec.weight)

    def load(self, weight: Array) -> None:
        """Take the integers ``weight`` (out, in / groups, height, width)."""
        self._weight = np.ascontiguousarray(weight.transpose(1, 2, 3, 0), np.int32)

    def bring(self, spikes: Array, current: Array) -> int:
        """As ``DenseSynapses.bring``, on flattened images."""
        images = spikes.reshape(-1, *self._in)
        sums = current.reshape(-1, *self._out)
        groups, graded = int(self.spec.geometry["groups"]), self.spec.message_bits > 0

        def work(rows: slice) -> None:
            add_convolution(images[rows], self._weight, self._place, groups, graded, sums[rows])

        reach = self._weight[0].size  # synapses of one pixel, those beyond the edge included
        done = int(np.count_nonzero(images)) * int(reach) // groups
        _over_rows(work, len(images), done)
        return done

    def bring_step(self, sent: Array, step: int, current: Array) -> int:
        """As ``DenseSynapses.bring_step``."""
        return self.bring(np.ascontiguousarray(sent[:, step : step + 1]), current)


def make_synapses(spec: IntegerSynapses) -> DenseSynapses | FilterSynapses:
    """Return the synapses that ``spec`` describes."""
    return FilterSynapses(spec) if spec.geometry else DenseSynapses(spec)


def _spare_bits(weight: Array) -> int:
    """By how much weights can be shifted down without loss, if they then fit 8 bits; else 0."""
    used = int(np.bitwise_or.reduce(weight, axis=None))
    shift = (used & -used).bit_length() - 1 if used else 0
    return shift if _fits_a_byte(weight >> shift) else 0


def _fits_a_byte(weight: Array) -> bool:
    return bool(weight.min() >= -128 and weight.max() <= 127)


def _columns(weight: Array, shift: int) -> Array:
    """Input by input, as wide as whole vector registers, in as few bytes as they need."""
    n_out, n_in = weight.shape
    small = weight >> shift
    kind = np.dtype(np.int8 if _fits_a_byte(small) else np.int16)
    wide = _aligned(n_in, -(-n_out // LANES) * LANES, kind)
    wide[:, :n_out] = small.T
    return wide


def _aligned(rows: int, width: int, kind: np.dtype[Any]) -> Array:
    """Zeros (rows, width) that begin with a cache line, so that few loads take two."""
    room = np.zeros(rows * width * kind.itemsize + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + rows * width * kind.itemsize].view(kind).reshape(rows, width)


def _over_rows(work: Any, rows: int, operations: float) -> None:
    """Share rows among threads, where there is enough to do; each row is written by one thread."""
    size = -(-rows // thread_count())
    blocks = [slice(first, min(first + size, rows)) for first in range(0, rows, size)]
    for_each(work, blocks, operations > WORTH_THREADS)
